-- step 1: create editor
CREATE TABLE editor (
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    password text COLLATE "C" NOT NULL,
    CONSTRAINT editor_pkey PRIMARY KEY (id),
    CONSTRAINT editor_email_check CHECK (char_length(email) <= 254)
);
CREATE UNIQUE INDEX editor_email_key ON editor (email);

-- step 2: create draft
CREATE TABLE draft (
    id uuid NOT NULL,
    headline text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    editor_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT draft_pkey PRIMARY KEY (id),
    CONSTRAINT draft_headline_check CHECK (char_length(headline) >= 1 AND char_length(headline) <= 120),
    CONSTRAINT draft_body_check CHECK (char_length(body) <= 20000),
    CONSTRAINT draft_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES editor (id) ON DELETE RESTRICT
);
CREATE INDEX draft_editor_id_created_at_idx ON draft (editor_id, created_at DESC);

-- step 3: create clipping
CREATE TABLE clipping (
    id uuid NOT NULL,
    draft_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    CONSTRAINT clipping_pkey PRIMARY KEY (id),
    CONSTRAINT clipping_name_check CHECK (char_length(name) <= 255),
    CONSTRAINT clipping_size_check CHECK (size >= 0),
    CONSTRAINT clipping_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES draft (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX clipping_draft_id_name_key ON clipping (draft_id, name);
