-- User issues whose dev issue could not be read when the pair was taken over: deleted or hidden, nobody knows. As long as
-- they are in no pair, no other is created for them.
CREATE TABLE missing_dev_issues (
    user_issue_id  TEXT PRIMARY KEY NOT NULL,
    user_issue_key TEXT NOT NULL,
    dev_issue_key  TEXT NOT NULL,
    created_at     TEXT NOT NULL
);
CREATE INDEX missing_dev_issues_by_number ON missing_dev_issues (length(user_issue_id), user_issue_id);
