-- step 1: create account; create org; create member; create invitation; create label; create task; create task_audit; create task_labels
CREATE TABLE account (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (id),
    CONSTRAINT account_email_check CHECK (length(email) <= 254),
    CONSTRAINT account_name_check CHECK (length(name) >= 1 AND length(name) <= 80)
) STRICT;
CREATE UNIQUE INDEX account_email_key ON account (email);
CREATE TABLE org (
    id TEXT NOT NULL,
    handle TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT org_pkey PRIMARY KEY (id),
    CONSTRAINT org_handle_check CHECK (length(handle) <= 255),
    CONSTRAINT org_name_check CHECK (length(name) <= 100)
) STRICT;
CREATE UNIQUE INDEX org_handle_key ON org (handle);
CREATE TABLE member (
    org_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    role TEXT DEFAULT 'member' NOT NULL,
    since TEXT NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (org_id, account_id),
    CONSTRAINT member_role_check CHECK (role IN ('owner', 'admin', 'member', 'guest')),
    CONSTRAINT member_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT member_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX member_account_id_idx ON member (account_id);
CREATE TABLE invitation (
    id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT DEFAULT 'member' NOT NULL,
    secret TEXT NOT NULL,
    invited_by_id TEXT NOT NULL,
    expires TEXT NOT NULL,
    accepted TEXT,
    CONSTRAINT invitation_pkey PRIMARY KEY (id),
    CONSTRAINT invitation_email_check CHECK (length(email) <= 254),
    CONSTRAINT invitation_role_check CHECK (role IN ('admin', 'member', 'guest')),
    CONSTRAINT invitation_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT invitation_invited_by_id_fkey FOREIGN KEY (invited_by_id) REFERENCES account (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX invitation_secret_key ON invitation (secret);
CREATE INDEX invitation_org_id_idx ON invitation (org_id);
CREATE INDEX invitation_invited_by_id_idx ON invitation (invited_by_id);
CREATE TABLE label (
    id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT DEFAULT '#888888' NOT NULL,
    CONSTRAINT label_pkey PRIMARY KEY (id),
    CONSTRAINT label_name_check CHECK (length(name) >= 1 AND length(name) <= 30),
    CONSTRAINT label_color_check CHECK (length(color) <= 255),
    CONSTRAINT label_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX label_org_id_name_key ON label (org_id, name);
CREATE TABLE task (
    id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT DEFAULT '' NOT NULL,
    assignee_id TEXT,
    reporter_id TEXT NOT NULL,
    blocked_by_id TEXT,
    hours INTEGER,
    due TEXT,
    done_at TEXT,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT task_pkey PRIMARY KEY (id),
    CONSTRAINT task_title_check CHECK (length(title) >= 1 AND length(title) <= 200),
    CONSTRAINT task_text_check CHECK (length(text) <= 10000),
    CONSTRAINT task_hours_check CHECK (hours >= 0 AND hours <= 10000),
    CONSTRAINT task_state_check CHECK (state IN ('open', 'doing', 'review', 'done')),
    CONSTRAINT task_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE,
    CONSTRAINT task_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES account (id) ON DELETE SET NULL,
    CONSTRAINT task_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT task_blocked_by_id_fkey FOREIGN KEY (blocked_by_id) REFERENCES task (id) ON DELETE SET NULL,
    CONSTRAINT task_org_id_blocked_by_id_fkey FOREIGN KEY (org_id, blocked_by_id) REFERENCES task (org_id, id) ON DELETE NO ACTION
) STRICT;
CREATE UNIQUE INDEX task_org_id_number_key ON task (org_id, number);
CREATE INDEX task_org_id_state_due_idx ON task (org_id, state, due);
CREATE UNIQUE INDEX task_org_id_id_shared_key ON task (org_id, id);
CREATE INDEX task_assignee_id_idx ON task (assignee_id);
CREATE INDEX task_reporter_id_idx ON task (reporter_id);
CREATE INDEX task_blocked_by_id_idx ON task (blocked_by_id);
CREATE TABLE task_audit (
    id TEXT NOT NULL,
    "row" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    at TEXT NOT NULL,
    caller_id TEXT,
    operation TEXT NOT NULL,
    request_id TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    org_id TEXT NOT NULL,
    CONSTRAINT task_audit_pkey PRIMARY KEY (id),
    CONSTRAINT task_audit_row_check CHECK (length("row") <= 255),
    CONSTRAINT task_audit_action_check CHECK ("action" IN ('created', 'updated', 'deleted')),
    CONSTRAINT task_audit_operation_check CHECK (length(operation) <= 255),
    CONSTRAINT task_audit_request_id_check CHECK (length(request_id) <= 255),
    CONSTRAINT task_audit_before_check CHECK (json_valid(coalesce("before", 'null'))),
    CONSTRAINT task_audit_after_check CHECK (json_valid(coalesce("after", 'null'))),
    CONSTRAINT task_audit_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES account (id) ON DELETE SET NULL,
    CONSTRAINT task_audit_org_id_fkey FOREIGN KEY (org_id) REFERENCES org (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX task_audit_caller_id_idx ON task_audit (caller_id);
CREATE INDEX task_audit_org_id_idx ON task_audit (org_id);
CREATE TABLE task_labels (
    task_id TEXT NOT NULL,
    label_id TEXT NOT NULL,
    CONSTRAINT task_labels_pkey PRIMARY KEY (task_id, label_id),
    CONSTRAINT task_labels_task_id_fkey FOREIGN KEY (task_id) REFERENCES task (id) ON DELETE CASCADE,
    CONSTRAINT task_labels_label_id_fkey FOREIGN KEY (label_id) REFERENCES label (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX task_labels_label_id_idx ON task_labels (label_id);
CREATE TABLE backwright_broken_references (
    found INTEGER CONSTRAINT references_hold CHECK (found = 0)
) STRICT;
INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE backwright_broken_references;
