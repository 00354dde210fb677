-- step 1: drop appointment
DROP TABLE appointment;

-- step 2: drop patient_audit
DROP TABLE patient_audit;

-- step 3: drop patient
DROP TABLE patient;

-- step 4: drop person
DROP TABLE person;
