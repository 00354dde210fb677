"""A schema as the conditions that a value has to meet: references followed, `allOf` merged, null as a type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backwright.review.contract.document import Node

ALL_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_SHAPES = {"properties": "object", "additionalProperties": "object", "items": "array"}
_OF_VALUES = {str: "string", bool: "boolean", int: "integer"}
"""The types of listed values; a number with a fraction says nothing certain, since 1.0 is an integer, too."""
MOST_PARTS = 500
"""How many schemas one `allOf` may be made of; the rest of a larger one is not looked at."""


class View:
    """All that holds of a value at one place: the schema there and everything that its `allOf` adds."""

    def __init__(self, *nodes: Node) -> None:
        self.nullable = False
        self.unions: list[tuple[str, Node]] = []
        self.nodes = tuple(self._flattened(list(nodes)))
        self.types = self._types()

    @property
    def node(self) -> Node:
        return self.nodes[0]

    def key(self) -> tuple[Any, ...]:
        return tuple(node.key() for node in self.nodes)

    def keyword(self, name: str) -> Node | None:
        """The first schema's keyword; None when none of them has it."""
        return next((found for node in self.nodes if (found := node.child(name)) is not None), None)

    def keywords(self, name: str) -> list[Node]:
        return [found for node in self.nodes if (found := node.child(name)) is not None]

    def place(self, *names: str) -> Node:
        """The first of the keywords that there is, or the schema: where to point at."""
        return next((found for name in names if (found := self.keyword(name))), self.node)

    def flag(self, name: str) -> bool:
        return any(node.get(name) is True for node in self.nodes)

    def required(self) -> dict[str, Node]:
        return {
            item.value: item
            for found in self.keywords("required")
            for item in found.items()
            if isinstance(item.value, str)
        }

    def properties(self) -> dict[str, View]:
        parts: dict[str, list[Node]] = {}
        for found in self.keywords("properties"):
            for name, node in found.members():
                parts.setdefault(name, []).append(node)
        return {name: View(*nodes) for name, nodes in parts.items()}

    def inner(self, name: str) -> View | None:
        """The schema under a keyword such as `items`; None when it is absent or a mere true or false."""
        nodes = [node for node in self.keywords(name) if isinstance(node.value, dict)]
        return View(*nodes) if nodes else None

    def closed(self) -> bool:
        """Whether members that are not listed are refused."""
        return any(
            node.value is False
            for name in ("additionalProperties", "unevaluatedProperties")
            for node in self.keywords(name)
        )

    def enumeration(self) -> list[Any] | None:
        """The listed values, null left out (it is a type here); None when any value will do."""
        lists = [node.value for node in self.keywords("enum") if isinstance(node.value, list)]
        lists += [[node.value] for node in self.keywords("const")]
        if not lists:
            return None
        return [v for v in lists[0] if v is not None and all(v in other for other in lists[1:])]

    def branches(self) -> list[View]:
        return [View(item) for _, union in self.unions for item in union.items()]

    def _flattened(self, waiting: list[Node]) -> Iterator[Node]:
        seen: set[tuple[str, str]] = set()
        while waiting and len(seen) < MOST_PARTS:
            node = waiting.pop(0)
            if node.key() in seen:
                continue
            seen.add(node.key())
            if node.get("$ref") is not None:
                target = node.followed()
                if len(node.value) > 1 and target.key() not in seen:
                    yield Node(node.document, node.pointer, _without_reference(node), node.line)
                waiting.insert(0, target)
                continue
            self.nullable = self.nullable or (node.get("nullable") is True and _has_nullable(node))
            yield node
            parts = node.child("allOf")
            if parts is not None:
                waiting += parts.items()
            for name in ("oneOf", "anyOf"):
                union = node.child(name)
                if union is not None:
                    waiting += self._sole_branch(name, union)

    def _sole_branch(self, name: str, union: Node) -> list[Node]:
        """The branch of a union that has but one beside null, which is how 3.1 says `nullable`."""
        branches = list(union.items())
        others = [branch for branch in branches if branch.get("type") != "null"]
        if len(others) < len(branches):
            self.nullable = True
        if len(others) == 1:
            return others
        if others:
            self.unions.append((name, union))
        return []

    def _types(self) -> frozenset[str]:
        found = ALL_TYPES
        typed = False
        for node in self.nodes:
            value = node.get("type")
            names = [value] if isinstance(value, str) else value if isinstance(value, list) else None
            if names is None:
                continue
            typed = True
            allowed = {str(name) for name in names}
            self.nullable = self.nullable or "null" in allowed
            found &= allowed | ({"integer"} if "number" in allowed else set())
        if not typed:
            found = frozenset(self._implied()) or ALL_TYPES
        if found == ALL_TYPES:
            return found
        if any(_is_whole(node.value) for node in self.keywords("multipleOf")):
            found -= {"number"}
        return (found - {"null"}) | ({"null"} if self.nullable else frozenset())

    def _lists_null(self) -> bool:
        lists = [node.value for node in self.keywords("enum") if isinstance(node.value, list)]
        return bool(lists) and all(None in values for values in lists)

    def _implied(self) -> set[str]:
        implied = {shape for word, shape in _SHAPES.items() if self.keyword(word) is not None}
        values = self.enumeration()
        if not implied and values and all(type(value) in _OF_VALUES for value in values):
            self.nullable = self.nullable or self._lists_null()
            return {_OF_VALUES[type(value)] for value in values}
        return implied


def _is_whole(value: Any) -> bool:
    """Whether the multiples of a number are all whole ones."""
    return isinstance(value, int | float) and value >= 1 and value == value // 1


def _without_reference(node: Node) -> Any:
    table = type(node.value)((k, v) for k, v in node.value.items() if k != "$ref")
    table.lines = node.value.lines
    return table


def _has_nullable(node: Node) -> bool:
    """Whether `nullable` means something: not from OpenAPI 3.1 on. A file that is only referred to does not say."""
    version = node.document.root.get("openapi")
    return version is None or str(version).startswith("3.0")
