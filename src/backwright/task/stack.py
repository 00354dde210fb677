"""What a `plan.md` says it is to be built on: another stack is refused by name, and not swapped in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from backwright.task.asked import Stated

BUILT_ON = "Python, on PostgreSQL or SQLite"

_BUILT = {"language": ("python",), "storage": ("postgres", "sqlite")}
_OTHERS = {
    "language": (
        "C#", "C++", "Clojure", "Dart", "Elixir", "Erlang", "Go", "Golang", "Haskell", "Java", "JavaScript", "Kotlin",
        "Node.js", "Node", "PHP", "Ruby", "Rust", "Scala", "Swift", "TypeScript",
    ),
    "storage": (
        "Cassandra", "CockroachDB", "Cosmos DB", "Couchbase", "CouchDB", "DynamoDB", "Elasticsearch", "Firestore",
        "MariaDB", "MongoDB", "MySQL", "Neo4j", "Oracle", "Redis", "ScyllaDB", "SQL Server", "Supabase",
    ),
}  # fmt: skip
_FIELDS = {"language": "language", "storage": "storage", "database": "storage", "data store": "storage"}


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a plan states and that nothing is built on."""

    stated: Stated
    name: str


def foreign(stated: Iterable[Stated]) -> Iterator[Foreign]:
    """What is not built on. A value that names what is built on as well, or nothing that is known, is left alone."""
    for line in stated:
        field = next((kind for begins, kind in _FIELDS.items() if line.name.lower().startswith(begins)), None)
        if field is None or any(word in line.value.lower() for word in _BUILT[field]):
            continue
        for name in _OTHERS[field]:
            if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w+#])", line.value, re.IGNORECASE):
                yield Foreign(stated=line, name=name)
                break
