-- step 1: drop todo
DROP TABLE todo;

-- step 2: drop user
DROP TABLE "user";
