"""Puts the files of a specification together: `include`, answers, and the merge that refuses to choose."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from backwright.project import Project
from backwright.spec.diagnostics import (
    Diagnostic,
    Place,
    SpecificationError,
    diagnose,
    register,
    relative_to_project,
)
from backwright.spec.mending import read_on
from backwright.spec.raw import Entry, Items, Scalar, Table
from backwright.spec.yamltext import LARGEST, LIMIT, parse

UNREADABLE = register(
    "BW101",
    "A specification file cannot be read",
    "Without the file there is nothing to build.",
)
MISSING = register(
    "BW109",
    "An include names no file of the project",
    "A piece that is silently absent would silently drop what it declares.",
    "include: [spec/usres.yaml]",
)
CIRCULAR = register(
    "BW110",
    "Files include each other",
    "There is no order in which such files could be read.",
    "include: [backwright.yaml]",
)
NO_DOCUMENT = register(
    "BW124",
    "A file of the specification is no YAML document by its name",
    "What a specification includes is shown, quoted in messages and handed to agents: secrets must not get into it.",
    "include: [.env]",
)
TWICE = register(
    "BW111",
    "Two files define the same name",
    "Whichever of the two won, one author would be surprised.",
)


class _Gathering:
    """The state of reading a specification: what was read, and what is being read (to notice circles)."""

    def __init__(self, project: Project) -> None:
        self.root = project.root.resolve()
        self.found: list[Diagnostic] = []
        self.tables: dict[str, Table] = {}
        self.files: list[str] = []
        self.reading: list[str] = []

    def read_all(self, project: Project) -> None:
        """Read what a project's specification begins with, and everything that this includes."""
        self.read(project.specification, None)
        if project.answers.is_file():
            self.read(project.answers, None)

    def read(self, path: Path, included_at: Place | None) -> None:
        name = relative_to_project(path, self.root)
        if name in self.reading:
            circle = " → ".join([*self.reading[self.reading.index(name) :], name])
            place = included_at or Place(name, 1, 1)
            self.found.append(diagnose(CIRCULAR, place, circle, "remove one of the includes"))
            return
        if name in self.files:
            return
        if not (_is_document(name) and _is_document(path.resolve().name)):
            message = f"`{name}` is not the name of a YAML document"
            mend = "include files that end in .yaml or .yml, of which no part begins with a dot"
            self.found.append(diagnose(NO_DOCUMENT, included_at or Place(name, 1, 1), message, mend))
            return
        self.files.append(name)
        table = self.parsed(path, name)
        if table is None:
            return
        self.tables[name] = table
        self.reading.append(name)
        include = table.get("include")
        # What is not a list of words is reported with the shape of the document.
        for pattern in include.items if isinstance(include, Items) else ():
            if isinstance(pattern, Scalar):
                self.include(pattern)
        self.reading.pop()

    def include(self, pattern: Scalar) -> None:
        parts = PurePosixPath(pattern.value).parts
        inside = bool(parts) and not PurePosixPath(pattern.value).is_absolute() and ".." not in parts
        try:
            paths = sorted(p for p in self.root.glob(pattern.value) if p.is_file()) if inside else []
        except (ValueError, OSError):  # "**x", names that the file system refuses
            paths = []
        if not paths:
            message = f"`{pattern.value}` names no file of the project"
            mend = "give a path relative to the project, such as spec/*.yaml"
            self.found.append(diagnose(MISSING, pattern.place, message, mend))
        for path in paths:
            self.read(path, pattern.place)

    def parsed(self, path: Path, name: str) -> Table | None:
        try:
            text = text_of(path, name)
        except SpecificationError as error:
            self.found.extend(error.diagnostics)
            return None
        table, found = parse(text, name)
        if table is None:
            table, found = read_on(text.removeprefix("\ufeff"), name, found)
        self.found.extend(found)
        return table


def _is_document(name: str) -> bool:
    """Whether a file, links resolved, can be a piece of a specification by its name: .env and the like cannot."""
    path = PurePosixPath(name)
    inside = () if path.is_absolute() else path.parts
    named = path.suffix in (".yaml", ".yml") and not path.name.startswith(".")
    return named and not any(part.startswith(".") for part in inside)


def text_of(path: Path, name: str) -> str:
    """The text of a file that is called `name`. Raises SpecificationError where it cannot be read."""
    start = Place(name, 1, 1)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        mend = f"create {name}, or correct its rights"
        raise SpecificationError([diagnose(UNREADABLE, start, reason, mend)]) from error
    if len(data) > LARGEST:
        message = f"the file has more than {LARGEST} bytes"
        raise SpecificationError([diagnose(LIMIT, start, message, "split the specification with include")])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = Place(name, data.count(b"\n", 0, error.start) + 1, 1)
        message, mend = "this is not UTF-8 text", "save the file as UTF-8"
        raise SpecificationError([diagnose(UNREADABLE, place, message, mend)]) from error


def files_of(project: Project) -> list[Path]:
    """Every file of a specification, as far as its includes can be read."""
    gathering = _Gathering(project)
    gathering.read_all(project)
    return [gathering.root / name for name in gathering.files]


def gather(project: Project) -> tuple[Table | None, tuple[str, ...], list[Diagnostic]]:
    """The merged table of all files, the files in the order of reading, and what is wrong with them."""
    gathering = _Gathering(project)
    gathering.read_all(project)
    merged: Table | None = None
    for table in gathering.tables.values():
        piece = _without_include(table) if merged is not None else table
        merged = piece if merged is None else _merge(merged, piece, (), gathering.found)
    return merged, tuple(gathering.files), gathering.found


def _without_include(table: Table) -> Table:
    kept = tuple(entry for entry in table.entries if entry.key.value != "include")
    return Table(kept, table.place, table.flow)


def _merge(first: Table, second: Table, path: tuple[str, ...], found: list[Diagnostic]) -> Table:
    """Both tables in one. What is not a table on both sides may be given only once."""
    merged = {entry.key.value: entry for entry in first.entries}
    for entry in second.entries:
        name = entry.key.value
        known = merged.get(name)
        if known is None:
            merged[name] = entry
        elif isinstance(known.value, Table) and isinstance(entry.value, Table):
            merged[name] = Entry(known.key, _merge(known.value, entry.value, (*path, name), found))
        else:
            message = f"`{'.'.join((*path, name))}` is defined here and at {known.key.place}"
            found.append(diagnose(TWICE, entry.key.place, message, "remove one of the two"))
    return Table(tuple(merged.values()), first.place)
