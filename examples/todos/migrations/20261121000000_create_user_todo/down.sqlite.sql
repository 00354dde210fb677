-- step 1: drop todo; drop user
DROP TABLE todo;
DROP TABLE "user";
