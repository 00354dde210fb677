"""What a specification's names become in the database and in operations."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import inflection

from backwright.spec.nodes import EntityNode, FieldNode
from backwright_runtime.database import names

LONGEST_IDENTIFIER = 63  # bytes of a PostgreSQL name
LIBRARIES = frozenset(
    {
        "backwright", "backwright_runtime", "starlette", "msgspec", "asyncpg", "uvicorn", "uvloop",
        "httptools", "argon2", "joserfc", "cryptography", "re2", "jinja2", "multipart", "python_multipart",
        "openapi_ui_bundles", "httpx", "pytest", "anyio", "click", "coverage", "tests", "migrations", "logic",
    }
)  # fmt: skip
"""What a delivered project imports, and its own folders."""


def snake(name: str) -> str:
    """`OrderItem` as `order_item`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel(name: str) -> str:
    """`created_at` as `createdAt`."""
    head, *rest = [part for part in name.split("_") if part] or [name]
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def words(name: str) -> str:
    """A name in prose: `OrderItem` as `order item`."""
    return snake(name).replace("_", " ")


def article(noun: str) -> str:
    """A noun with its article: `an apple`."""
    return f"an {noun}" if noun[:1] in "aeio" else f"a {noun}"


def plural(entity: EntityNode) -> str:
    """The plural in snake case: the author's word, or that of English grammar for the last word."""
    if entity.plural is not None:
        return snake(entity.plural.value)
    head, _, last = snake(entity.name.value).rpartition("_")
    found = plural_noun(last) if last else ""
    return f"{head}_{found}" if head else found


def plural_noun(word: str) -> str:
    """The English plural of one word."""
    return str(inflection.pluralize(word))


def table(entity: EntityNode) -> str:
    """The table of an entity."""
    return snake(entity.name.value)


def column(field: FieldNode) -> str:
    """The column of a field."""
    return f"{field.name.value}_id" if field.ref is not None else field.name.value


def package(service: str) -> str:
    """The Python package of a service: not one that would stand in the way of Python's own, or of a library's."""
    name = re.sub(r"[^a-z0-9]+", "_", service.lower()).strip("_")
    taken = name in sys.stdlib_module_names or name in LIBRARIES
    return f"{name}_service" if taken else name


def index_name(table_name: str, columns: Iterable[str], *, unique: bool) -> str:
    """The name of an index, as whoever reads a violation makes it from the table and its columns."""
    return (names.unique_name if unique else names.index_name)(table_name, tuple(columns))
