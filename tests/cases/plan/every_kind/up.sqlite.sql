-- step 1: no row stands in the way, or nothing is begun; rename table ticket_labels to ticket_tags; label: drop index label_org_id_idx; add index label_org_id_id_shared_key; ticket: add label_id; add notes; add version; change where parent_id leads; add check ticket_must_not_free_check; add index ticket_label_id_idx; ticket_tags: names of constraints and indexes; seat: add deleted_at; drop note, keeping its values in backwright_retained_20300101000000_seat_note; add index seat_org_id_place_key; add index seat_org_id_idx
CREATE TABLE backwright_in_the_way (
    reason text,
    found integer CONSTRAINT no_row_stands_in_the_way CHECK (found = 0)
);
INSERT INTO backwright_in_the_way
SELECT 'ticket: price > 0', count(*)
FROM ticket
WHERE NOT (price > 0);
DROP TABLE backwright_in_the_way;
ALTER TABLE ticket_labels RENAME TO ticket_tags;
DROP INDEX label_org_id_idx;
CREATE UNIQUE INDEX label_org_id_id_shared_key ON label (org_id, id);
CREATE TABLE backwright_new_ticket (
    number INTEGER NOT NULL CONSTRAINT ticket_pkey PRIMARY KEY AUTOINCREMENT,
    org_id TEXT NOT NULL,
    title TEXT NOT NULL,
    price INTEGER NOT NULL,
    parent_id INTEGER,
    label_id TEXT,
    notes TEXT DEFAULT '[]' NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT ticket_title_check CHECK (length(title) >= 1 AND length(title) <= 80),
    CONSTRAINT ticket_price_check CHECK (price >= 0 AND price <= 999999999999999999),
    CONSTRAINT ticket_notes_check CHECK (json_array_length(notes) <= 100),
    CONSTRAINT ticket_must_not_free_check CHECK (price > 0),
    CONSTRAINT ticket_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT ticket_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES ticket (number) ON DELETE SET NULL,
    CONSTRAINT ticket_org_id_parent_id_fkey FOREIGN KEY (org_id, parent_id) REFERENCES ticket (org_id, number) ON DELETE NO ACTION,
    CONSTRAINT ticket_label_id_fkey FOREIGN KEY (org_id, label_id) REFERENCES label (org_id, id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_ticket (number, org_id, title, price, parent_id, label_id, notes, version)
SELECT
    stored.number,
    stored.org_id,
    stored.title,
    stored.price,
    stored.parent_id,
    NULL,
    '[]',
    1
FROM ticket AS stored;
DELETE FROM sqlite_sequence WHERE name = 'backwright_new_ticket';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'backwright_new_ticket', seq
FROM sqlite_sequence WHERE name = 'ticket';
DROP TABLE ticket;
ALTER TABLE backwright_new_ticket RENAME TO ticket;
CREATE UNIQUE INDEX ticket_org_id_number_shared_key ON ticket (org_id, number);
CREATE INDEX ticket_parent_id_idx ON ticket (parent_id);
CREATE INDEX ticket_label_id_idx ON ticket (label_id);
CREATE TABLE backwright_new_ticket_tags (
    ticket_id INTEGER NOT NULL,
    label_id TEXT NOT NULL,
    CONSTRAINT ticket_tags_pkey PRIMARY KEY (ticket_id, label_id),
    CONSTRAINT ticket_tags_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket (number) ON DELETE CASCADE,
    CONSTRAINT ticket_tags_label_id_fkey FOREIGN KEY (label_id) REFERENCES label (id) ON DELETE CASCADE
) STRICT;
INSERT INTO backwright_new_ticket_tags (ticket_id, label_id)
SELECT
    stored.ticket_id,
    stored.label_id
FROM ticket_tags AS stored;
DROP TABLE ticket_tags;
ALTER TABLE backwright_new_ticket_tags RENAME TO ticket_tags;
CREATE INDEX ticket_tags_label_id_idx ON ticket_tags (label_id);
CREATE TABLE backwright_retained_20300101000000_seat_note (
    org_id TEXT,
    place INTEGER,
    note TEXT,
    PRIMARY KEY (org_id, place)
) STRICT;
INSERT INTO backwright_retained_20300101000000_seat_note (org_id, place, note)
SELECT org_id, place, note
FROM seat;
CREATE TABLE backwright_new_seat (
    org_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    deleted_at TEXT,
    CONSTRAINT seat_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_seat (org_id, place, deleted_at)
SELECT
    stored.org_id,
    stored.place,
    NULL
FROM seat AS stored;
DROP TABLE seat;
ALTER TABLE backwright_new_seat RENAME TO seat;
CREATE UNIQUE INDEX seat_org_id_place_key ON seat (org_id, place) WHERE deleted_at IS NULL;
CREATE INDEX seat_org_id_idx ON seat (org_id);
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
