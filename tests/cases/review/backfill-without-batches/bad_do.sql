SET lock_timeout = '3s';
DO $$
DECLARE n integer;
BEGIN
  SELECT count(*) INTO n FROM boat;
  IF n > 0 THEN
    UPDATE boat SET name = trim(name);
  END IF;
END $$;
