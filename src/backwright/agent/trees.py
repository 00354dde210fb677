"""Disposable work trees: what a provider sees, what it changed there, and the copy that is judged.

The two are never the same tree: whatever a provider leaves beside its files (a `conftest.py`, a `.pth`) is not there
when its files are judged.
"""

from __future__ import annotations

import ast
from pathlib import Path

from backwright.agent.patches import MOST_BYTES, Patch
from backwright.agent.work_items import WorkItem
from backwright.emit.project import confined
from backwright.project import Project
from backwright.verify.copies import copy

BYPRODUCTS = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
"""What tools leave where they ran: no change of the provider's."""
MOST_CHANGES = 200


def current(project: Project, item: WorkItem) -> dict[str, str]:
    """The allowed files as they are in the project, without the tests of what is held back."""
    found = {}
    for path in item.allowed:
        file = confined(project.root, path)
        if file.is_file():
            found[path] = file.read_text(encoding="utf-8")
    if item.tests in found:
        found[item.tests] = without_tests(found[item.tests], item)
    return found


def shown(project: Project, item: WorkItem, folder: Path) -> dict[str, bytes]:
    """Make the tree that a provider sees: the package and its own tests; what lies there, by path.

    Specification, migrations and other tests are left out: they say what is held back.
    """
    copy(project.root / item.package, folder / item.package)
    for path, text in current(project, item).items():
        _put(folder, path, text)
    return _contents(folder)


def _contents(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if file.is_symlink():
            found[path.as_posix()] = b"\0link"
        elif file.is_file() and not set(path.parts) & set(BYPRODUCTS):
            with file.open("rb") as stream:
                found[path.as_posix()] = stream.read(MOST_BYTES + 1)
    return found


def changes(before: dict[str, bytes], folder: Path, patch: Patch | None = None) -> Patch:
    """What is different in a tree from what was put there, together with what a call of the tool asked for.

    Files that are no text, are too long or are links are named with an empty content: out of bounds, all of them.
    """
    after = _contents(folder)
    files = {path: _text(data) for path, data in after.items() if before.get(path) != data}
    removed = tuple(sorted(before.keys() - after.keys()))
    asked = patch.files if patch is not None else {}
    listed = dict(list({**files, **asked}.items())[:MOST_CHANGES])
    return Patch(files=listed, removed=removed)


def _text(data: bytes) -> str:
    if data == b"\0link" or len(data) > MOST_BYTES:
        return ""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def judged(project: Project, item: WorkItem, patch: Patch, folder: Path) -> Project:
    """Make the tree that is judged: the user's project as it is, with nothing of the patch but the allowed files."""
    copy(project.root, folder)
    for path, text in delivery(project, item, patch).items():
        _put(folder, path, text)
    return Project(folder)


def package_alone(tree: Project, item: WorkItem, folder: Path) -> None:
    """Nothing but the package: what runs there finds no example to look up."""
    copy(tree.root / item.package, folder / item.package)


def delivery(project: Project, item: WorkItem, patch: Patch) -> dict[str, str]:
    """The files of a patch as they go into the project: its tests with those of what was held back."""
    files = {path: text for path, text in patch.files.items() if path in item.allowed}
    stands = confined(project.root, item.tests)
    if item.tests in files and stands.is_file():
        files[item.tests] = with_tests(files[item.tests], stands.read_text(encoding="utf-8"), item)
    return files


def _put(root: Path, path: str, text: str) -> None:
    file = confined(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


# Tests of what is held back -------------------------------------------------------------------------------


def without_tests(text: str, item: WorkItem) -> str:
    """A file of tests without those of held-back examples."""
    lines = text.splitlines(keepends=True)
    for function in reversed(_hidden(text, item)):
        del lines[_start(function) - 1 : function.end_lineno]
    return "".join(lines).rstrip() + "\n"


def with_tests(text: str, original: str, item: WorkItem) -> str:
    """A file of tests with those of held-back examples as they were, and the imports that these need."""
    functions = _hidden(original, item)
    names = {function.name for function in functions}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text  # it is judged as it is
    if not functions:
        return text
    taken = [node for node in tree.body if isinstance(node, _FUNCTIONS) and node.name in names]
    lines = text.splitlines(keepends=True)
    for node in reversed(taken):
        del lines[_start(node) - 1 : node.end_lineno]
    text = "".join(lines).rstrip() + "\n"
    original_lines = original.splitlines()
    kept = ["\n".join(_marked(each, original_lines)) for each in functions]
    needed = [*_imports(original), "import pytest"]
    extra = [each for each in dict.fromkeys(needed) if each not in _imports(text)]
    body = "\n\n\n".join([text.rstrip(), *kept]) + "\n"
    return _with_imports(body, extra)


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> list[str]:
    """The lines of a test. The mark that a module of tests has for all of them goes with it."""
    written = lines[_start(function) - 1 : function.end_lineno]
    needs = isinstance(function, ast.AsyncFunctionDef) and ANYIO not in written
    return [ANYIO, *written] if needs else written


ANYIO = "@pytest.mark.anyio"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _hidden(text: str, item: WorkItem) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The tests that a build makes of held-back examples: they end with the number of the example."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    endings = tuple(f"_{number}" for number in item.hidden_examples)
    made = (f"test_{item.stub}_returns_", f"test_{item.stub}_raises_")
    return [
        node
        for node in tree.body
        if isinstance(node, _FUNCTIONS) and node.name.startswith(made) and node.name.endswith(endings)
    ]


def hidden_test(name: str, item: WorkItem) -> bool:
    """Whether a test is of a held-back example, by its name."""
    made = (f"test_{item.stub}_returns_", f"test_{item.stub}_raises_")
    return name.startswith(made) and name.endswith(tuple(f"_{number}" for number in item.hidden_examples))


def _start(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _imports(text: str) -> list[str]:
    """The imports of a module, one name each."""
    found = []
    for node in ast.parse(text).body:
        match node:
            case ast.Import(names=names):
                found += [ast.unparse(ast.Import([each])) for each in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                found += [ast.unparse(ast.ImportFrom(module, [each], level)) for each in names]
            case _:
                pass
    return found


def _with_imports(text: str, extra: list[str]) -> str:
    """Imports go behind the docstring and what has to be first."""
    if not extra:
        return text
    line = 0
    for node in ast.parse(text).body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_text or is_future):
            break
        line = node.end_lineno or 0
    lines = text.splitlines()
    return "\n".join([*lines[:line], "", *extra, *lines[line:]]) + "\n"
