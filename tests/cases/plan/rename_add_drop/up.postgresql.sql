-- step 1: shelf: change label
ALTER TABLE shelf DROP CONSTRAINT shelf_label_check;
ALTER TABLE shelf ADD CONSTRAINT shelf_label_check CHECK (char_length(label) >= 1 AND char_length(label) <= 60);

-- step 2: item: rename due to deadline; add priority; drop note, keeping its values in backwright_retained_20300101000000_item_note; drop index item_shelf_id_idx; add index item_shelf_id_deadline_idx
CREATE TABLE backwright_retained_20300101000000_item_note (
    id uuid,
    note text COLLATE "C",
    PRIMARY KEY (id)
);
INSERT INTO backwright_retained_20300101000000_item_note (id, note)
SELECT id, note
FROM item;
ALTER TABLE item RENAME COLUMN due TO deadline;
DROP INDEX item_shelf_id_idx;
ALTER TABLE item DROP CONSTRAINT item_note_check;
ALTER TABLE item DROP COLUMN note;
ALTER TABLE item ADD COLUMN priority bigint DEFAULT 5 NOT NULL;
ALTER TABLE item ADD CONSTRAINT item_priority_check CHECK (priority >= 0 AND priority <= 9);
CREATE INDEX item_shelf_id_deadline_idx ON item (shelf_id, deadline DESC NULLS LAST);
