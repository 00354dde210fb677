SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN a timestamptz NOT NULL DEFAULT now(), ADD COLUMN b numeric(10, 2) DEFAULT 0 NOT NULL, ADD c text DEFAULT 'gen_random_uuid()';
ALTER TABLE orders ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
