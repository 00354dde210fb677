-- step 1: no row stands in the way, or nothing is begun
CREATE TABLE backwright_in_the_way (
    reason text,
    found bigint CONSTRAINT no_row_stands_in_the_way CHECK (found = 0)
);
INSERT INTO backwright_in_the_way
SELECT 'ticket: price > 0', count(*)
FROM ticket
WHERE NOT (price > 0);
DROP TABLE backwright_in_the_way;

-- step 2: rename table ticket_labels to ticket_tags
ALTER TABLE ticket_labels RENAME TO ticket_tags;

-- step 3: drop the references that lead to indexes that change
ALTER TABLE ticket DROP CONSTRAINT ticket_parent_id_fkey;

-- step 4, outside a transaction: drop index label_org_id_idx
DROP INDEX CONCURRENTLY IF EXISTS label_org_id_idx;

-- step 5, outside a transaction: add index label_org_id_id_shared_key
DROP INDEX CONCURRENTLY IF EXISTS label_org_id_id_shared_key;
CREATE UNIQUE INDEX CONCURRENTLY label_org_id_id_shared_key ON label (org_id, id);

-- step 6: ticket: add label_id; add notes; add version; change where parent_id leads; add check ticket_must_not_free_check; add index ticket_label_id_idx
ALTER TABLE ticket ADD COLUMN label_id uuid;
ALTER TABLE ticket ADD COLUMN notes text[] COLLATE "C" DEFAULT '{}' NOT NULL;
ALTER TABLE ticket ADD COLUMN version bigint DEFAULT 1 NOT NULL;
ALTER TABLE ticket ALTER COLUMN version DROP DEFAULT;
ALTER TABLE ticket ADD CONSTRAINT ticket_notes_check CHECK (cardinality(notes) <= 100) NOT VALID;
ALTER TABLE ticket ADD CONSTRAINT ticket_must_not_free_check CHECK (price > 0) NOT VALID;
COMMENT ON CONSTRAINT ticket_must_not_free_check ON ticket IS 'price > 0';

-- step 7: ticket: every row is seen to satisfy ticket_notes_check, ticket_must_not_free_check
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_notes_check;
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_must_not_free_check;

-- step 8, outside a transaction: add index ticket_label_id_idx
DROP INDEX CONCURRENTLY IF EXISTS ticket_label_id_idx;
CREATE INDEX CONCURRENTLY ticket_label_id_idx ON ticket (label_id ASC NULLS FIRST);

-- step 9: ticket_tags: names of constraints and indexes
ALTER INDEX ticket_labels_label_id_idx RENAME TO ticket_tags_label_id_idx;
ALTER TABLE ticket_tags RENAME CONSTRAINT ticket_labels_pkey TO ticket_tags_pkey;
ALTER TABLE ticket_tags RENAME CONSTRAINT ticket_labels_ticket_id_fkey TO ticket_tags_ticket_id_fkey;
ALTER TABLE ticket_tags RENAME CONSTRAINT ticket_labels_label_id_fkey TO ticket_tags_label_id_fkey;

-- step 10: seat: add deleted_at; drop note, keeping its values in backwright_retained_20300101000000_seat_note; add index seat_org_id_place_key; add index seat_org_id_idx
ALTER TABLE seat DROP CONSTRAINT seat_pkey;
ALTER TABLE seat DROP CONSTRAINT seat_note_check;
ALTER TABLE seat RENAME COLUMN note TO backwright_retained_20300101000000_seat_note;
ALTER TABLE seat ADD COLUMN deleted_at timestamp with time zone;

-- step 11, outside a transaction: add index seat_org_id_place_key
DROP INDEX CONCURRENTLY IF EXISTS seat_org_id_place_key;
CREATE UNIQUE INDEX CONCURRENTLY seat_org_id_place_key ON seat (org_id, place) WHERE deleted_at IS NULL;

-- step 12, outside a transaction: add index seat_org_id_idx
DROP INDEX CONCURRENTLY IF EXISTS seat_org_id_idx;
CREATE INDEX CONCURRENTLY seat_org_id_idx ON seat (org_id);

-- step 13: add the references that waited for what they lead to
ALTER TABLE ticket ADD CONSTRAINT ticket_parent_id_fkey FOREIGN KEY (org_id, parent_id) REFERENCES ticket (org_id, number) ON DELETE SET NULL (parent_id) NOT VALID;
ALTER TABLE ticket ADD CONSTRAINT ticket_label_id_fkey FOREIGN KEY (org_id, label_id) REFERENCES label (org_id, id) ON DELETE RESTRICT NOT VALID;

-- step 14: every row is seen to satisfy them
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_parent_id_fkey;
ALTER TABLE ticket VALIDATE CONSTRAINT ticket_label_id_fkey;
