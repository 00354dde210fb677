SET lock_timeout = '3s';
DO $$ BEGIN EXECUTE format('TRUNCATE %I', 'boat'); END $$;
