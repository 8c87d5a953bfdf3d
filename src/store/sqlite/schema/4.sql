-- The projects that the flow served when it last began, by their ids. JSON; NULL before the first start that knew them.
ALTER TABLE sync_state ADD COLUMN projects TEXT;
