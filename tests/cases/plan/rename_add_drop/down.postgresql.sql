-- step 1: shelf: change label
ALTER TABLE shelf DROP CONSTRAINT shelf_label_check;
ALTER TABLE shelf ADD CONSTRAINT shelf_label_check CHECK (char_length(label) >= 1 AND char_length(label) <= 40) NOT VALID;

-- step 2: shelf: every row is seen to satisfy shelf_label_check
ALTER TABLE shelf VALIDATE CONSTRAINT shelf_label_check;

-- step 3, outside a transaction: drop index item_shelf_id_deadline_idx
DROP INDEX CONCURRENTLY IF EXISTS item_shelf_id_deadline_idx;

-- step 4: item: rename deadline to due; add note again, with its values from the retained table; drop priority; drop index item_shelf_id_deadline_idx; add index item_shelf_id_idx
ALTER TABLE item RENAME COLUMN deadline TO due;
ALTER TABLE item DROP CONSTRAINT item_priority_check;
ALTER TABLE item DROP COLUMN priority;
ALTER TABLE item RENAME COLUMN backwright_retained_20300101000000_item_note TO note;
ALTER TABLE item ADD CONSTRAINT item_note_check CHECK (char_length(note) <= 65535) NOT VALID;

-- step 5: item: every row is seen to satisfy item_note_check
ALTER TABLE item VALIDATE CONSTRAINT item_note_check;

-- step 6, outside a transaction: add index item_shelf_id_idx
DROP INDEX CONCURRENTLY IF EXISTS item_shelf_id_idx;
CREATE INDEX CONCURRENTLY item_shelf_id_idx ON item (shelf_id);
