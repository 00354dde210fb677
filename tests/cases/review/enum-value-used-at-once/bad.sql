BEGIN;
ALTER TYPE mood ADD VALUE 'sad';
UPDATE people SET mood = 'sad' WHERE id = 1;
COMMIT;
