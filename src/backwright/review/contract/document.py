"""An OpenAPI description as values that know their place, with `$ref` followed, also into other local files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

LARGEST = 20 * 1024 * 1024
DEEPEST = 200
LONGEST_CHAIN = 50
"""How many `$ref` may follow each other before it is a circle."""


class Unreadable(Exception):
    """A description cannot be compared: no such file, no YAML or JSON, no OpenAPI 3, or a `$ref` to nothing."""


class Table(dict[str, Any]):
    """A mapping that knows on which line each of its keys is."""

    __slots__ = ("lines",)
    lines: dict[str, int]


class Items(list[Any]):
    """A list that knows on which line each of its items is."""

    __slots__ = ("lines",)
    lines: list[int]


class Node(msgspec.Struct, frozen=True, eq=False):
    """A value of a document: the pointer (RFC 6901) and the line under which it is found."""

    document: Document
    pointer: str
    value: Any
    line: int

    def child(self, key: str) -> Node | None:
        """The member under the key, its `$ref` not followed; None when there is none."""
        match self.value:
            case Table() as table if key in table:
                return Node(self.document, f"{self.pointer}/{escaped(key)}", table[key], table.lines[key])
            case _:
                return None

    def get(self, key: str) -> Any:
        """The plain value under the key; None when there is none."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def members(self) -> Iterator[tuple[str, Node]]:
        """The members of a table in the order of the file."""
        if isinstance(self.value, Table):
            for key in self.value:
                found = self.child(key)
                assert found is not None
                yield key, found

    def items(self) -> Iterator[Node]:
        """The items of a list in order."""
        if isinstance(self.value, Items):
            for number, item in enumerate(self.value):
                yield Node(self.document, f"{self.pointer}/{number}", item, self.value.lines[number])

    def key(self) -> tuple[str, str]:
        return self.document.name, self.pointer

    def followed(self) -> Node:
        """What the node stands for once every `$ref` on the way is followed.

        Raises Unreadable when a reference leads nowhere, in a circle, or to the network.
        """
        node = self
        for _ in range(LONGEST_CHAIN):
            target = node.get("$ref")
            if not isinstance(target, str):
                return node
            node = node.document.target(target, node)
        raise Unreadable(f"{self.document.name}:{self.line}: the reference leads in a circle")


class Library:
    """The files that have been read, so that each is read once; none outside of the folder `within`."""

    def __init__(self, within: Path | None = None) -> None:
        self._within = within
        self._read: dict[Path, Document] = {}

    def document(self, path: Path, asked: str) -> Document:
        known = path.resolve()
        if self._within is not None and not known.is_relative_to(self._within):
            raise Unreadable(f"`{asked}` leads out of {self._within.name}/")
        if known not in self._read:
            self._read[known] = Document(self, known, asked)
        return self._read[known]


class Document:
    """One file. `name` is how it was asked for, which is what findings say."""

    def __init__(self, library: Library, path: Path, name: str) -> None:
        self.library = library
        self.path = path
        self.name = name
        self.root = Node(self, "", _read(path, name), 1)

    def target(self, reference: str, at: Node) -> Node:
        """The node that a `$ref` of this document means. Raises Unreadable."""
        parts = urlsplit(reference)
        where = f"{self.name}:{at.line}"
        if parts.scheme or parts.netloc:
            raise Unreadable(f"{where}: `{reference}` is on the network; only local files are read")
        document = self
        if parts.path:
            document = self.library.document(self.path.parent / unquote(parts.path), unquote(parts.path))
        node = document.root
        for step in [unquote(s) for s in parts.fragment.split("/")[1:]]:
            key = step.replace("~1", "/").replace("~0", "~")
            following = node.child(key)
            if following is None and isinstance(node.value, Items) and key.isdigit():
                following = next((n for i, n in enumerate(node.items()) if i == int(key)), None)
            if following is None:
                raise Unreadable(f"{where}: there is nothing at `{reference}`")
            node = following
        return node


def opened(path: Path, name: str, within: Path | None = None) -> Document:
    """The OpenAPI description in a file. Raises Unreadable when it is none of 3.0 or 3.1, or leads out of `within`."""
    document = Library(within).document(path, name)
    version = str(document.root.get("openapi") or "")
    if not version.startswith("3."):
        said = f"`openapi: {version}`" if version else "there is no `openapi:` with a version"
        raise Unreadable(f"{name}: {said}; descriptions of OpenAPI 3.0 and 3.1 are compared")
    return document


def files(document: Document) -> list[Path]:
    """The files of a description: its own, and those that its references lead to, in order. Raises Unreadable."""
    found = {document.path: document}
    waiting, met = [document.root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node.value) in met and isinstance(node.value, Table | Items):
            continue  # several aliases of YAML may share a value
        met.add(id(node.value))
        reference = node.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            other = node.document.target(reference, node).document
            if other.path not in found:
                found[other.path] = other
                waiting.append(other.root)
        waiting += [member for _, member in node.members()]
        waiting += node.items()
    return sorted(found)


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _read(path: Path, name: str) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"{name}: larger than {LARGEST // 1024 // 1024} MiB")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{name}: {error.strerror if isinstance(error, OSError) else error}") from None
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # legal between the tokens of JSON, and nowhere else in it
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{name}: no YAML or JSON: {str(error).splitlines()[0]}") from None
    if node is None:
        raise Unreadable(f"{name}: the file is empty")
    return _Building(name).value(node, 0)


class _Building:
    """Makes values of YAML nodes; a node that several aliases share becomes one value."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: dict[int, Any] = {}
        self.scalars = SafeConstructor(loader=YAML(typ="safe", pure=True))

    def value(self, node: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise Unreadable(f"{self.name}:{node.start_mark.line + 1}: nested deeper than {DEEPEST} levels")
        if id(node) not in self.made:
            self.made[id(node)] = self._new(node, depth)
        return self.made[id(node)]

    def _new(self, node: Any, depth: int) -> Any:
        match node:
            case MappingNode():
                table = Table()
                table.lines = {}
                for key, item in node.value:
                    word = str(key.value)
                    table[word] = self.value(item, depth + 1)
                    table.lines[word] = key.start_mark.line + 1
                return table
            case SequenceNode():
                items = Items(self.value(item, depth + 1) for item in node.value)
                items.lines = [item.start_mark.line + 1 for item in node.value]
                return items
            case ScalarNode():
                return self._scalar(node)
            case _:
                raise Unreadable(f"{self.name}: a value that is neither table, list nor scalar")

    def _scalar(self, node: ScalarNode) -> Any:
        match str(node.tag).rpartition(":")[2]:
            case "int" | "float" | "bool" | "null":
                try:
                    return self.scalars.construct_object(node)
                except (YAMLError, ValueError):
                    return node.value
            case _:
                return node.value  # dates stay words, as in JSON
