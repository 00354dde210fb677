-- step 1: rename table ticket_tags to ticket_labels
ALTER TABLE ticket_tags RENAME TO ticket_labels;

-- step 2: drop the references that lead to indexes that change
ALTER TABLE ticket DROP CONSTRAINT ticket_parent_id_fkey;
ALTER TABLE ticket DROP CONSTRAINT ticket_label_id_fkey;

-- step 3, outside a transaction: drop index label_org_id_id_shared_key
DROP INDEX CONCURRENTLY IF EXISTS label_org_id_id_shared_key;

-- step 4, outside a transaction: add index label_org_id_idx
DROP INDEX CONCURRENTLY IF EXISTS label_org_id_idx;
CREATE INDEX CONCURRENTLY label_org_id_idx ON label (org_id);

-- step 5, outside a transaction: drop index ticket_label_id_idx
DROP INDEX CONCURRENTLY IF EXISTS ticket_label_id_idx;

-- step 6: ticket: drop label_id; drop notes; drop version; change where parent_id leads; drop check ticket_must_not_free_check
ALTER TABLE ticket DROP CONSTRAINT ticket_notes_check;
ALTER TABLE ticket DROP CONSTRAINT ticket_must_not_free_check;
ALTER TABLE ticket DROP COLUMN label_id;
ALTER TABLE ticket DROP COLUMN notes;
ALTER TABLE ticket DROP COLUMN version;

-- step 7: ticket_labels: names of constraints and indexes
ALTER INDEX ticket_tags_label_id_idx RENAME TO ticket_labels_label_id_idx;
ALTER TABLE ticket_labels RENAME CONSTRAINT ticket_tags_pkey TO ticket_labels_pkey;
ALTER TABLE ticket_labels RENAME CONSTRAINT ticket_tags_ticket_id_fkey TO ticket_labels_ticket_id_fkey;
ALTER TABLE ticket_labels RENAME CONSTRAINT ticket_tags_label_id_fkey TO ticket_labels_label_id_fkey;

-- step 8, outside a transaction: drop index seat_org_id_place_key
DROP INDEX CONCURRENTLY IF EXISTS seat_org_id_place_key;

-- step 9, outside a transaction: drop index seat_org_id_idx
DROP INDEX CONCURRENTLY IF EXISTS seat_org_id_idx;

-- step 10: seat: add note again, with its values from the retained table; drop deleted_at; drop index seat_org_id_place_key; drop index seat_org_id_idx
ALTER TABLE seat DROP COLUMN deleted_at;
ALTER TABLE seat RENAME COLUMN backwright_retained_20300101000000_seat_note TO note;
ALTER TABLE seat ADD CONSTRAINT seat_note_check CHECK (char_length(note) <= 65535) NOT VALID;

-- step 11: seat: every row is seen to satisfy seat_note_check
ALTER TABLE seat VALIDATE CONSTRAINT seat_note_check;

-- step 12, outside a transaction: index of seat_pkey
DROP INDEX CONCURRENTLY IF EXISTS seat_pkey;
CREATE UNIQUE INDEX CONCURRENTLY seat_pkey ON seat (org_id, place);

-- step 13: seat: it is the primary key
ALTER TABLE seat ADD CONSTRAINT seat_pkey PRIMARY KEY USING INDEX seat_pkey;

-- step 14: add the references that waited for what they lead to
ALTER TABLE ticket ADD CONSTRAINT ticket_parent_id_fkey FOREIGN KEY (org_id, parent_id) REFERENCES ticket (org_id, number) ON DELETE RESTRICT NOT VALID;

-- step 15: every row is seen to satisfy them
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_parent_id_fkey;
