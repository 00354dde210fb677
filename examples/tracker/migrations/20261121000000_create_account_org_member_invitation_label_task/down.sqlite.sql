-- step 1: drop task_labels; drop task_audit; drop task; drop label; drop invitation; drop member; drop org; drop account
DROP TABLE task_labels;
DROP TABLE task_audit;
DROP TABLE task;
DROP TABLE label;
DROP TABLE invitation;
DROP TABLE member;
DROP TABLE org;
DROP TABLE account;
