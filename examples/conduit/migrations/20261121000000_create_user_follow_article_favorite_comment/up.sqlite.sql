-- step 1: create user
CREATE TABLE "user" (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    bio TEXT DEFAULT '' NOT NULL,
    image TEXT DEFAULT '' NOT NULL,
    CONSTRAINT user_pkey PRIMARY KEY (id),
    CONSTRAINT user_email_check CHECK (length(email) <= 254),
    CONSTRAINT user_username_check CHECK (length(username) >= 1 AND length(username) <= 50),
    CONSTRAINT user_bio_check CHECK (length(bio) <= 65535),
    CONSTRAINT user_image_check CHECK (length(image) <= 2000)
) STRICT;
CREATE UNIQUE INDEX user_email_key ON "user" (email);
CREATE UNIQUE INDEX user_username_key ON "user" (username);

-- step 2: create follow
CREATE TABLE follow (
    follower_id TEXT NOT NULL,
    followed_id TEXT NOT NULL,
    CONSTRAINT follow_pkey PRIMARY KEY (follower_id, followed_id),
    CONSTRAINT follow_follower_id_fkey FOREIGN KEY (follower_id) REFERENCES "user" (id) ON DELETE CASCADE,
    CONSTRAINT follow_followed_id_fkey FOREIGN KEY (followed_id) REFERENCES "user" (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX follow_followed_id_idx ON follow (followed_id);

-- step 3: create article
CREATE TABLE article (
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT DEFAULT '[]' NOT NULL,
    author_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT article_pkey PRIMARY KEY (id),
    CONSTRAINT article_title_check CHECK (length(title) >= 1 AND length(title) <= 200),
    CONSTRAINT article_description_check CHECK (length(description) >= 1 AND length(description) <= 1000),
    CONSTRAINT article_body_check CHECK (length(body) >= 1 AND length(body) <= 65535),
    CONSTRAINT article_tags_check CHECK (json_array_length(tags) <= 20),
    CONSTRAINT article_author_id_fkey FOREIGN KEY (author_id) REFERENCES "user" (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX article_slug_key ON article (slug);
CREATE INDEX article_created_at_idx ON article (created_at DESC);
CREATE INDEX article_author_id_created_at_idx ON article (author_id, created_at DESC);

-- step 4: create favorite
CREATE TABLE favorite (
    article_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    CONSTRAINT favorite_pkey PRIMARY KEY (article_id, user_id),
    CONSTRAINT favorite_article_id_fkey FOREIGN KEY (article_id) REFERENCES article (id) ON DELETE CASCADE,
    CONSTRAINT favorite_user_id_fkey FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX favorite_user_id_idx ON favorite (user_id);

-- step 5: create comment
CREATE TABLE comment (
    id INTEGER NOT NULL CONSTRAINT comment_pkey PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    article_id TEXT NOT NULL,
    author_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT comment_body_check CHECK (length(body) >= 1 AND length(body) <= 10000),
    CONSTRAINT comment_article_id_fkey FOREIGN KEY (article_id) REFERENCES article (id) ON DELETE CASCADE,
    CONSTRAINT comment_author_id_fkey FOREIGN KEY (author_id) REFERENCES "user" (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX comment_article_id_idx ON comment (article_id);
CREATE INDEX comment_author_id_idx ON comment (author_id);
