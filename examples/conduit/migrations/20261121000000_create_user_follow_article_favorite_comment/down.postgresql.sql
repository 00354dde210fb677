-- step 1: drop comment
DROP TABLE comment;

-- step 2: drop favorite
DROP TABLE favorite;

-- step 3: drop article
DROP TABLE article;

-- step 4: drop follow
DROP TABLE follow;

-- step 5: drop user
DROP TABLE "user";
