-- step 1: rename table ticket_tags to ticket_labels; label: drop index label_org_id_id_shared_key; add index label_org_id_idx; ticket: drop label_id; drop notes; drop version; change where parent_id leads; drop check ticket_must_not_free_check; ticket_labels: names of constraints and indexes; seat: add note again, with its values from the retained table; drop deleted_at; drop index seat_org_id_place_key; drop index seat_org_id_idx
ALTER TABLE ticket_tags RENAME TO ticket_labels;
DROP INDEX label_org_id_id_shared_key;
CREATE INDEX label_org_id_idx ON label (org_id);
CREATE TABLE backwright_new_ticket (
    number INTEGER NOT NULL CONSTRAINT ticket_pkey PRIMARY KEY AUTOINCREMENT,
    org_id TEXT NOT NULL,
    title TEXT NOT NULL,
    price INTEGER NOT NULL,
    parent_id INTEGER,
    CONSTRAINT ticket_title_check CHECK (length(title) >= 1 AND length(title) <= 80),
    CONSTRAINT ticket_price_check CHECK (price >= 0 AND price <= 999999999999999999),
    CONSTRAINT ticket_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT ticket_parent_id_fkey FOREIGN KEY (org_id, parent_id) REFERENCES ticket (org_id, number) ON DELETE NO ACTION
) STRICT;
INSERT INTO backwright_new_ticket (number, org_id, title, price, parent_id)
SELECT
    stored.number,
    stored.org_id,
    stored.title,
    stored.price,
    stored.parent_id
FROM ticket AS stored;
DELETE FROM sqlite_sequence WHERE name = 'backwright_new_ticket';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'backwright_new_ticket', seq
FROM sqlite_sequence WHERE name = 'ticket';
DROP TABLE ticket;
ALTER TABLE backwright_new_ticket RENAME TO ticket;
CREATE UNIQUE INDEX ticket_org_id_number_shared_key ON ticket (org_id, number);
CREATE INDEX ticket_parent_id_idx ON ticket (parent_id);
CREATE TABLE backwright_new_ticket_labels (
    ticket_id INTEGER NOT NULL,
    label_id TEXT NOT NULL,
    CONSTRAINT ticket_labels_pkey PRIMARY KEY (ticket_id, label_id),
    CONSTRAINT ticket_labels_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket (number) ON DELETE CASCADE,
    CONSTRAINT ticket_labels_label_id_fkey FOREIGN KEY (label_id) REFERENCES label (id) ON DELETE CASCADE
) STRICT;
INSERT INTO backwright_new_ticket_labels (ticket_id, label_id)
SELECT
    stored.ticket_id,
    stored.label_id
FROM ticket_labels AS stored;
DROP TABLE ticket_labels;
ALTER TABLE backwright_new_ticket_labels RENAME TO ticket_labels;
CREATE INDEX ticket_labels_label_id_idx ON ticket_labels (label_id);
CREATE TABLE backwright_new_seat (
    org_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    note TEXT,
    CONSTRAINT seat_pkey PRIMARY KEY (org_id, place),
    CONSTRAINT seat_note_check CHECK (length(note) <= 65535),
    CONSTRAINT seat_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_seat (org_id, place, note)
SELECT
    stored.org_id,
    stored.place,
    kept_1.note
FROM seat AS stored
LEFT JOIN backwright_retained_20300101000000_seat_note AS kept_1 ON kept_1.org_id = stored.org_id AND kept_1.place = stored.place;
DROP TABLE seat;
ALTER TABLE backwright_new_seat RENAME TO seat;
DROP TABLE backwright_retained_20300101000000_seat_note;
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
