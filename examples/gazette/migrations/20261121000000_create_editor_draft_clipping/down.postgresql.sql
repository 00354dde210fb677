-- step 1: drop clipping
DROP TABLE clipping;

-- step 2: drop draft
DROP TABLE draft;

-- step 3: drop editor
DROP TABLE editor;
