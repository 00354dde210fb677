"""The runtime's own tables: what it remembers for every service, whatever the service is about.

They are made by `migrate up` before the first migration, belong to no migration and are never rolled back. Each
entry of `RUNTIME_TABLES` is one version, run once and in order; a released version is never changed, only followed.
"""

from backwright_runtime.database.statement import Dialect

RUNTIME_TABLES: dict[Dialect, tuple[str, ...]] = {
    "postgresql": (
        """
        CREATE TABLE IF NOT EXISTS backwright_revoked_token (
            token_id text COLLATE "C" PRIMARY KEY,
            expires_at timestamptz NOT NULL
        );
        CREATE INDEX IF NOT EXISTS backwright_revoked_token_expires_at_idx
            ON backwright_revoked_token (expires_at);
        CREATE TABLE IF NOT EXISTS backwright_idempotent_answer (
            operation text COLLATE "C" NOT NULL,
            caller text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            fingerprint bytea NOT NULL,
            status integer,
            headers jsonb,
            body bytea,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (operation, caller, key)
        );
        CREATE INDEX IF NOT EXISTS backwright_idempotent_answer_expires_at_idx
            ON backwright_idempotent_answer (expires_at);
        """,
    ),
    "sqlite": (
        """
        CREATE TABLE IF NOT EXISTS backwright_revoked_token (
            token_id TEXT PRIMARY KEY NOT NULL,
            expires_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS backwright_revoked_token_expires_at_idx
            ON backwright_revoked_token (expires_at);
        CREATE TABLE IF NOT EXISTS backwright_idempotent_answer (
            operation TEXT NOT NULL,
            caller TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            status INTEGER,
            headers TEXT,
            body BLOB,
            expires_at TEXT NOT NULL,
            PRIMARY KEY (operation, caller, key)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS backwright_idempotent_answer_expires_at_idx
            ON backwright_idempotent_answer (expires_at);
        """,
    ),
}
"""For each database, the versions so far: the ids of revoked tokens, and answers kept for Idempotency-Key."""
