-- A complete file of layout 1, as the first version left it (`sqlite3 FILE .dump`).
PRAGMA journal_mode = WAL;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE dev_project_issue_state (
    issue_id     TEXT PRIMARY KEY NOT NULL,
    issue_key    TEXT NOT NULL,
    status       TEXT NOT NULL,
    status_id    TEXT NOT NULL,
    seen_updated TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);
INSERT INTO "dev_project_issue_state" VALUES('20001','DEV-A-7','Closed','6','2024-05-01T09:00:00.000Z','2024-05-01T10:00:00.000Z');
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
INSERT INTO "failures" VALUES('user','9999','USER-A-0',2,'2024-05-01T10:05:00.000Z','jira said 500','2024-05-01T10:00:00.000Z','2024-05-01T10:00:00.000Z','2024-05-01T09:30:00.000Z',NULL);
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
INSERT INTO "intents" VALUES(3,'i-1','dev','20001','mirror','{"version":"1","id":"i-1","kind":"mirror","rule":"closed","source":"dev","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"transition":{"side":"user","from":{"id":"3","name":"In Progress"},"to":"Resolved"}},{"comment":{"text":"Fixed in ${sourceKey}"}}],"cursor":1,"doubt":{"sent_by":"2024-01-01T00:00:00.000Z","first_absent":null},"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":{"status":{"id":"6","name":"Closed"},"updated":"2024-01-01T00:00:00.002Z"}}','2024-05-01T10:00:00.000Z','2024-05-01T10:00:00.000Z');
CREATE TABLE jira_mapping (
    user_issue_id  TEXT NOT NULL UNIQUE,
    dev_issue_id   TEXT NOT NULL UNIQUE,
    user_issue_key TEXT NOT NULL,
    dev_issue_key  TEXT NOT NULL,
    origin         TEXT NOT NULL,
    state          TEXT NOT NULL,
    created_at     TEXT NOT NULL
);
INSERT INTO "jira_mapping" VALUES('9999','20000','USER-A-0','DEV-A-0','adopted','active','2024-05-01T10:00:00.000Z');
INSERT INTO "jira_mapping" VALUES('10001','20001','USER-A-1','DEV-A-7','created','active','2024-05-01T10:00:00.000Z');
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
INSERT INTO "sync_state" VALUES('sync-ab','2024-05-01T09:59:00.000Z',1,NULL,'2024-04-01T00:00:00.000Z',1,41,7,'2024-04-01T00:00:00.000Z','2024-05-01T10:00:00.000Z');
CREATE TABLE user_project_issue_state (
    issue_id     TEXT PRIMARY KEY NOT NULL,
    issue_key    TEXT NOT NULL,
    status       TEXT NOT NULL,
    status_id    TEXT NOT NULL,
    seen_updated TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);
INSERT INTO "user_project_issue_state" VALUES('10001','USER-A-1','Will Do','10100','2024-05-01T09:00:00.000Z','2024-05-01T10:00:00.000Z');
CREATE INDEX jira_mapping_newest_user ON jira_mapping (length(user_issue_id), user_issue_id);
CREATE INDEX jira_mapping_newest_dev ON jira_mapping (length(dev_issue_id), dev_issue_id);
CREATE INDEX user_project_issue_state_newest ON user_project_issue_state (length(issue_id), issue_id);
CREATE INDEX dev_project_issue_state_newest ON dev_project_issue_state (length(issue_id), issue_id);
COMMIT;
