-- step 1: drop clipping; drop draft; drop editor
DROP TABLE clipping;
DROP TABLE draft;
DROP TABLE editor;
