"""Values as Python source, with keys of rows by the variable that holds the row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.source import NO_IMPORTS, Identifier, Imports, imports, literal
from backwright.emit.testing.trial import File
from backwright.emit.testing.values import FIRST_NUMBER, Wrong
from backwright.emit.testing.world import World
from backwright.model.types import Entity, Field, ScalarType
from backwright.reference import Opaque
from backwright.reference.evaluate import Row
from backwright.reference.texts import slug

LONGEST = 76
MODULES: dict[str, Imports] = {
    "UUID": imports("uuid", "UUID"),
    "Decimal": imports("decimal", "Decimal"),
    "datetime": imports("datetime", "UTC", "datetime"),
    "date": imports("datetime", "date"),
    "replace": imports("msgspec.structs", "replace"),
    "quote": imports("urllib.parse", "quote"),
}


def attribute(field: Field) -> Identifier:
    """What a row struct calls a column."""
    return Identifier(field.column)


class Known(msgspec.Struct):
    """Values that a test knows by an expression: keys of rows, tokens, and what the service made up.

    `keys` are values of rows (`ann.id`), `texts` are strings that an answer is taken from or compared with.
    """

    keys: dict[Any, str] = {}
    texts: dict[str, str] = {}

    def learn(self, entity: Entity, row: Row, variable: str) -> None:
        """The key of a row, and what else of it nobody could write down before."""
        for field in entity.fields:
            value = row[field.name]
            if (is_unforeseen(entity, field, row) and value is not None) or (
                field.name == entity.key and not entity.composite and isinstance(value, str)
            ):
                self.keys.setdefault(value, f"{variable}.{attribute(field)}")

    def python(self, value: Any) -> str:
        """The value as rows hold it."""
        found = self._key(value)
        if found is not None:
            return found
        match value:
            case UUID():
                return f"UUID({str(value)!r})"
            case datetime():
                return moment(value)
            case date():
                return f"date({value.year}, {value.month}, {value.day})"
            case Decimal():
                return f"Decimal({str(value)!r})"
            case dict():
                return braces(f"{literal(name)}: {self.json(inner)}" for name, inner in value.items())
            case list():
                return f"[{', '.join(self.python(each) for each in value)}]"
            case _:
                return self.json(value)

    def json(self, value: Any) -> str:
        """The value as JSON holds it."""
        if isinstance(value, Wrong):
            return value.source or self.json(value.value)
        if not isinstance(value, dict | list):
            found = self._key(value)
            if found is not None:
                return found
        match value:
            case str():
                return self.text(value)
            case dict():
                return braces(f"{literal(name)}: {self.json(inner)}" for name, inner in value.items())
            case list():
                return f"[{', '.join(self.json(each) for each in value)}]"
            case File():
                return f"({value.name!r}, {value.content!r}, {value.media!r})"
            case _:
                return repr(value)

    def text(self, value: str) -> str:
        """A string; what is known of it by its expression, a long repetition as a product."""
        value = str(value)
        if value in self.texts:
            return self.texts[value]
        for key, expression in self.keys.items():
            if str(key) == value:
                return expression if isinstance(key, str) else f"str({expression})"
        if len(value) > 20 and len(set(value)) == 1:
            return f"{value[0]!r} * {len(value)}"
        inside = self.within(value)
        if inside is None:
            return literal(value) if len(value) <= LONGEST else _wrapped(value)
        return inside

    def within(self, value: str) -> str | None:
        """An f-string for a text that has something known in it; None for others."""
        parts = {str(key): expression for key, expression in self.keys.items() if _stands_out(key)}
        parts |= {text: expression for text, expression in self.texts.items() if len(text) > 5}
        present = [text for text in parts if text in value]
        if not present:
            return None
        pattern = re.compile("|".join(re.escape(text) for text in sorted(present, key=len, reverse=True)))
        pieces, end = [""], 0
        for found in pattern.finditer(value):
            _join(pieces, [*_sliced(value[end : found.start()]), "{" + parts[found[0]] + "}"])
            end = found.end()
        _join(pieces, _sliced(value[end:]))
        if len(pieces) == 1:
            return f"f{literal(pieces[0])}"
        return f"({' '.join(map(_piece, pieces))})"

    def _key(self, value: Any) -> str | None:
        if (
            isinstance(value, bool)
            or value is None
            or isinstance(value, float | Decimal | list | dict | bytes)
        ):
            return None
        if isinstance(value, int) and value < FIRST_NUMBER:
            return None
        return self.keys.get(value)


def _sliced(text: str) -> list[str]:
    """A text in pieces that fit into a line, to stand in an f-string."""
    return [_braced(text[at : at + LONGEST]) for at in range(0, len(text), LONGEST)]


def _piece(braced: str) -> str:
    """One of several pieces, which is an f-string only where something known stands in it."""
    if "{" in braced.replace("{{", ""):
        return f"f{literal(braced)}"
    return literal(braced.replace("{{", "{").replace("}}", "}"))


def _join(pieces: list[str], more: list[str]) -> None:
    """Add what fits to the last piece, and begin another for what does not."""
    for each in more:
        if len(pieces[-1]) + len(each) > LONGEST and pieces[-1]:
            pieces.append(each)
        else:
            pieces[-1] += each


def _wrapped(text: str) -> str:
    """A long string in several pieces, which Python joins."""
    pieces = re.findall(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}", text, re.DOTALL)
    return f"({' '.join(map(literal, pieces))})"


def _stands_out(key: Any) -> bool:
    """Whether a key inside a longer text is surely that key."""
    return isinstance(key, UUID) or (isinstance(key, int) and key >= FIRST_NUMBER) or len(str(key)) >= 20


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def braces(members: Any) -> str:
    """A dictionary display."""
    return "{" + ", ".join(members) + "}"


def moment(value: datetime) -> str:
    """A timestamp in UTC."""
    parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 3 and parts[-1] == 0:
        parts.pop()
    return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"


def is_unforeseen(entity: Entity, field: Field, row: Row) -> bool:
    """Whether the value of a new row's field is something that the service makes up."""
    if field.generated in ("sequence", "token"):
        return True
    if field.generated == "slug":
        return not _follows_source(field, row)
    made = field.name == entity.key and not field.input and not entity.composite
    return made and isinstance(field.type, ScalarType)


