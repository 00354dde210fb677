-- step 1: create account
CREATE TABLE account (
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    password text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (id),
    CONSTRAINT account_email_check CHECK (char_length(email) <= 254),
    CONSTRAINT account_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 80)
);
CREATE UNIQUE INDEX account_email_key ON account (email);

-- step 2: create org
CREATE TABLE org (
    id uuid NOT NULL,
    handle text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    CONSTRAINT org_pkey PRIMARY KEY (id),
    CONSTRAINT org_handle_check CHECK (char_length(handle) <= 255),
    CONSTRAINT org_name_check CHECK (char_length(name) <= 100)
);
CREATE UNIQUE INDEX org_handle_key ON org (handle);

-- step 3: create member
CREATE TABLE member (
    org_id uuid NOT NULL,
    account_id uuid NOT NULL,
    role text COLLATE "C" DEFAULT 'member' NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (org_id, account_id),
    CONSTRAINT member_role_check CHECK (role IN ('owner', 'admin', 'member', 'guest')),
    CONSTRAINT member_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT member_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
);
CREATE INDEX member_account_id_idx ON member (account_id);

-- step 4: create invitation
CREATE TABLE invitation (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    role text COLLATE "C" DEFAULT 'member' NOT NULL,
    secret text COLLATE "C" NOT NULL,
    invited_by_id uuid NOT NULL,
    expires timestamp with time zone NOT NULL,
    accepted timestamp with time zone,
    CONSTRAINT invitation_pkey PRIMARY KEY (id),
    CONSTRAINT invitation_email_check CHECK (char_length(email) <= 254),
    CONSTRAINT invitation_role_check CHECK (role IN ('admin', 'member', 'guest')),
    CONSTRAINT invitation_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT invitation_invited_by_id_fkey FOREIGN KEY (invited_by_id) REFERENCES account (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX invitation_secret_key ON invitation (secret);
CREATE INDEX invitation_org_id_idx ON invitation (org_id);
CREATE INDEX invitation_invited_by_id_idx ON invitation (invited_by_id);

-- step 5: create label
CREATE TABLE label (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    color text COLLATE "C" DEFAULT '#888888' NOT NULL,
    CONSTRAINT label_pkey PRIMARY KEY (id),
    CONSTRAINT label_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 30),
    CONSTRAINT label_color_check CHECK (char_length(color) <= 255),
    CONSTRAINT label_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX label_org_id_name_key ON label (org_id, name);

-- step 6: create task
CREATE TABLE task (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    number bigint NOT NULL,
    title text COLLATE "C" NOT NULL,
    text text COLLATE "C" DEFAULT '' NOT NULL,
    assignee_id uuid,
    reporter_id uuid NOT NULL,
    blocked_by_id uuid,
    hours numeric(18,1),
    due date,
    done_at timestamp with time zone,
    state text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT task_pkey PRIMARY KEY (id),
    CONSTRAINT task_title_check CHECK (char_length(title) >= 1 AND char_length(title) <= 200),
    CONSTRAINT task_text_check CHECK (char_length(text) <= 10000),
    CONSTRAINT task_hours_check CHECK (hours >= 0 AND hours <= 1000),
    CONSTRAINT task_state_check CHECK (state IN ('open', 'doing', 'review', 'done')),
    CONSTRAINT task_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT task_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES account (id) ON DELETE SET NULL,
    CONSTRAINT task_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES account (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX task_org_id_number_key ON task (org_id, number);
CREATE INDEX task_org_id_state_due_idx ON task (org_id, state, due ASC NULLS FIRST);
CREATE UNIQUE INDEX task_org_id_id_shared_key ON task (org_id, id);
CREATE INDEX task_assignee_id_idx ON task (assignee_id ASC NULLS FIRST);
CREATE INDEX task_reporter_id_idx ON task (reporter_id);
CREATE INDEX task_blocked_by_id_idx ON task (blocked_by_id ASC NULLS FIRST);

-- step 7: create task_audit
CREATE TABLE task_audit (
    id uuid NOT NULL,
    "row" text COLLATE "C" NOT NULL,
    "action" text COLLATE "C" NOT NULL,
    at timestamp with time zone NOT NULL,
    caller_id uuid,
    operation text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    "before" jsonb,
    "after" jsonb,
    org_id uuid NOT NULL,
    CONSTRAINT task_audit_pkey PRIMARY KEY (id),
    CONSTRAINT task_audit_row_check CHECK (char_length("row") <= 255),
    CONSTRAINT task_audit_action_check CHECK ("action" IN ('created', 'updated', 'deleted')),
    CONSTRAINT task_audit_operation_check CHECK (char_length(operation) <= 255),
    CONSTRAINT task_audit_request_id_check CHECK (char_length(request_id) <= 255),
    CONSTRAINT task_audit_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES account (id) ON DELETE SET NULL,
    CONSTRAINT task_audit_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE
);
CREATE INDEX task_audit_caller_id_idx ON task_audit (caller_id ASC NULLS FIRST);
CREATE INDEX task_audit_org_id_idx ON task_audit (org_id);

-- step 8: create task_labels
CREATE TABLE task_labels (
    task_id uuid NOT NULL,
    label_id uuid NOT NULL,
    CONSTRAINT task_labels_pkey PRIMARY KEY (task_id, label_id),
    CONSTRAINT task_labels_task_id_fkey FOREIGN KEY (task_id) REFERENCES task (id) ON DELETE CASCADE,
    CONSTRAINT task_labels_label_id_fkey FOREIGN KEY (label_id) REFERENCES label (id) ON DELETE CASCADE
);
CREATE INDEX task_labels_label_id_idx ON task_labels (label_id);

-- step 9: add the references that waited for what they lead to
ALTER TABLE task ADD CONSTRAINT task_blocked_by_id_fkey FOREIGN KEY (org_id, blocked_by_id) REFERENCES task (org_id, id) ON DELETE SET NULL (blocked_by_id);
