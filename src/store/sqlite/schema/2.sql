-- Pairs have further states: suspended, broken, held, unpaired.

-- How far the daily look at the known pairs has come; by this machine's clock.
ALTER TABLE sync_state ADD COLUMN patrol_begun TEXT;
ALTER TABLE sync_state ADD COLUMN patrol_after TEXT;
-- As many pairs as there should be: if there are fewer, somebody else removed some.
ALTER TABLE sync_state ADD COLUMN pairs INTEGER NOT NULL DEFAULT 0;
UPDATE sync_state SET pairs = (SELECT count(*) FROM jira_mapping);

-- Customers' files that need not be copied any more. copy_id: the copy; NULL for a file that is left where it is.
CREATE TABLE attachments (
    file_id       TEXT PRIMARY KEY NOT NULL,
    user_issue_id TEXT NOT NULL,
    copy_id       TEXT,
    created_at    TEXT NOT NULL
);
CREATE INDEX attachments_by_issue ON attachments (user_issue_id);

-- What was done, when, and about which issue; bounded by age. fields: a JSON object.
CREATE TABLE history (
    number    INTEGER PRIMARY KEY,
    at        TEXT NOT NULL,
    issue_id  TEXT NOT NULL,
    issue_key TEXT NOT NULL,
    level     TEXT NOT NULL,
    event     TEXT,
    message   TEXT NOT NULL,
    fields    TEXT NOT NULL -- JSON
);
CREATE INDEX history_by_issue ON history (issue_id, at);
CREATE INDEX history_by_age ON history (at);
