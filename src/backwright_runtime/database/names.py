"""Names of indexes and constraints, made the same way by migrations and by whoever reads a violation."""

import hashlib
from collections.abc import Sequence

LONGEST = 60  # PostgreSQL cuts names at 63 bytes


def index_name(table: str, columns: Sequence[str]) -> str:
    """The name of an index."""
    return shortened("_".join((table, *columns, "idx")))


def unique_name(table: str, columns: Sequence[str]) -> str:
    """The name of a unique index."""
    return shortened("_".join((table, *columns, "key")))


def primary_key_name(table: str) -> str:
    """The name of a primary key constraint."""
    return shortened(f"{table}_pkey")


def foreign_key_name(table: str, column: str) -> str:
    """The name of a foreign key constraint."""
    return shortened(f"{table}_{column}_fkey")


def check_name(table: str, column: str) -> str:
    """The name of a check constraint."""
    return shortened(f"{table}_{column}_check")


def caller_role(package: str) -> str:
    """The role in which a service reads for its caller, under row-level security."""
    return shortened(f"{package}_caller")


def trusted_role(package: str) -> str:
    """The role that policies let pass: trusted steps, sign-in, what the service does of itself."""
    return shortened(f"{package}_trusted")


def shortened(name: str) -> str:
    """The name itself, or its beginning and a hash of it when it is too long for a database."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
