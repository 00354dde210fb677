SET lock_timeout = '3s';
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'kind') THEN
    CREATE TYPE kind AS ENUM ('sail', 'motor');
  END IF;
EXCEPTION WHEN duplicate_object THEN
  UPDATE settings SET seen = true WHERE id = 1;
END $$;
