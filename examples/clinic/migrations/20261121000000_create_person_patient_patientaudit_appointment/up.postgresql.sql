-- step 1: create person
CREATE TABLE person (
    id uuid NOT NULL,
    login text COLLATE "C" NOT NULL,
    password text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    role text COLLATE "C" DEFAULT 'patient' NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (id),
    CONSTRAINT person_login_check CHECK (char_length(login) >= 3 AND char_length(login) <= 40),
    CONSTRAINT person_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 100),
    CONSTRAINT person_role_check CHECK (role IN ('patient', 'nurse', 'doctor', 'clerk'))
);
CREATE UNIQUE INDEX person_login_key ON person (login);

-- step 2: create patient
CREATE TABLE patient (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    born date NOT NULL,
    insurance_number text COLLATE "C" NOT NULL,
    allergies text[] COLLATE "C" DEFAULT '{}' NOT NULL,
    diagnosis text COLLATE "C",
    doctor_id uuid,
    version bigint NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT patient_pkey PRIMARY KEY (id),
    CONSTRAINT patient_allergies_check CHECK (cardinality(allergies) <= 30),
    CONSTRAINT patient_diagnosis_check CHECK (char_length(diagnosis) <= 65535),
    CONSTRAINT patient_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id) ON DELETE RESTRICT,
    CONSTRAINT patient_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES person (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX patient_person_id_key ON patient (person_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX patient_insurance_number_key ON patient (insurance_number) WHERE deleted_at IS NULL;
CREATE INDEX patient_person_id_idx ON patient (person_id);
CREATE INDEX patient_doctor_id_idx ON patient (doctor_id ASC NULLS FIRST);

-- step 3: create patient_audit
CREATE TABLE patient_audit (
    id uuid NOT NULL,
    "row" text COLLATE "C" NOT NULL,
    "action" text COLLATE "C" NOT NULL,
    at timestamp with time zone NOT NULL,
    caller_id uuid,
    operation text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    "before" jsonb,
    "after" jsonb,
    CONSTRAINT patient_audit_pkey PRIMARY KEY (id),
    CONSTRAINT patient_audit_row_check CHECK (char_length("row") <= 255),
    CONSTRAINT patient_audit_action_check CHECK ("action" IN ('created', 'updated', 'deleted')),
    CONSTRAINT patient_audit_operation_check CHECK (char_length(operation) <= 255),
    CONSTRAINT patient_audit_request_id_check CHECK (char_length(request_id) <= 255),
    CONSTRAINT patient_audit_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES person (id) ON DELETE SET NULL
);
CREATE INDEX patient_audit_caller_id_idx ON patient_audit (caller_id ASC NULLS FIRST);

-- step 4: create appointment
CREATE TABLE appointment (
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    fee numeric(18,2) DEFAULT 0.00 NOT NULL,
    status text COLLATE "C" NOT NULL,
    CONSTRAINT appointment_pkey PRIMARY KEY (id),
    CONSTRAINT appointment_status_check CHECK (status IN ('booked', 'arrived', 'done', 'cancelled')),
    CONSTRAINT appointment_must_in_order_check CHECK (starts < ends),
    CONSTRAINT appointment_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient (id) ON DELETE CASCADE,
    CONSTRAINT appointment_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES person (id) ON DELETE RESTRICT
);
COMMENT ON CONSTRAINT appointment_must_in_order_check ON appointment IS 'starts < ends';
CREATE UNIQUE INDEX appointment_doctor_id_starts_key ON appointment (doctor_id, starts);
CREATE INDEX appointment_patient_id_idx ON appointment (patient_id);