def _follows_source(field: Field, row: Row) -> bool:
    source = str(row[field.source or ""] or "")
    longest = field.type.max if isinstance(field.type, ScalarType) and field.type.max is not None else 80
    return bool(row[field.name] == slug(source, longest))


def known_rows(world: World) -> Known:
    """The keys of the stored rows, and what callers prove with who they are."""
    known = Known()
    for row in world.rows:
        known.learn(world.setting.model.entity(row.entity), row.values, row.variable)
        if row.entity == world.setting.identity:
            known.texts[f"token-of-{row.variable}"] = f"service.token({row.variable})"
            known.texts[f"csrf-of-{row.variable}"] = f"service.csrf({row.variable})"
    return known


def opaque_places(value: Any, path: str) -> list[tuple[str, str]]:
    """The strings of an answer that the implementation chooses, each with the expression that reads it."""
    match value:
        case Opaque():
            return [(str(value), path)]
        case dict():
            return [
                each for name, inner in value.items() for each in opaque_places(inner, f"{path}[{name!r}]")
            ]
        case list():
            return [each for at, inner in enumerate(value) for each in opaque_places(inner, f"{path}[{at}]")]
        case _:
            return []


def needed(text: str, extra: Mapping[str, Imports] | None = None) -> Imports:
    """The imports of the names that a piece of source calls."""
    found: Imports = NO_IMPORTS
    for name, where in {**MODULES, **(extra or {})}.items():
        if re.search(rf"(?<![\w.]){name}\(", text):
            found |= where
    return found
