"""Makes one thing about a good request wrong or unusual."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import msgspec

from backwright.model.types import Model, Operation
from backwright.reference.read import query_fields
from backwright.verify import values
from backwright.verify.draft import Draft
from backwright.verify.people import Memory
from backwright.verify.traffic import Slot, Text

ODD_KEYS = ("0", "not-a-key", "with space", "é", "00000000-0000-0000-0000-000000000000", "%", "null", "..x")
ODD_BODIES = (
    b"", b"{", b"[]", b"null", b'"text"', b"{]", b'{"a":}', b"\xff\xfe", b"{}{}", b"nul", b'{"a":1,}', b"\x00",
    b"[" * 40,
)  # fmt: skip
ODD_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonx",
    None,
    "multipart/form-data",
)
JSON_TYPES = ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8")
GARBAGE = (
    "Bearer nonsense",
    "Bearer",
    "Bearer",
    "Basic YWJjOmRlZg==",
    "nonsense",
    "",
    "Bearer a.b.c",
    "Bearer a b",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Edge(msgspec.Struct, frozen=True):
    """A value at the limit of an input of an operation."""

    operation: Operation
    name: str
    value: str
    in_query: bool

    def apply(self, draft: Draft) -> None:
        """Give the input this value."""
        if self.in_query:
            text = json.loads(self.value)
            written = text if isinstance(text, str) else self.value
            draft.query = [pair for pair in draft.query if pair[0] != self.name] + [(self.name, written)]
        else:
            kept = [pair for pair in draft.members or [] if pair[0] != self.name]
            draft.members = [*kept, (self.name, self.value)]


def edges(model: Model) -> list[Edge]:
    """Every limit of every input: what chance would often miss is tried once in each sequence."""
    found = []
    for operation in model.operations:
        for field in query_fields(operation):
            found += [Edge(operation, field.wire, value, True) for value in values.edges(field.type)]
        for field in operation.body.fields if operation.body else ():
            found += [Edge(operation, field.wire, value, False) for value in values.edges(field.type)]
    return found


class Spoiler:
    """Knows the ways in which requests of a model can be spoiled."""

    def __init__(self, model: Model, random: Random, memory: Memory) -> None:
        self._model = model
        self._random = random
        self._memory = memory

    def spoil(self, draft: Draft) -> None:
        """Make one thing wrong or unusual."""
        self._random.choice(self._ways(draft))(draft)

    def _ways(self, draft: Draft) -> list[Callable[[Draft], None]]:
        """What can be made wrong with this request; what matters more is there more often."""
        found: list[Callable[[Draft], None]] = [self._credentials, self._method]
        if draft.operation.path_parameters:
            found += [self._path] * 2
        if query_fields(draft.operation):
            found += [self._parameter] * 5
        if draft.members is not None:
            found += [self._member] * 6 + [
                self._content,
                self._content_type,
                self._unknown_member,
                self._missing,
            ]
        return found

    def _credentials(self, draft: Draft) -> None:
        other = self._random.choice(self._memory.people) if self._memory.people else None
        forged = [Slot(p.token.number, p.token.path, "Bearer ", "x") for p in self._memory.people[:3]]
        lower = [Slot(p.token.number, p.token.path, "bearer ") for p in self._memory.people[:3]]
        choices: list[Text | None] = [None, None, *GARBAGE, *forged, *lower]
        if other is not None:
            choices += [other.token] * 4
        picked = self._random.choice(choices)
        draft.authorization = picked
        draft.caller = other if other is not None and picked == other.token else None

    def _method(self, draft: Draft) -> None:
        draft.method = self._random.choice([m for m in METHODS if m != draft.method])
        draft.label = "other method"

    def _path(self, draft: Draft) -> None:
        segment = self._random.choice((*ODD_KEYS, values.unknown_key(self._random), *self._memory.gone[-5:]))
        known = draft.path.rpartition("/")[2]
        segment = self._random.choice((segment, known.upper(), known.replace("-", "")))
        draft.path = (
            draft.operation.path.split("{")[0] + segment if draft.operation.path.endswith("}") else draft.path
        )

    def _parameter(self, draft: Draft) -> None:
        field = self._random.choice([*query_fields(draft.operation), None])
        name = field.wire if field else "unknown"
        cursors = [
            Slot(c.number, c.path, "", self._random.choice(("", "", "x"))) for _, _, c in self._memory.cursors
        ]
        if name == "after" and cursors and self._random.random() < 0.7:
            value: Text = self._random.choice(cursors)
        else:
            value = values.unusual_parameter(field.type if field else None, self._random)
        if self._random.random() < 0.75:
            draft.query = [pair for pair in draft.query if pair[0] != name]
        draft.query.insert(self._random.randint(0, len(draft.query)), (name, value))

    def _member(self, draft: Draft) -> None:
        """Another value for one or two members; sometimes beside the good one (the last wins)."""
        assert draft.members is not None
        fields = draft.operation.body.fields if draft.operation.body else ()
        for field in self._random.sample(fields, min(len(fields), self._random.choice((1, 1, 2)))):
            if self._random.random() < 0.9:
                draft.members = [pair for pair in draft.members if pair[0] != field.wire]
            draft.members.append((field.wire, values.unusual(field.type, self._random)))

    def _missing(self, draft: Draft) -> None:
        assert draft.members is not None
        if draft.members:
            draft.members.pop(self._random.randrange(len(draft.members)))

    def _unknown_member(self, draft: Draft) -> None:
        """Members that are no input: unknown ones, and fields that only the system sets."""
        assert draft.members is not None
        stored = [field.name for entity in self._model.entities for field in entity.fields]
        name = self._random.choice(["unknown", "id", "__proto__", "Ünknown", *stored])
        draft.members.insert(self._random.randint(0, len(draft.members)), (name, '"x"'))

    def _content(self, draft: Draft) -> None:
        draft.content = self._random.choice(ODD_BODIES)

    def _content_type(self, draft: Draft) -> None:
        draft.content_type = self._random.choice((*ODD_TYPES, *JSON_TYPES))
