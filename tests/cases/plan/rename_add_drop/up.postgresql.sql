-- step 1: no row stands in the way, or nothing is begun
CREATE TABLE backwright_in_the_way (
    reason text,
    found bigint CONSTRAINT no_row_stands_in_the_way CHECK (found = 0)
);
INSERT INTO backwright_in_the_way
SELECT 'shelf: char_length(label) >= 1 AND char_length(label) <= 60', count(*)
FROM shelf
WHERE NOT (char_length(label) >= 1 AND char_length(label) <= 60);
DROP TABLE backwright_in_the_way;

-- step 2: shelf: change label
ALTER TABLE shelf DROP CONSTRAINT shelf_label_check;
ALTER TABLE shelf ADD CONSTRAINT shelf_label_check CHECK (char_length(label) >= 1 AND char_length(label) <= 60) NOT VALID;

-- step 3: shelf: every row is seen to satisfy shelf_label_check
ALTER TABLE shelf VALIDATE CONSTRAINT shelf_label_check;

-- step 4, outside a transaction: drop index item_shelf_id_idx
DROP INDEX CONCURRENTLY IF EXISTS item_shelf_id_idx;

-- step 5: item: rename due to deadline; add priority; drop note, keeping its values in backwright_retained_20300101000000_item_note; drop index item_shelf_id_idx; add index item_shelf_id_deadline_idx
ALTER TABLE item RENAME COLUMN due TO deadline;
ALTER TABLE item DROP CONSTRAINT item_note_check;
ALTER TABLE item RENAME COLUMN note TO backwright_retained_20300101000000_item_note;
ALTER TABLE item ADD COLUMN priority bigint DEFAULT 5 NOT NULL;
ALTER TABLE item ADD CONSTRAINT item_priority_check CHECK (priority >= 0 AND priority <= 9) NOT VALID;

-- step 6: item: every row is seen to satisfy item_priority_check
ALTER TABLE item VALIDATE CONSTRAINT item_priority_check;

-- step 7, outside a transaction: add index item_shelf_id_deadline_idx
DROP INDEX CONCURRENTLY IF EXISTS item_shelf_id_deadline_idx;
CREATE INDEX CONCURRENTLY item_shelf_id_deadline_idx ON item (shelf_id, deadline DESC NULLS LAST);
