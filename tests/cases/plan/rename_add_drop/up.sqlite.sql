-- step 1: no row stands in the way, or nothing is begun
CREATE TABLE backwright_in_the_way (
    reason text,
    found integer CONSTRAINT no_row_stands_in_the_way CHECK (found = 0)
);
INSERT INTO backwright_in_the_way
SELECT 'shelf: length(label) >= 1 AND length(label) <= 60', count(*)
FROM shelf
WHERE NOT (length(label) >= 1 AND length(label) <= 60);
DROP TABLE backwright_in_the_way;

-- step 2: shelf: change label
CREATE TABLE backwright_new_shelf (
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    CONSTRAINT shelf_pkey PRIMARY KEY (id),
    CONSTRAINT shelf_label_check CHECK (length(label) >= 1 AND length(label) <= 60)
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

-- step 3: item: rename due to deadline; add priority; drop note, keeping its values in backwright_retained_20300101000000_item_note; drop index item_shelf_id_idx; add index item_shelf_id_deadline_idx
CREATE TABLE backwright_retained_20300101000000_item_note (
    id TEXT,
    note TEXT,
    PRIMARY KEY (id)
) STRICT;
INSERT INTO backwright_retained_20300101000000_item_note (id, note)
SELECT id, note
FROM item;
CREATE TABLE backwright_new_item (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    deadline TEXT,
    priority INTEGER DEFAULT 5 NOT NULL,
    shelf_id TEXT NOT NULL,
    CONSTRAINT item_pkey PRIMARY KEY (id),
    CONSTRAINT item_title_check CHECK (length(title) >= 1 AND length(title) <= 80),
    CONSTRAINT item_priority_check CHECK (priority >= 0 AND priority <= 9),
    CONSTRAINT item_shelf_id_fkey FOREIGN KEY (shelf_id) REFERENCES shelf (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_item (id, title, deadline, priority, shelf_id)
SELECT
    stored.id,
    stored.title,
    stored.due,
    5,
    stored.shelf_id
FROM item AS stored;
DROP TABLE item;
ALTER TABLE backwright_new_item RENAME TO item;
CREATE INDEX item_shelf_id_deadline_idx ON item (shelf_id, deadline DESC);
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
