"""Random conditions and values as text, made from the entities of a random specification.

They are mostly well typed; where one is not, the checker says so and the specification is not used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

ORDERED = ("integer", "decimal", "double", "date", "timestamp", "string", "text", "slug", "email")
TEXTS = ("string", "text", "slug", "email", "token")
NUMBERS = ("integer", "decimal", "double")
LITERALS: dict[str, tuple[str, ...]] = {
    "integer": ("0", "1", "3", "-2", "40"),
    "decimal": ("1.50", "0.0", "2", "-0.25"),
    "double": ("0.5", "1.0", "-2.5"),
    "boolean": ("true", "false"),
    "date": ("date('2026-02-03')", "date(now)", "date('2024-02-29')"),
    "timestamp": ("now", "timestamp('2026-01-02T03:04:05Z')", "now - duration('90m')"),
    "string": ("'a'", "'m'", "''", "'it\\'s'", "'é'", "'%_'"),
    "text": ("'a'", "'some words'", "''"),
    "slug": ("'a-b'",),
    "email": ("'ann@example.com'",),
    "token": ("'abc'",),
}


@dataclass
class Spot:
    """A field of a random entity: what expressions have to know about it."""

    name: str
    kind: str
    nullable: bool = False
    target: str = ""
    values: tuple[str, ...] = ()
    element: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    given: bool = False  # the system gives it a value

    @property
    def optional(self) -> bool:
        """Whether a row can be created without a word about it."""
        return (
            self.nullable
            or self.given
            or "default" in self.spec
            or self.kind in ("slug", "token", "states", "refs")
        )


@dataclass
class Kind:
    """A random entity."""

    name: str
    spots: list[Spot]
    key: list[str]
    spec: dict[str, Any]
    inverses: dict[str, str] = field(default_factory=dict)  # name of the relation -> entity of its rows
    conditions: list[str] = field(default_factory=list)  # computed values that are booleans
    key_kind: str = "uuid"

    def spot(self, name: str) -> Spot | None:
        """The field of that name."""
        return next((each for each in self.spots if each.name == name), None)

    @property
    def binding(self) -> str:
        """What a step that finds one row calls it."""
        return self.name[0].lower() + self.name[1:]


@dataclass
class Words:
    """What an expression may name: rows, and values by their kind."""

    rows: dict[str, str] = field(default_factory=dict)  # name -> entity, not null
    values: dict[str, Spot] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)  # name -> entity of rows
    caller: str = ""
    time: bool = True

    def with_row(self, name: str, entity: str) -> Words:
        """The same, with another row."""
        return Words({**self.rows, name: entity}, self.values, self.lists, self.caller, self.time)


class Expressions:
    """Writes expressions about these entities."""

    def __init__(self, rng: Random, kinds: dict[str, Kind]) -> None:
        self.rng = rng
        self.kinds = kinds
        self._names = 0

    def condition(self, words: Words, depth: int = 2) -> str:
        """Something that is true or false."""
        rng = self.rng
        if depth > 0 and rng.random() < 0.35:
            match rng.randrange(5):
                case 0:
                    return f"{self.condition(words, depth - 1)} && {self.condition(words, depth - 1)}"
                case 1:
                    return f"({self.condition(words, depth - 1)} || {self.condition(words, depth - 1)})"
                case 2:
                    return f"!({self.condition(words, depth - 1)})"
                case 3:
                    parts = [self.condition(words, depth - 1) for _ in range(3)]
                    return "({} ? {} : {})".format(*parts)
                case _:
                    return f"({self.condition(words, depth - 1)}) == ({self.condition(words, depth - 1)})"
        options = [self._of_row] * 6 if words.rows else []
        options += [self._of_value] * 3 if words.values else []
        options += [self._of_list] * 2 if words.lists else []
        options += [self._of_caller] * 2 if words.caller else []
        return rng.choice(options)(words, depth) if options else rng.choice(("true", "1 < 2"))

    def _of_caller(self, words: Words, depth: int) -> str:
        rng = self.rng
        people = [name for name, entity in words.rows.items() if entity == words.caller]
        if people and rng.random() < 0.5:
            return f"{rng.choice(people)} == caller"
        fields = [
            s for s in self.kinds[words.caller].spots if s.kind in ("boolean", "enum") and not s.nullable
        ]
        if not fields or rng.random() < 0.3:
            return rng.choice(("caller != null", "caller == null"))
        spot = rng.choice(fields)
        return (
            f"caller.{spot.name}"
            if spot.kind == "boolean"
            else f"caller.{spot.name} == '{rng.choice(spot.values)}'"
        )

    def _of_row(self, words: Words, depth: int) -> str:
        name = self.rng.choice(list(words.rows))
        return self._about(name, self.kinds[words.rows[name]], words, depth, nullable=False)

    def _about(self, row: str, kind: Kind, words: Words, depth: int, *, nullable: bool) -> str:
        rng = self.rng
        options: list[str] = []
        for spot in kind.spots:
            path = f"{row}.{spot.name}"
            maybe = spot.nullable or nullable
            if spot.kind == "ref":
                if maybe:
                    options.append(f"{path} {rng.choice(('==', '!='))} null")
                same = [n for n, e in words.rows.items() if e == spot.target and n != row]
                options += [f"{path} == {n}" for n in same] * 2
                if spot.target == words.caller:
                    options += [f"{path} == caller"] * 2
                if depth > 0:
                    options.append(
                        self._about(path, self.kinds[spot.target], words, depth - 1, nullable=maybe)
                    )
            elif spot.kind == "refs":
                options.append(self._many(path, spot.target, words, depth))
            elif spot.kind == "list":
                options.append(f"size({path}) > 1")
                if spot.element in LITERALS:
                    options.append(f"{rng.choice(LITERALS[spot.element])} in {path}")
                    options.append(
                        f"{path}.exists(x9, {self._compared('x9', Spot('x9', spot.element), words)})"
                    )
            elif spot.kind not in ("password", "bytes", "json", "uuid"):
                options.append(
                    self._compared(path, Spot(spot.name, spot.kind, maybe, values=spot.values), words)
                )
                others = [
                    f"{n}.{s.name}"
                    for n, e in words.rows.items()
                    for s in self.kinds[e].spots
                    if s.kind == spot.kind and s.kind in ORDERED and (n, s) != (row, spot)
                ]
                if others and spot.kind in ORDERED:
                    options.append(f"{path} {rng.choice(('<', '==', '>='))} {rng.choice(others)}")
            elif maybe and spot.kind != "password":
                options.append(f"{path} {rng.choice(('==', '!='))} null")
        if not nullable:
            options += [f"{row}.{name}" for name in kind.conditions]
            options += [
                self._many(f"{row}.{name}", entity, words, depth) for name, entity in kind.inverses.items()
            ]
        elif kind.conditions:
            options += [f"{row}.{name} == true" for name in kind.conditions]
        return rng.choice(options) if options else "true"

    def _many(self, rows: str, entity: str, words: Words, depth: int) -> str:
        rng = self.rng
        name = self.fresh()
        inner = self.condition(words.with_row(name, entity), depth - 1) if depth > 0 else "true"
        match rng.randrange(6):
            case 0 | 1 if inner != "true":
                return f"{rows}.exists({name}, {inner})"
            case 2 if inner != "true":
                return f"{rows}.all({name}, {inner})"
            case 3 if inner != "true":
                return (
                    f"size({rows}.filter({name}, {inner})) {rng.choice(('<', '>', '=='))} {rng.randrange(3)}"
                )
            case 4:
                numbers = [s for s in self.kinds[entity].spots if s.kind == "integer"]
                if numbers:
                    call = rng.choice(("sum() > 3", "max() < 9", "min() == 1", "max().orValue(0) < 5"))
                    return f"{rows}.map({name}, {name}.{rng.choice(numbers).name}).{call}"
        return f"size({rows}) {rng.choice(('<', '>', '=='))} {rng.randrange(3)}"

    def _of_list(self, words: Words, depth: int) -> str:
        name = self.rng.choice(list(words.lists))
        return self._many(name, words.lists[name], words, depth)

    def _of_value(self, words: Words, depth: int) -> str:
        name = self.rng.choice(list(words.values))
        return self._compared(name, words.values[name], words)

    def _compared(self, path: str, spot: Spot, words: Words) -> str:
        """A comparison of a value of that kind with another."""
        rng = self.rng
        if spot.nullable and rng.random() < 0.3:
            return f"{path} {rng.choice(('==', '!='))} null"
        match spot.kind:
            case "boolean":
                return f"{path} == {rng.choice(('true', 'false'))}" if spot.nullable else path
            case "enum" | "states":
                if rng.random() < 0.5:
                    return f"{path} {rng.choice(('==', '!='))} '{rng.choice(spot.values)}'"
                return f"{path} in ['{rng.choice(spot.values)}', '{rng.choice(spot.values)}']"
            case kind if kind in TEXTS and rng.random() < 0.4:
                return (
                    rng.choice(
                        (
                            f"{path}.startsWith('a')",
                            f"{path}.contains('e')",
                            f"{path}.lowerAscii() == 'm'",
                            f"size({path}) > 2",
                            f"{path}.trim().endsWith('s')",
                            f"{path} + 'x' > 'b'",
                        )
                    )
                    if not spot.nullable
                    else f"{path}.orValue('b').contains('b')"
                )
            case kind if kind in LITERALS:
                sign = rng.choice(("==", "!=", "<", "<=", ">", ">="))
                left = (
                    f"{path} {rng.choice(('+ 1', '* 2', '/ 2', '% 3'))}"
                    if kind == "integer" and rng.random() < 0.2
                    else path
                )
                right = rng.choice(LITERALS[kind])
                return (
                    f"{left} {sign} {right}"
                    if words.time or "now" not in right
                    else f"{left} {sign} {LITERALS[kind][-2]}"
                )
            case "uuid" | "ref" | "list" | "bytes" | "json":
                return f"{path} == {path}" if spot.kind == "uuid" else "1 < 2"
            case _:
                return "true"

    def value(self, spot: Spot, words: Words, depth: int = 1) -> str:
        """A value for that field."""
        rng = self.rng
        options: list[str] = []
        for name, entity in words.rows.items():
            if spot.kind == "ref" and entity == spot.target:
                options += [name] * 6
            options += [f"{name}.{s.name}" for s in self.kinds[entity].spots if self._fits(s, spot)]
        options += [name for name, s in words.values.items() if self._fits(s, spot)] * 6
        if spot.kind == "ref" and spot.target == words.caller:
            options += ["caller"] * 2
        if spot.nullable:
            options.append("null")
        match spot.kind:
            case "enum" | "states":
                options.append(f"'{rng.choice(spot.values)}'")
            case "list":
                options += (
                    ["[]"] if spot.element not in LITERALS else [f"[{LITERALS[spot.element][0]}]", "[]"]
                )
            case kind if kind in LITERALS:
                options.append(rng.choice(LITERALS[kind]))
                if kind == "integer" and words.lists:
                    options.append(f"size({rng.choice(list(words.lists))})")
                if kind == "string" and words.rows:
                    options += [f"{o} + '!'" for o in options[:1] if o != "null"]
            case "json":
                options.append("null") if spot.nullable else None
            case _:
                pass
        if spot.kind in ("json", "bytes", "uuid") and not options:
            return "null"
        chosen = rng.choice(options) if options else "null"
        if depth and rng.random() < 0.1 and len(options) > 1:
            return f"({self.condition(words, 1)}) ? {chosen} : {rng.choice(options)}"
        return chosen

    def _fits(self, source: Spot, wanted: Spot) -> bool:
        if source.nullable and not wanted.nullable:
            return False
        texts = source.kind in TEXTS and wanted.kind in ("string", "text")
        return (source.kind == wanted.kind or texts) and (source.target, source.values, source.element) == (
            wanted.target,
            wanted.values,
            wanted.element,
        )

    def number(self, rows: str, entity: str) -> str:
        """A value that is computed of rows."""
        rng = self.rng
        name = self.fresh()
        spots = [s for s in self.kinds[entity].spots if s.kind in ORDERED]
        if spots and rng.random() < 0.7:
            spot = rng.choice(spots)
            calls = ["min()", "max()", "distinct().sort()"]
            calls += ["sum()", "avg()"] if spot.kind in ("integer", "decimal") else []
            return f"{rows}.map({name}, {name}.{spot.name}).{rng.choice(calls)}"
        return f"size({rows})"

    def fresh(self) -> str:
        """A name that no macro has yet."""
        self._names += 1
        return f"m{self._names}"
