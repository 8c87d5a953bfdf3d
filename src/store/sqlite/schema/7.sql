-- Searches that ended before all that Jira counts was shown: a JSON document.
ALTER TABLE sync_state ADD COLUMN shortfalls TEXT;
