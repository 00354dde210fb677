-- step 1: order: rename amount to total; drop currency
CREATE TABLE backwright_new_order (
    id TEXT NOT NULL,
    total INTEGER NOT NULL,
    owner_id TEXT NOT NULL,
    CONSTRAINT order_pkey PRIMARY KEY (id),
    CONSTRAINT order_total_check CHECK (total >= 0 AND total <= 999999999999999999),
    CONSTRAINT order_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES "user" (id) ON DELETE RESTRICT
) STRICT;
INSERT INTO backwright_new_order (id, total, owner_id)
SELECT
    stored.id,
    stored.amount,
    stored.owner_id
FROM "order" AS stored;
DROP TABLE "order";
ALTER TABLE backwright_new_order RENAME TO "order";
CREATE INDEX order_owner_id_idx ON "order" (owner_id);
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
