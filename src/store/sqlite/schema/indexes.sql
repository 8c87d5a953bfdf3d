-- Failures that are due, by time; and those whose next try is later than it can have been put off to.
CREATE INDEX IF NOT EXISTS failures_by_time ON failures (next_try, side, issue_id);
CREATE INDEX IF NOT EXISTS failures_by_attempts ON failures (attempts, next_try);
-- Dev issues that could never be read.
CREATE INDEX IF NOT EXISTS failures_unseen ON failures (side, unseen_since);
