-- step 1: create user
CREATE TABLE "user" (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT NOT NULL,
    CONSTRAINT user_pkey PRIMARY KEY (id),
    CONSTRAINT user_email_check CHECK (length(email) <= 254)
) STRICT;
CREATE UNIQUE INDEX user_email_key ON "user" (email);

-- step 2: create todo
CREATE TABLE todo (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    done INTEGER DEFAULT 0 NOT NULL,
    due TEXT,
    owner_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT todo_pkey PRIMARY KEY (id),
    CONSTRAINT todo_title_check CHECK (length(title) >= 1 AND length(title) <= 200),
    CONSTRAINT todo_done_check CHECK (done IN (0, 1)),
    CONSTRAINT todo_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES "user" (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX todo_owner_id_created_at_idx ON todo (owner_id, created_at DESC);
