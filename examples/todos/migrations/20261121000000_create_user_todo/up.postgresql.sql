-- step 1: create user
CREATE TABLE "user" (
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    password text COLLATE "C" NOT NULL,
    CONSTRAINT user_pkey PRIMARY KEY (id),
    CONSTRAINT user_email_check CHECK (char_length(email) <= 254)
);
CREATE UNIQUE INDEX user_email_key ON "user" (email);

-- step 2: create todo
CREATE TABLE todo (
    id uuid NOT NULL,
    title text COLLATE "C" NOT NULL,
    done boolean DEFAULT false NOT NULL,
    due date,
    owner_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT todo_pkey PRIMARY KEY (id),
    CONSTRAINT todo_title_check CHECK (char_length(title) >= 1 AND char_length(title) <= 200),
    CONSTRAINT todo_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES "user" (id) ON DELETE RESTRICT
);
CREATE INDEX todo_owner_id_created_at_idx ON todo (owner_id, created_at DESC);
