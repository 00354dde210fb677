-- step 1: create member; create board; create thread; create watch; create post
CREATE TABLE member (
    id TEXT NOT NULL,
    nick TEXT NOT NULL,
    password TEXT NOT NULL,
    about TEXT,
    avatar BLOB,
    avatar_type TEXT,
    moderator INTEGER DEFAULT 0 NOT NULL,
    joined TEXT NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (id),
    CONSTRAINT member_nick_check CHECK (length(nick) >= 2 AND length(nick) <= 30),
    CONSTRAINT member_about_check CHECK (length(about) <= 2000),
    CONSTRAINT member_avatar_check CHECK (length(avatar) <= 262144),
    CONSTRAINT member_avatar_type_check CHECK (length(avatar_type) <= 255),
    CONSTRAINT member_moderator_check CHECK (moderator IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX member_nick_key ON member (nick);
CREATE TABLE board (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    hidden INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT board_pkey PRIMARY KEY (name),
    CONSTRAINT board_name_check CHECK (length(name) <= 255),
    CONSTRAINT board_title_check CHECK (length(title) <= 80),
    CONSTRAINT board_hidden_check CHECK (hidden IN (0, 1))
) STRICT;
CREATE TABLE thread (
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    board_id TEXT NOT NULL,
    author_id TEXT NOT NULL,
    opened TEXT NOT NULL,
    locked INTEGER DEFAULT 0 NOT NULL,
    pinned INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT thread_pkey PRIMARY KEY (id),
    CONSTRAINT thread_title_check CHECK (length(title) >= 3 AND length(title) <= 120),
    CONSTRAINT thread_locked_check CHECK (locked IN (0, 1)),
    CONSTRAINT thread_pinned_check CHECK (pinned IN (0, 1)),
    CONSTRAINT thread_board_id_fkey FOREIGN KEY (board_id) REFERENCES board (name) ON DELETE RESTRICT,
    CONSTRAINT thread_author_id_fkey FOREIGN KEY (author_id) REFERENCES member (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX thread_slug_key ON thread (slug);
CREATE INDEX thread_board_id_idx ON thread (board_id);
CREATE INDEX thread_author_id_idx ON thread (author_id);
CREATE TABLE watch (
    thread_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    CONSTRAINT watch_pkey PRIMARY KEY (thread_id, member_id),
    CONSTRAINT watch_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES thread (id) ON DELETE CASCADE,
    CONSTRAINT watch_member_id_fkey FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX watch_member_id_idx ON watch (member_id);
CREATE TABLE post (
    number INTEGER NOT NULL CONSTRAINT post_pkey PRIMARY KEY AUTOINCREMENT,
    thread_id TEXT NOT NULL,
    answers_id INTEGER,
    author_id TEXT NOT NULL,
    text TEXT NOT NULL,
    written TEXT NOT NULL,
    edited TEXT,
    deleted_at TEXT,
    CONSTRAINT post_text_check CHECK (length(text) >= 1 AND length(text) <= 20000),
    CONSTRAINT post_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES thread (id) ON DELETE CASCADE,
    CONSTRAINT post_answers_id_fkey FOREIGN KEY (answers_id) REFERENCES post (number) ON DELETE SET NULL,
    CONSTRAINT post_thread_id_answers_id_fkey FOREIGN KEY (thread_id, answers_id) REFERENCES post (thread_id, number) ON DELETE NO ACTION,
    CONSTRAINT post_author_id_fkey FOREIGN KEY (author_id) REFERENCES member (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX post_thread_id_number_shared_key ON post (thread_id, number);
CREATE INDEX post_answers_id_idx ON post (answers_id);
CREATE INDEX post_author_id_idx ON post (author_id);
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
