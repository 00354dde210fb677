-- step 1: create person
CREATE TABLE person (
    id TEXT NOT NULL,
    login TEXT NOT NULL,
    password TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT DEFAULT 'patient' NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (id),
    CONSTRAINT person_login_check CHECK (length(login) >= 3 AND length(login) <= 40),
    CONSTRAINT person_name_check CHECK (length(name) >= 1 AND length(name) <= 100),
    CONSTRAINT person_role_check CHECK (role IN ('patient', 'nurse', 'doctor', 'clerk'))
) STRICT;
CREATE UNIQUE INDEX person_login_key ON person (login);

-- step 2: create patient
CREATE TABLE patient (
    id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    born TEXT NOT NULL,
    insurance_number TEXT NOT NULL,
    allergies TEXT DEFAULT '[]' NOT NULL,
    diagnosis TEXT,
    doctor_id TEXT,
    version INTEGER NOT NULL,
    deleted_at TEXT,
    CONSTRAINT patient_pkey PRIMARY KEY (id),
    CONSTRAINT patient_allergies_check CHECK (json_array_length(allergies) <= 30),
    CONSTRAINT patient_diagnosis_check CHECK (length(diagnosis) <= 65535),
    CONSTRAINT patient_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id) ON DELETE RESTRICT,
    CONSTRAINT patient_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES person (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX patient_person_id_key ON patient (person_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX patient_insurance_number_key ON patient (insurance_number) WHERE deleted_at IS NULL;
CREATE INDEX patient_person_id_idx ON patient (person_id);
CREATE INDEX patient_doctor_id_idx ON patient (doctor_id);

-- step 3: create patient_audit
CREATE TABLE patient_audit (
    id TEXT NOT NULL,
    "row" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    at TEXT NOT NULL,
    caller_id TEXT,
    operation TEXT NOT NULL,
    request_id TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    CONSTRAINT patient_audit_pkey PRIMARY KEY (id),
    CONSTRAINT patient_audit_row_check CHECK (length("row") <= 255),
    CONSTRAINT patient_audit_action_check CHECK ("action" IN ('created', 'updated', 'deleted')),
    CONSTRAINT patient_audit_operation_check CHECK (length(operation) <= 255),
    CONSTRAINT patient_audit_request_id_check CHECK (length(request_id) <= 255),
    CONSTRAINT patient_audit_before_check CHECK (json_valid(coalesce("before", 'null'))),
    CONSTRAINT patient_audit_after_check CHECK (json_valid(coalesce("after", 'null'))),
    CONSTRAINT patient_audit_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES person (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX patient_audit_caller_id_idx ON patient_audit (caller_id);

-- step 4: create appointment
CREATE TABLE appointment (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    doctor_id TEXT NOT NULL,
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    fee INTEGER DEFAULT 0 NOT NULL,
    status TEXT NOT NULL,
    CONSTRAINT appointment_pkey PRIMARY KEY (id),
    CONSTRAINT appointment_fee_check CHECK (fee >= -999999999999999999 AND fee <= 999999999999999999),
    CONSTRAINT appointment_status_check CHECK (status IN ('booked', 'arrived', 'done', 'cancelled')),
    CONSTRAINT appointment_must_in_order_check CHECK (starts < ends),
    CONSTRAINT appointment_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient (id) ON DELETE CASCADE,
    CONSTRAINT appointment_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES person (id) ON DELETE RESTRICT
) STRICT;
CREATE UNIQUE INDEX appointment_doctor_id_starts_key ON appointment (doctor_id, starts);
CREATE INDEX appointment_patient_id_idx ON appointment (patient_id);
