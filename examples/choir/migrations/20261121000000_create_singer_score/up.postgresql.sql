-- step 1: create singer
CREATE TABLE singer (
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    password text COLLATE "C" NOT NULL,
    CONSTRAINT singer_pkey PRIMARY KEY (id),
    CONSTRAINT singer_email_check CHECK (char_length(email) <= 254)
);
CREATE UNIQUE INDEX singer_email_key ON singer (email);

-- step 2: create score
CREATE TABLE score (
    id uuid NOT NULL,
    title text COLLATE "C" NOT NULL,
    words text COLLATE "C" NOT NULL,
    word_count bigint DEFAULT 0 NOT NULL,
    singer_id uuid NOT NULL,
    CONSTRAINT score_pkey PRIMARY KEY (id),
    CONSTRAINT score_title_check CHECK (char_length(title) <= 80),
    CONSTRAINT score_words_check CHECK (char_length(words) <= 10000),
    CONSTRAINT score_word_count_check CHECK (word_count >= 0),
    CONSTRAINT score_singer_id_fkey FOREIGN KEY (singer_id) REFERENCES singer (id) ON DELETE RESTRICT
);
CREATE INDEX score_singer_id_title_idx ON score (singer_id, title);
