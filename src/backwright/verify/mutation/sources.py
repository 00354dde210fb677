"""The text of a project, with the places in it that operators change."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct

Span = tuple[int, int]
Function = ast.AsyncFunctionDef | ast.FunctionDef


class Module:
    """A Python file: its tree, and edits by place, which leave every other character as it was."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [0], 0
        for line in self.text.splitlines(keepends=True):
            at += len(line)
            starts.append(at)
        return starts

    def at(self, line: int, column: int) -> int:
        """The place of a line and of a column in bytes of UTF-8, as `ast` counts."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """From where to where a node goes."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def replaced(self, *changes: tuple[Span, str]) -> str:
        """The file with other text at these places."""
        text = self.text
        for (start, end), new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def without_statement(self, node: ast.stmt) -> str:
        """The file without a statement; `pass` takes the place of the only one of its block."""
        for parent in ast.walk(self.tree):
            for name in ("body", "orelse"):
                block = getattr(parent, name, None)
                if isinstance(block, list) and node in block and len(block) > 1:
                    start, end = self.span(node)
                    line = self.text.rfind("\n", 0, start) + 1
                    after = self.text.find("\n", end)
                    return self.text[:line] + self.text[after + 1 :]
        return self.replaced((self.span(node), "pass"))

    def without_argument(self, call: ast.Call, keyword: ast.keyword) -> str:
        """The file without one named argument of a call, or of the head of a class."""
        return _without_item(self.text, self.span(keyword))

    def functions(self) -> Iterator[Function]:
        """Its functions, outer ones first."""
        for node in self.tree.body:
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                yield node

    def calls(self, *names: str, within: ast.AST | None = None) -> Iterator[ast.Call]:
        """Calls of anything by these names, with or without a module or an object before the name."""
        for node in ast.walk(within or self.tree):
            if isinstance(node, ast.Call) and called(node) in names:
                yield node


def called(node: ast.expr) -> str:
    """The last name of what is called, awaited or not: `save` of `await articles.save(tx, row)`."""
    if isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.Call):
        node = node.func
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of attributes; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            before = dotted(value)
            return f"{before}.{name}" if before else ""
    return ""


def _without_item(text: str, span: Span) -> str:
    """Without an item of a list and the comma that goes with it."""
    start, end = span
    behind = re.compile(r"\s*,[ \t]*").match(text, end)
    if behind:
        end = behind.end()
        if text[end : end + 1] == "\n":
            start = text.rfind("\n", 0, start) + 1
            return text[:start] + text[end + 1 :]
        return text[:start] + text[end:]
    before = re.compile(r",\s*\Z").search(text[:start])
    return (text[: before.start()] if before else text[:start]) + text[end:]


class Sql(Struct, frozen=True):
    """A statement of a repository: its name, and the place of each of its texts (two where SQLite has its own)."""

    module: Module
    name: str
    spans: tuple[Span, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Its texts, PostgreSQL's first."""
        return tuple(self.module.text[start:end] for start, end in self.spans)

    @property
    def is_read(self) -> bool:
        """Whether it writes nothing."""
        return re.match(r"\W*(SELECT|WITH)\b", self.texts[0]) is not None


class Sources:
    """The files of one project that can be mutated, by path from its root.

    `package` is the folder of its Python package. The runtime is among them where the project carries it.
    """

    def __init__(self, files: Mapping[str, str], package: str) -> None:
        self.files = dict(files)
        self.package = package
        self._modules = {
            path: Module(path, text) for path, text in sorted(files.items()) if path.endswith(".py")
        }

    def modules(self, *places: str) -> Iterator[Module]:
        """Modules of the package in these folders or files (`services`, `views`), or all of the package."""
        for path, module in self._modules.items():
            if not path.startswith(f"{self.package}/"):
                continue
            inner = path.removeprefix(f"{self.package}/").removesuffix(".py")
            if not places or inner.split("/")[0] in places:
                yield module

    def runtime(self, name: str) -> Iterator[Module]:
        """A module of the runtime that the project carries, if it does."""
        module = self._modules.get(f"backwright_runtime/{name}.py")
        if module is not None:
            yield module

    def statements(self) -> Iterator[Sql]:
        """Every statement of the repositories."""
        for module in self.modules("repositories"):
            yield from _statements(module)

    def upward(self) -> Iterator[tuple[str, str]]:
        """Path and text of what migrations run, for both databases."""
        for path, text in sorted(self.files.items()):
            if re.fullmatch(r"migrations/[^/]+/up\.\w+\.sql", path):
                yield path, text

    def downward(self) -> Iterator[tuple[str, str]]:
        """Path and text of what takes migrations back."""
        for path, text in sorted(self.files.items()):
            if re.fullmatch(r"migrations/[^/]+/down\.\w+\.sql", path):
                yield path, text


def _statements(module: Module) -> Iterator[Sql]:
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="sql")) as call):
                given = [*call.args, *(each.value for each in call.keywords)]
                spans = tuple(_inside(module, each) for each in given if isinstance(each, ast.Constant))
                yield Sql(module, name, spans)


def _inside(module: Module, text: ast.Constant) -> Span:
    """A string without its quotation marks."""
    start, end = module.span(text)
    quotes = 3 if module.text.startswith(('"""', "'''"), start) else 1
    return start + quotes, end - quotes
