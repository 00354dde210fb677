SELECT set_config('lock_timeout', '2s', false);
ALTER TABLE orders ADD COLUMN note text;
