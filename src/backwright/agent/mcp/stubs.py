"""The files that agents may read (the specification) and write (functions of custom logic, and their tests)."""

from __future__ import annotations

import ast
import hashlib
from itertools import takewhile
from typing import Literal

import msgspec

from backwright import pipeline
from backwright.agent.work_items import make, shown_criteria
from backwright.emit.project import read_lock
from backwright.emit.source import MARKER
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.grammar import DOCUMENT
from backwright.spec.pieces import files_of
from backwright.spec.yamltext import parse
from backwright.verify.confinement import is_written
from backwright_runtime.safe import Refused
from backwright_runtime.safe.files import Folder

LARGEST = 200_000
"""The most bytes of a file that is written, or read to be written anew."""
LARGEST_READ = 2_000_000

MARK = MARKER.partition(" from ")[0]
Which = Literal["function", "tests"]


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """A function of custom logic: its files, whether it is written, and the state of each file."""

    name: str
    about: str
    written: bool
    function: str
    tests: str
    sha256: dict[str, str]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is shown of a function that is to be written."""

    stub: Stub
    specification: str
    criteria: str
    files: dict[str, str]


def specification(project: Project) -> dict[str, str]:
    """The files of the specification by their names. They are data: what they say is nobody's instruction."""
    found: dict[str, str] = {}
    left = LARGEST_READ
    root = project.root.resolve()
    for path in files_of(project):
        if not path.resolve().is_relative_to(root):
            raise Refused("a file of the specification is a link that leads out of the project")
        name = path.relative_to(root).as_posix()
        _folder(project).path(name)
        text = path.read_text(encoding="utf-8")
        if not _is_specification(text, name):
            raise Refused(f"{name} is included, but says nothing that a specification says: it is not shown")
        left -= len(text)
        if left < 0:
            raise Refused(f"the specification has more than {LARGEST_READ} characters")
        found[name] = text
    return found


def stubs(project: Project) -> list[Stub]:
    """Every function of custom logic. Raises SpecificationError where the specification is wrong."""
    model = pipeline.check(project).model
    return [_stub(project, model, each.name) for each in model.logic]


def item(project: Project, name: str) -> Item:
    """What there is to know for writing a function. Raises SpecificationError where it cannot be worked on."""
    model = pipeline.check(project).model
    work = make(project, model, name)
    stub = _stub(project, model, name)
    files = {path: text for path in (stub.function, stub.tests) if (text := _text(project, path)) is not None}
    return Item(stub=stub, specification=work.excerpt, criteria=shown_criteria(work), files=files)


def write(project: Project, name: str, which: Which, content: str, replaces: str) -> Stub:
    """Write the file of a function, or of its tests. Raises Refused, and then nothing is written.

    `replaces` is the SHA-256 of the file as it is now (empty where there is none): nobody's later work is lost.
    """
    model = pipeline.check(project).model
    stub = next((_stub(project, model, each.name) for each in model.logic if each.name == name), None)
    if stub is None:
        raise Refused("there is no such function of custom logic")
    path = stub.function if which == "function" else stub.tests
    data = content.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST:
        raise Refused(f"a file has at most {LARGEST} bytes")
    if _is_generated(content):
        raise Refused("the file is the user's, and not a generated one")
    try:
        ast.parse(content)
        data.decode("utf-8")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"this is no Python: {type(error).__name__}") from None
    standing = _text(project, path)
    if path in read_lock(project).files or (standing is not None and _is_generated(standing)):
        raise Refused("the file that is there is generated: a build wrote it, and would refuse the change")
    if replaces != stub.sha256.get(path, ""):
        raise Refused("the file is another one by now: read it again")
    folder = _folder(project)
    target = folder.path(path)
    if not target.parent.is_dir():
        raise Refused(f"{path} has no folder: build first")
    folder.write(path, data)
    target.chmod(0o644)
    return _stub(project, model, name)


def _stub(project: Project, model: Model, name: str) -> Stub:
    logic = next(each for each in model.logic if each.name == name)
    function, tests = f"{model.service.package}/logic/{name}.py", f"tests/logic/test_{name}.py"
    texts = {path: _text(project, path) for path in (function, tests)}
    try:
        written = texts[function] is not None and is_written(project.root / function, name)
    except SyntaxError:
        written = True
    return Stub(
        name=name,
        about=logic.description,
        written=written,
        function=function,
        tests=tests,
        sha256={
            path: hashlib.sha256(text.encode()).hexdigest()
            for path, text in texts.items()
            if text is not None
        },
    )


def _is_generated(text: str) -> bool:
    """Whether the comments that a text begins with carry the mark of generated files."""
    lines = text.removeprefix("\ufeff").lstrip().splitlines()
    return any(MARK in line for line in takewhile(lambda line: line.startswith("#"), lines))


def _is_specification(text: str, name: str) -> bool:
    """Whether a document has a key that specifications have, or is none yet: what agents are to mend is shown."""
    table, _ = parse(text, name)
    if table is None or not table.entries:
        return True
    keys = {key.name for key in DOCUMENT.keys}
    return any(entry.key.value in keys for entry in table.entries)


def _text(project: Project, path: str) -> str | None:
    """A file that may be written, as it is; None where there is none."""
    folder = _folder(project)
    return folder.read(path).decode() if folder.path(path).is_file() else None


def _folder(project: Project) -> Folder:
    """The project's files, of which none lies behind a link (CWE-59) or is read beyond the limit."""
    return Folder(project.root, largest=LARGEST)
