SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN status text;
ALTER TABLE orders ADD COLUMN kind text NOT NULL DEFAULT 'a';
ALTER TABLE orders ADD COLUMN x text CHECK (x IS NULL OR x <> '');
