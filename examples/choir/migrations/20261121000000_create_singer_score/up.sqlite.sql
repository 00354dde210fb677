-- step 1: create singer
CREATE TABLE singer (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT NOT NULL,
    CONSTRAINT singer_pkey PRIMARY KEY (id),
    CONSTRAINT singer_email_check CHECK (length(email) <= 254)
) STRICT;
CREATE UNIQUE INDEX singer_email_key ON singer (email);

-- step 2: create score
CREATE TABLE score (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    word_count INTEGER DEFAULT 0 NOT NULL,
    singer_id TEXT NOT NULL,
    CONSTRAINT score_pkey PRIMARY KEY (id),
    CONSTRAINT score_title_check CHECK (length(title) <= 80),
    CONSTRAINT score_words_check CHECK (length(words) <= 10000),
    CONSTRAINT score_word_count_check CHECK (word_count >= 0),
    CONSTRAINT score_singer_id_fkey FOREIGN KEY (singer_id) REFERENCES singer (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX score_singer_id_title_idx ON score (singer_id, title);
