"""What custom logic reaches for, read from its source: imports and calls that its declaration does not allow.

This finds what is written; it does not confine a process. `getattr` with a computed name, say, goes unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec

from backwright.model.types import Logic

NEVER = {
    "ctypes": "native code",
    "marshal": "code from data",
    "pickle": "code from data",
    "shelve": "code from data",
    "importlib": "modules by computed names",
    "runpy": "modules by computed names",
    "code": "code from data",
}
"""Modules that nothing here needs."""
NEVER_CALLED = frozenset({"eval", "exec", "compile", "__import__", "globals", "vars"})
DATABASE = (
    "asyncpg",
    "sqlite3",
    "psycopg",
    "psycopg2",
    "sqlalchemy",
    "aiosqlite",
    "backwright_runtime.database",
)
GUARDED = {
    "http": (
        "httpx", "requests", "aiohttp", "urllib.request", "http.client", "socket", "ssl", "smtplib", "ftplib",
        "asyncio.open_connection", "backwright_runtime.safe.http",
    ),
    "files": ("io", "os", "shutil", "tempfile", "glob", "zipfile", "tarfile", "backwright_runtime.safe.files",
              "backwright_runtime.safe.archives"),
    "subprocess": ("subprocess", "multiprocessing", "pty", "asyncio.subprocess", "backwright_runtime.safe.programs"),
}  # fmt: skip
"""What each of `uses` is for; the parts of the runtime among them are the safe way."""
SAFE = "backwright_runtime.safe."


class Reach(msgspec.Struct, frozen=True):
    """One thing that is reached for: what, why that is not allowed, and the line."""

    what: str
    why: str
    line: int


def reaches(path: Path, package: str, logic: tuple[Logic, ...]) -> Iterator[Reach]:
    """What a module of `logic/` reaches for beyond its declaration.

    A module that is no function's own may do what any function may. Raises SyntaxError.
    """
    own = tuple(each for each in logic if each.name == path.stem) or logic
    uses = {use for each in own for use in each.uses}
    trusted = any(each.trusted is not None for each in own)
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        for name in _imported(node):
            yield from _judged(name, node, package, uses, trusted=trusted)
        if not trusted and (private := _private(node)):
            yield Reach(
                f".{private}", "what is not offered: that takes `trusted`", getattr(node, "lineno", 0)
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in NEVER_CALLED:
                yield Reach(f"{node.func.id}(…)", "code from data", node.lineno)
            if node.func.id == "open" and not trusted:
                yield Reach("open(…)", _instead("files", uses), node.lineno)


def _private(node: ast.AST) -> str | None:
    """The attribute of something else's insides: what is behind `use`, frames, classes."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return None
        case ast.Attribute(attr=name) if name.startswith("_") and name != "__name__":
            return name
        case _:
            return None


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            base = "." * level + (module or "")
            yield from (f"{base}.{each.name}" for each in names)
        case _:
            return


def _judged(name: str, node: ast.AST, package: str, uses: set[str], *, trusted: bool) -> Iterator[Reach]:
    line = getattr(node, "lineno", 0)
    root = name.partition(".")[0]
    if root in NEVER:
        yield Reach(name, NEVER[root], line)
    if trusted:
        return
    inside = (f"{package}.repositories", f"{package}.services", f"{package}.calls", f"{package}.app")
    if _within(name, inside) or _within(name, DATABASE):
        yield Reach(name, "the database, past the access rules: that takes `trusted`", line)
    for use, modules in GUARDED.items():
        if _within(name, modules) and not (use in uses and name.startswith(SAFE)):
            yield Reach(name, _instead(use, uses), line)


def _instead(use: str, uses: set[str]) -> str:
    if use not in uses:
        return f"that takes `uses: [{use}]`"
    ways = {"http": "http", "files": "files", "subprocess": "programs"}
    return f"`{SAFE}{ways[use]}` does this within limits"


def _within(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in modules)


def is_written(path: Path, name: str) -> bool:
    """Whether the function is there and does more than to say that it is still to be written."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return not any(_says_not_written(each) for each in ast.walk(node))
    return False


def _says_not_written(node: ast.AST) -> bool:
    match node:
        case ast.Raise(exc=ast.Name(id="NotWritten" | "NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotWritten" | "NotImplementedError"))):
            return True
        case _:
            return False
