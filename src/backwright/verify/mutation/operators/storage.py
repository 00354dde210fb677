"""The schema: what the database itself no longer holds, finds fast, or takes back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.verify.mutation.sources import Sources
from backwright.verify.mutation.types import Edit, Family, Made

FAMILY = Family("storage")


def _everywhere(sources: Sources, pattern: str, other: str, what: str) -> Made:
    """A change of the same constraint or index in the migrations of both databases, by its name."""
    names: dict[str, list[tuple[str, str, str]]] = {}
    for path, text in sources.upward():
        for found in re.finditer(pattern, text, re.MULTILINE):
            after = text[: found.start()] + found.expand(other) + text[found.end() :]
            names.setdefault(found["name"], []).append((path, text, re.sub(r",(?=\n\))", "", after)))
    for name, changes in names.items():
        paths = [path for path, _, _ in changes]
        if len(set(paths)) == len(paths):
            yield tuple(Edit(*each) for each in changes), f"{what} {name}"


@FAMILY.operator("an index is missing", blind=True)
def index_dropped(sources: Sources) -> Made:
    """`CREATE INDEX`."""
    return _everywhere(sources, r"^CREATE INDEX (?P<name>\w+) [^;]*;\n", "", "no index")


@FAMILY.operator("two rows may have what only one may have", blind=True)
def unique_dropped(sources: Sources) -> Made:
    """`CREATE UNIQUE INDEX` becomes `CREATE INDEX`, unless a reference needs it: no database would take that."""
    needed = {
        f"{found['table']} ({found['columns']})"
        for _, text in sources.upward()
        for found in re.finditer(r"REFERENCES (?P<table>\S+) \((?P<columns>[^)]*)\)", text)
    }
    pattern = r"^CREATE UNIQUE INDEX (?P<name>\w+)"
    for edits, what in _everywhere(sources, pattern, r"CREATE INDEX \g<name>", "not unique:"):
        name = what.rsplit(" ", 1)[-1]
        index = re.search(rf"INDEX {name} ON (?P<on>[^;]*?);", edits[0].before)
        if index is None or index["on"] not in needed:
            yield edits, what


@FAMILY.operator("the database does not check a value", blind=True)
def check_dropped(sources: Sources) -> Made:
    """`CONSTRAINT … CHECK`."""
    return _everywhere(sources, r"^    CONSTRAINT (?P<name>\w+) CHECK [^\n]*\n", "", "no check")


@FAMILY.operator("the database does not hold a reference", blind=True)
def foreign_key_dropped(sources: Sources) -> Made:
    """`CONSTRAINT … FOREIGN KEY`."""
    return _everywhere(sources, r"^    CONSTRAINT (?P<name>\w+) FOREIGN KEY [^\n]*\n", "", "no reference")


@FAMILY.operator("rows that go with another stay, and hold it back", blind=True)
def cascade_restricted(sources: Sources) -> Made:
    """`ON DELETE CASCADE` becomes `ON DELETE RESTRICT`."""
    pattern = r"^(?P<head>    CONSTRAINT (?P<name>\w+) FOREIGN KEY [^\n]*) ON DELETE CASCADE"
    return _everywhere(sources, pattern, r"\g<head> ON DELETE RESTRICT", "restricts")


@FAMILY.operator("rows go with another that are to hold it back", blind=True)
def restriction_cascades(sources: Sources) -> Made:
    """`ON DELETE RESTRICT` and `SET NULL` become `ON DELETE CASCADE`."""
    pattern = r"^(?P<head>    CONSTRAINT (?P<name>\w+) FOREIGN KEY [^\n]*) ON DELETE (?:RESTRICT|SET NULL|NO ACTION)"
    return _everywhere(sources, pattern, r"\g<head> ON DELETE CASCADE", "cascades")


@FAMILY.operator("a column may be null", blind=True)
def not_null_dropped(sources: Sources) -> Made:
    """`NOT NULL` of a column, table by table. Those of a primary key are never null: SQLite's tables are STRICT."""
    keys = set(_keys(sources))
    for edits, what in _columns(sources, r"(?P<head>    (?P<name>\"?\w+\"?) [^\n,]*?) NOT NULL", r"\g<head>"):
        if what not in keys:
            yield edits, f"{what} may be null"


def _keys(sources: Sources) -> Iterator[str]:
    """The columns of primary keys, each with its table before it."""
    for _, text in sources.upward():
        for table in re.finditer(r"CREATE TABLE (\"?\w+\"?) \((.*?)\n\)", text, re.DOTALL):
            for key in re.finditer(r"PRIMARY KEY \(([^)]*)\)", table[2]):
                yield from (f"{table[1]}.{column.strip()}" for column in key[1].split(","))


@FAMILY.operator("a column has no default", blind=True)
def column_default_dropped(sources: Sources) -> Made:
    """`DEFAULT …` of a column, but for numbers that are generated `BY DEFAULT`."""
    pattern = (
        r"(?P<head>    (?P<name>\"?\w+\"?) [^\n,]*?)(?<! BY) DEFAULT (?:'[^']*'|[\w.]+)(?:::\w+(?:\[\])?)?"
    )
    for edits, what in _columns(sources, pattern, r"\g<head>"):
        yield edits, f"{what} has no default"


@FAMILY.operator("taking a migration back leaves something behind", blind=True)
def rollback_incomplete(sources: Sources) -> Made:
    """One statement of `down`."""
    for path, text in sources.downward():
        for found in re.finditer(r"^(?:DROP|ALTER)[^;]*;\n?", text, re.MULTILINE):
            after = text[: found.start()] + text[found.end() :]
            yield (Edit(path, text, after),), f"{path}: forgets `{found.group().strip()}`"


def _columns(sources: Sources, pattern: str, other: str) -> Iterator[tuple[tuple[Edit, ...], str]]:
    changes: dict[str, list[Edit]] = {}
    for path, text in sources.upward():
        for table in re.finditer(
            r"^CREATE TABLE (?P<table>\S+) \(\n(?P<body>.*?)\n\)", text, re.MULTILINE | re.DOTALL
        ):
            for found in re.finditer(rf"^{pattern}", table["body"], re.MULTILINE):
                if found["name"] == "CONSTRAINT" or "PRIMARY KEY" in found.group():
                    continue
                at = table.start("body")
                after = text[: at + found.start()] + found.expand(other) + text[at + found.end() :]
                changes.setdefault(f"{table['table']}.{found['name']}", []).append(Edit(path, text, after))
    for name, edits in changes.items():
        if len({each.path for each in edits}) == len(edits):
            yield tuple(edits), name
