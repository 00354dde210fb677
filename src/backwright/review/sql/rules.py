"""What is looked for in migrations. Ids and names are stable and never reused."""

from __future__ import annotations

from backwright.review.rule import Rule

_NEW = "Tables that the same file creates are left out: nobody uses them yet."

_ALL = [
    Rule(
        "MG101",
        "index-not-concurrent",
        "An index is built while writes wait",
        "every write to the table waits until the index is built",
        f"CREATE INDEX without CONCURRENTLY. {_NEW}",
        "`CREATE INDEX i ON orders (status)`",
        "CREATE INDEX CONCURRENTLY, in a migration without a transaction",
    ),
    Rule(
        "MG102",
        "concurrently-in-transaction",
        "CONCURRENTLY inside of a transaction",
        "the migration fails: PostgreSQL refuses it",
        "CREATE, DROP or REINDEX … CONCURRENTLY between BEGIN and COMMIT, or in a migration that its tool runs in a "
        "transaction: Alembic without `autocommit_block`, Django with `atomic`, goose without NO TRANSACTION, dbmate "
        "without `transaction:false`.",
        "`BEGIN; CREATE INDEX CONCURRENTLY …; COMMIT`",
        "a migration of its own, without a transaction",
    ),
    Rule(
        "MG103",
        "index-change-not-concurrent",
        "An index is dropped or rebuilt while everything waits",
        "reads and writes of the table wait",
        "DROP INDEX and REINDEX without CONCURRENTLY, REFRESH MATERIALIZED VIEW without CONCURRENTLY (unless WITH NO "
        "DATA).",
        "`DROP INDEX i`",
        "add CONCURRENTLY, in a migration without a transaction",
    ),
    Rule(
        "MG201",
        "column-default-rewrites",
        "A new column rewrites the table",
        "the table is locked for reads and writes while every row is written again",
        "ADD COLUMN with a default that is not the same for all rows (such as gen_random_uuid()), of "
        "a serial type, GENERATED … STORED, or an identity. A function that is not known to be stable is a warning. "
        f"{_NEW}",
        "`ADD COLUMN token uuid DEFAULT gen_random_uuid()`",
        "add the column without a default, set the default in a second statement, fill old rows in batches",
    ),
    Rule(
        "MG202",
        "not-null-without-default",
        "A new column is NOT NULL and has no default",
        "the migration fails as soon as the table has a row; the running version's inserts fail too",
        f"ADD COLUMN … NOT NULL or PRIMARY KEY without DEFAULT. {_NEW}",
        "`ADD COLUMN status text NOT NULL`",
        "add it nullable or with a default, fill it, then make it NOT NULL by a validated CHECK",
    ),
    Rule(
        "MG203",
        "set-not-null",
        "NOT NULL is set while the table is scanned",
        "reads and writes wait while every row is looked at",
        "SET NOT NULL without a CHECK (column IS NOT NULL) that was validated before it in what is reviewed.",
        "`ALTER COLUMN a SET NOT NULL`",
        "ADD CHECK (a IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT; SET NOT NULL; drop the check",
    ),
    Rule(
        "MG204",
        "column-type-changed",
        "A column gets another type",
        "the table is rewritten while everything waits, and the running version reads another type",
        "ALTER COLUMN … TYPE. A warning for text and for varchar without USING, which need no rewrite when the former "
        "type was a shorter varchar: what it was is not known here.",
        "`ALTER COLUMN id TYPE bigint`",
        "a new column, written by both versions, filled in batches, then read instead of the former",
    ),
    Rule(
        "MG205",
        "column-renamed",
        "A column has another name",
        "the running version fails from this moment until it is replaced",
        f"RENAME COLUMN. {_NEW}",
        "`RENAME COLUMN name TO title`",
        "a new column, written by both versions, filled, then the former dropped in a later delivery",
    ),
    Rule(
        "MG206",
        "table-renamed",
        "A table has another name",
        "the running version fails from this moment until it is replaced",
        f"ALTER TABLE … RENAME TO, SET SCHEMA. {_NEW}",
        "`ALTER TABLE orders RENAME TO purchases`",
        "keep the former name as a view until no version uses it",
    ),
    Rule(
        "MG207",
        "column-dropped",
        "A column is dropped",
        "its data is gone, and the running version that still names it fails",
        f"DROP COLUMN. {_NEW}",
        "`DROP COLUMN legacy`",
        "stop using it in one delivery, drop it in the next, with a copy of the data",
    ),
    Rule(
        "MG208",
        "table-dropped",
        "A table, type, view or schema is dropped",
        "its data is gone, and what still names it fails",
        "DROP TABLE or SCHEMA, DROP … CASCADE of anything, DROP OWNED, DROP DATABASE. Dropping a table that the same "
        "file creates is left out.",
        "`DROP TABLE audit`",
        "rename it in one delivery, drop it in a later one, with a copy of the data",
    ),
    Rule(
        "MG301",
        "foreign-key-validated-at-once",
        "A foreign key is checked while writes wait",
        "writes of both tables wait while every row is looked up",
        f"ADD FOREIGN KEY (also as REFERENCES of a new column with a default) without NOT VALID. {_NEW}",
        "`ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b (id)`",
        "add it NOT VALID, and VALIDATE CONSTRAINT in a later transaction",
    ),
    Rule(
        "MG302",
        "check-validated-at-once",
        "A check is made of all rows while everything waits",
        "reads and writes wait while every row is looked at",
        f"ADD CHECK without NOT VALID. {_NEW}",
        "`ADD CONSTRAINT c CHECK (total >= 0)`",
        "add it NOT VALID, and VALIDATE CONSTRAINT in a later transaction",
    ),
    Rule(
        "MG303",
        "unique-without-index",
        "A key is added and its index built while everything waits",
        "reads and writes wait until the index is built; a duplicate fails the migration",
        f"ADD UNIQUE, PRIMARY KEY or EXCLUDE without USING INDEX; ADD COLUMN … UNIQUE. {_NEW}",
        "`ADD CONSTRAINT u UNIQUE (email)`",
        "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX",
    ),
    Rule(
        "MG304",
        "validated-in-same-transaction",
        "NOT VALID gains nothing",
        "the lock of the first statement is held while the second looks at every row",
        "VALIDATE CONSTRAINT in the transaction that added the constraint.",
        "`BEGIN; ADD … NOT VALID; VALIDATE CONSTRAINT …; COMMIT`",
        "validate in a migration of its own",
    ),
    Rule(
        "MG401",
        "no-lock-timeout",
        "Nothing limits how long a lock is waited for",
        "behind one long query the statement waits, and behind the statement every other query",
        "A file whose statements take a lock that blocks others, without `SET lock_timeout` (or `set_config`) before "
        "them. A warning: the connection may set it.",
        "`ALTER TABLE …` without `SET lock_timeout = '2s'`",
        "SET lock_timeout = '2s' first, and try again when it runs out",
    ),
    Rule(
        "MG402",
        "backfill-without-batches",
        "All rows are changed at once",
        "every row is locked until the end; the table doubles; replicas lag",
        "UPDATE or DELETE without WHERE (behind WITH, in a DO block, and as SQLAlchemy writes it, too), or whose only "
        f"condition is that a column is (not) null; as a warning, MERGE that changes or deletes rows. {_NEW}",
        "`UPDATE orders SET status = 'new'`",
        "batches by key, each in a transaction of its own",
    ),
    Rule(
        "MG403",
        "truncate",
        "A table is emptied",
        "its rows are gone, with CASCADE those of every table that refers to it",
        "TRUNCATE; with CASCADE an error, otherwise a warning.",
        "`TRUNCATE customers CASCADE`",
        "delete in batches what is meant to go, and name every table",
    ),
    Rule(
        "MG404",
        "table-rewritten",
        "A table is rewritten or locked as a whole",
        "reads and writes wait until it is done",
        "VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE, LOCK TABLE in a mode that blocks writes, "
        "and DISABLE TRIGGER ALL.",
        "`VACUUM FULL orders`",
        "pg_repack or a new table; ordinary VACUUM for what dead rows take",
    ),
    Rule(
        "MG501",
        "enum-value-removed",
        "A value of an enumeration is taken away or renamed",
        "the running version writes or reads a value that is not there any more",
        "ALTER TYPE … RENAME VALUE, DELETE FROM pg_enum, and a type that is renamed away and created again.",
        "`ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('ok')`",
        "stop writing the value in one delivery, move its rows, take it away in a later one",
    ),
    Rule(
        "MG502",
        "enum-value-used-at-once",
        "A new value is used in the transaction that adds it",
        "the migration fails: PostgreSQL does not let a new value be used before it is committed",
        "ALTER TYPE … ADD VALUE and, in the same transaction, a statement with the value as a literal.",
        "`BEGIN; ALTER TYPE mood ADD VALUE 'sad'; UPDATE p SET m = 'sad' WHERE id = 1; COMMIT`",
        "add the value in a migration of its own",
    ),
    Rule(
        "MG503",
        "access-widened",
        "More callers reach rows",
        "whoever uses the database past the service, or by policies alone, reads or writes what was closed",
        "DISABLE and NO FORCE ROW LEVEL SECURITY, GRANT … TO PUBLIC, and BYPASSRLS or SUPERUSER of a role; as a "
        "warning, DROP POLICY, and a permissive policy whose condition is `true`.",
        "`ALTER TABLE orders DISABLE ROW LEVEL SECURITY`",
        "name the role and the rows that it needs, in a policy or a grant of its own",
    ),
    Rule(
        "MG601",
        "no-reverse",
        "A migration has no way back",
        "when the delivery is wrong, nobody can take it back under pressure",
        "A file `….up.sql` or `up.sql` without its down; a file with an up section and no down section; an Alembic "
        "`downgrade` that does nothing; RunPython and RunSQL of Django without a reverse. Tools that have no "
        "reverse (plain numbered files) are not judged. A warning.",
        "`def downgrade(): pass`",
        "write the reverse, or say in a comment why there is none and how to go on instead",
    ),
]
RULES = {rule.name: rule for rule in _ALL}
"""Rules by name."""
