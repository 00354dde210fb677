-- step 1: drop appointment; drop patient_audit; drop patient; drop person
DROP TABLE appointment;
DROP TABLE patient_audit;
DROP TABLE patient;
DROP TABLE person;
