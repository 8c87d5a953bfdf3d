-- Whether issues were seen that name others under addresses which are not known as the site's: then it proves nothing that
-- every mark was seen.
ALTER TABLE sync_state ADD COLUMN named_elsewhere INTEGER NOT NULL DEFAULT 0;
