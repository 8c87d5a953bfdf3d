-- Until when Jira asked the flow's account to wait; NULL since the last commit.
ALTER TABLE sync_state ADD COLUMN held_until TEXT;
