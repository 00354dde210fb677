"""Schema values as SQL that a database administrator would sign: everything named, nothing implied."""

from __future__ import annotations

from collections.abc import Collection

from backwright.emit.sql import quoted
from backwright.migrate.schema import Check, Column, Dialect, ForeignKey, Table, TableIndex


def create_table(
    table: Table, dialect: Dialect, *, name: str | None = None, without: Collection[str] = ()
) -> str:
    """CREATE TABLE under its own or another name; foreign keys named in `without` are left out."""
    parts = [column(item) for item in table.columns]
    parts.append(f"CONSTRAINT {quoted(table.key_name)} PRIMARY KEY ({quoted(table.key)})")
    parts += [check(item) for item in table.checks]
    parts += [foreign_key(item) for item in table.foreign_keys if item.name not in without]
    body = ",\n    ".join(parts)
    return f"CREATE TABLE {quoted(name or table.name)} (\n    {body}\n){_end(dialect)}"


def create_kept(name: str, columns: list[Column], key: str, dialect: Dialect) -> str:
    """CREATE TABLE for values that a migration takes out of the service and keeps for the way back."""
    parts = [f"{quoted(item.name)} {item.type}" for item in columns]
    body = ",\n    ".join([*parts, f"PRIMARY KEY ({quoted(key)})"])
    return f"CREATE TABLE {name} (\n    {body}\n){_end(dialect)}"


def _end(dialect: Dialect) -> str:
    return " STRICT;" if dialect == "sqlite" else ";"


def column(item: Column) -> str:
    """`done boolean NOT NULL DEFAULT false`."""
    words = [quoted(item.name), item.type]
    if item.default is not None:
        words.append(f"DEFAULT {item.default}")
    if not item.nullable:
        words.append("NOT NULL")
    return " ".join(words)


def check(item: Check) -> str:
    """`CONSTRAINT todo_title_check CHECK (…)`."""
    return f"CONSTRAINT {quoted(item.name)} CHECK ({item.sql})"


def foreign_key(item: ForeignKey) -> str:
    """`CONSTRAINT … FOREIGN KEY (…) REFERENCES … ON DELETE RESTRICT`."""
    target = f"{quoted(item.table)} ({quoted(item.key)})"
    return (
        f"CONSTRAINT {quoted(item.name)} FOREIGN KEY ({quoted(item.column)}) "
        f"REFERENCES {target} ON DELETE RESTRICT"
    )


def create_index(table: str, item: TableIndex) -> str:
    """CREATE [UNIQUE] INDEX."""
    terms = ", ".join(f"{quoted(term.column)} {term.order}".removesuffix(" ASC") for term in item.terms)
    unique = "UNIQUE " if item.unique else ""
    return f"CREATE {unique}INDEX {quoted(item.name)} ON {quoted(table)} ({terms});"
