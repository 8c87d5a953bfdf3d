-- Ids are the real keys: they last, while keys change when an issue moves. Ids are texts of digits; ordered by length
-- and then by text they are in the order of their numbers, however large. Times are RFC 3339 in UTC with milliseconds:
-- created_at, updated_at and next_try by this machine's clock, all others by Jira's.

-- How far the flow has come; one row, of the flow's name.
CREATE TABLE sync_state (
    name                   TEXT PRIMARY KEY NOT NULL,
    last_sync              TEXT,
    initial_sync_completed INTEGER,
    cursor                 TEXT, -- JSON
    started_at             TEXT,
    all_read               INTEGER NOT NULL DEFAULT 0,
    revision               INTEGER NOT NULL,
    epoch                  INTEGER NOT NULL,
    created_at             TEXT NOT NULL,
    updated_at             TEXT
);

-- Which issues belong together. origin: created, adopted. state: active.
CREATE TABLE jira_mapping (
    user_issue_id  TEXT NOT NULL UNIQUE,
    dev_issue_id   TEXT NOT NULL UNIQUE,
    user_issue_key TEXT NOT NULL,
    dev_issue_key  TEXT NOT NULL,
    origin         TEXT NOT NULL,
    state          TEXT NOT NULL,
    created_at     TEXT NOT NULL
);
CREATE INDEX jira_mapping_newest_user ON jira_mapping (length(user_issue_id), user_issue_id);
CREATE INDEX jira_mapping_newest_dev ON jira_mapping (length(dev_issue_id), dev_issue_id);

-- What was handled of each issue. seen_updated: Jira's "updated" of the read by which it was.
CREATE TABLE user_project_issue_state (
    issue_id     TEXT PRIMARY KEY NOT NULL,
    issue_key    TEXT NOT NULL,
    status       TEXT NOT NULL,
    status_id    TEXT NOT NULL,
    seen_updated TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);
CREATE INDEX user_project_issue_state_newest ON user_project_issue_state (length(issue_id), issue_id);

CREATE TABLE dev_project_issue_state (
    issue_id     TEXT PRIMARY KEY NOT NULL,
    issue_key    TEXT NOT NULL,
    status       TEXT NOT NULL,
    status_id    TEXT NOT NULL,
    seen_updated TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);
CREATE INDEX dev_project_issue_state_newest ON dev_project_issue_state (length(issue_id), issue_id);

-- Writes to Jira in hand, in the order in which they were begun.
CREATE TABLE intents (
    number          INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    source_side     TEXT NOT NULL,
    source_issue_id TEXT NOT NULL,
    kind            TEXT NOT NULL,
    document        TEXT NOT NULL, -- JSON
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (source_side, source_issue_id, kind)
);

-- Issues that failed and are to be tried again. seen_updated: Jira's "updated" of what failed. unseen_since: from when on
-- the past of an issue that was never handled is looked at.
CREATE TABLE failures (
    side         TEXT NOT NULL,
    issue_id     TEXT NOT NULL,
    issue_key    TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    next_try     TEXT NOT NULL,
    why          TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    seen_updated TEXT,
    unseen_since TEXT,
    PRIMARY KEY (side, issue_id)
);
