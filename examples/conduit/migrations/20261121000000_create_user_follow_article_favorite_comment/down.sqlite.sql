-- step 1: drop comment; drop favorite; drop article; drop follow; drop user
DROP TABLE comment;
DROP TABLE favorite;
DROP TABLE article;
DROP TABLE follow;
DROP TABLE "user";
