-- step 1: shelf: change label
CREATE TABLE backwright_new_shelf (
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    CONSTRAINT shelf_pkey PRIMARY KEY (id),
    CONSTRAINT shelf_label_check CHECK (length(label) >= 1 AND length(label) <= 40)
) STRICT;
INSERT INTO backwright_new_shelf (id, label)
SELECT
    stored.id,
    stored.label
FROM shelf AS stored;
DROP TABLE shelf;
ALTER TABLE backwright_new_shelf RENAME TO shelf;
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;

-- step 2: item: rename deadline to due; add note again, with its values from the retained table; drop priority; drop index item_shelf_id_deadline_idx; add index item_shelf_id_idx
CREATE TABLE backwright_new_item (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    due TEXT,
    note TEXT,
    shelf_id TEXT NOT NULL,
    CONSTRAINT item_pkey PRIMARY KEY (id),
    CONSTRAINT item_title_check CHECK (length(title) >= 1 AND length(title) <= 80),
    CONSTRAINT item_note_check CHECK (length(note) <= 65535),
    CONSTRAINT item_shelf_id_fkey FOREIGN KEY (shelf_id) REFERENCES shelf (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_item (id, title, due, note, shelf_id)
SELECT
    stored.id,
    stored.title,
    stored.deadline,
    kept_1.note,
    stored.shelf_id
FROM item AS stored
LEFT JOIN backwright_retained_20300101000000_item_note AS kept_1 ON kept_1.id = stored.id;
DROP TABLE item;
ALTER TABLE backwright_new_item RENAME TO item;
CREATE INDEX item_shelf_id_idx ON item (shelf_id);
DROP TABLE backwright_retained_20300101000000_item_note;
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
