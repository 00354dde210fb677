-- step 1: drop task_labels
DROP TABLE task_labels;

-- step 2: drop task_audit
DROP TABLE task_audit;

-- step 3: drop task
DROP TABLE task;

-- step 4: drop label
DROP TABLE label;

-- step 5: drop invitation
DROP TABLE invitation;

-- step 6: drop member
DROP TABLE member;

-- step 7: drop org
DROP TABLE org;

-- step 8: drop account
DROP TABLE account;
