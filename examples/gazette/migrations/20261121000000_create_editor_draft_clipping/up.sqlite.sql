-- step 1: create editor
CREATE TABLE editor (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT NOT NULL,
    CONSTRAINT editor_pkey PRIMARY KEY (id),
    CONSTRAINT editor_email_check CHECK (length(email) <= 254)
) STRICT;
CREATE UNIQUE INDEX editor_email_key ON editor (email);

-- step 2: create draft
CREATE TABLE draft (
    id TEXT NOT NULL,
    headline TEXT NOT NULL,
    body TEXT NOT NULL,
    editor_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT draft_pkey PRIMARY KEY (id),
    CONSTRAINT draft_headline_check CHECK (length(headline) >= 1 AND length(headline) <= 120),
    CONSTRAINT draft_body_check CHECK (length(body) <= 20000),
    CONSTRAINT draft_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES editor (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX draft_editor_id_created_at_idx ON draft (editor_id, created_at DESC);

-- step 3: create clipping
CREATE TABLE clipping (
    id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    CONSTRAINT clipping_pkey PRIMARY KEY (id),
    CONSTRAINT clipping_name_check CHECK (length(name) <= 255),
    CONSTRAINT clipping_size_check CHECK (size >= 0),
    CONSTRAINT clipping_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES draft (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX clipping_draft_id_name_key ON clipping (draft_id, name);
