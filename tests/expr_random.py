"""Random well-typed expressions as source text, made from the type that is wanted: every construct of the language.

A list that was made from rows has no order of its own, so where a list is the result it is sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from expr_world import ENTITIES, FIELDS, INVERSES, MOODS, SCOPE, list_of, row_of
from hypothesis import strategies as st

from backwright.expr.scope import Scope
from backwright.expr.typed import Type

Draw = Any
DEEPEST = 3  # macros inside each other

SCALARS = ("string", "integer", "decimal", "double", "boolean", "date", "timestamp", "enum", "uuid", "entity")
ORDERED = ("string", "integer", "decimal", "double", "date", "timestamp")
KINDS: dict[str, Type] = {
    "string": Type("string", True),
    "integer": Type("integer", True),
    "decimal": Type("decimal", True, scale=2),
    "double": Type("double", True),
    "boolean": Type("boolean"),
    "date": Type("date", True),
    "timestamp": Type("timestamp", True),
    "enum": Type("enum", True, values=MOODS),
    "uuid": Type("uuid", True),
}
LITERALS: dict[str, tuple[str, ...]] = {
    "string": ("''", "'a'", "'B'", "'it\\'s :x'", '"é😀"', "'%_\\\\'"),
    "integer": ("0", "1", "2", "-3", "7", "9223372036854775807", "-9223372036854775808"),
    "decimal": ("decimal(0)", "decimal(1.5)", "decimal(-0.25)", "decimal(3)", "decimal(123456789012345.678)"),
    "double": ("0.0", "1.5", "-0.1", "2e3", "1e308", "double(3)"),
    "boolean": ("true", "false"),
    "date": ("date('2026-03-01')", "date('2024-02-29')", "date('0001-01-01')"),
    "timestamp": (
        "now",
        "timestamp('2026-03-01T12:30:00Z')",
        "timestamp('2026-03-01T12:30:00.000001+01:00')",
    ),
}
BARE = {
    "decimal": ("1", "1.50", "-0.25"),
    "enum": tuple(f"'{mood}'" for mood in MOODS),
    "double": ("1", "-2.5"),
}
"""Literals that take their type from the value beside them."""
DURATIONS = ("duration('1s')", "duration('1h30m')", "duration('1d')", "duration('0s')")


def random_expression(draw: Draw, scope: Scope, type: Type, size: int) -> str:
    """The text of an expression of this type, composed at most `size` times in each of its parts.

    A nullable type allows null, another rules it out. `scope` is `expr_world.SCOPE`, or one that has no less.
    """
    return _Writer(draw, scope, {}, 0).value(type, size)


@st.composite
def expressions(draw: Draw, type: Type, size: int = 3, scope: Scope = SCOPE) -> str:
    """`random_expression` as a strategy."""
    return random_expression(draw, scope, type, size)


@st.composite
def typed_expressions(draw: Draw, size: int = 3, scope: Scope = SCOPE) -> tuple[Type, str]:
    """An expression of any type, with the type that it was asked to have."""
    kind = draw(st.sampled_from([*KINDS, "boolean", "entity", "list", "rows"]))
    match kind:
        case "entity":
            wanted = row_of(draw(st.sampled_from(ENTITIES)), True)
        case "list":
            element = draw(st.sampled_from(ORDERED))
            wanted = list_of(KINDS[element], True)
        case "rows":
            wanted = Type("rows", entity=draw(st.sampled_from(ENTITIES)))
        case _:
            wanted = KINDS[kind]
    return wanted, random_expression(draw, scope, wanted, size)


class _Writer:
    """Writes parts of an expression. `variables` are those of the macros around them, `macros` how many."""

    def __init__(self, draw: Draw, scope: Scope, variables: Mapping[str, Type], macros: int) -> None:
        self.draw = draw
        self.scope = scope
        self.variables = variables
        self.macros = macros

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def value(self, wanted: Type, size: int) -> str:
        match wanted:
            case Type(kind="boolean", nullable=False):
                return self.condition(size)
            case Type(kind="rows", entity=str(entity)):
                return self.rows(entity, size)
            case Type(kind="list", element=Type() as element):
                return self.list(element, size, wanted.nullable, ordered=True)
            case _:
                return self.scalar(wanted, size)

    def certain(self, kind: str, nullable: bool) -> Type:
        found = KINDS[kind]
        return Type(kind=found.kind, nullable=nullable, values=found.values, scale=found.scale)  # type: ignore[arg-type]

    # Leaves ----------------------------------------------------------------------------------------------

    def roots(self) -> dict[str, Type]:
        found = {"this": row_of(self.scope.this or "", False), **self.scope.bindings, **self.variables}
        if self.scope.caller is not None:
            found["caller"] = row_of(self.scope.caller, True)
        found |= {f"params.{name}": kind for name, kind in self.scope.params.items()}
        found |= {f"session.{name}": kind for name, kind in self.scope.session.items()}
        if self.scope.selection is not None:
            found["items"] = Type("rows", entity=self.scope.selection[1])
            found |= {"total": Type("integer"), "next": Type("string", True)}
        return found

    def paths(self, fits: Callable[[Type], bool], hops: int = 2) -> list[str]:
        """Every path of so many hops to a value that fits; those behind null are nullable."""
        found, level = [], self.roots()
        for _ in range(hops + 1):
            found += [path for path, kind in level.items() if fits(kind)]
            level = {
                f"{path}.{name}": self.behind(kind, reached)
                for path, kind in level.items()
                for name, reached in self.members(kind)
            }
        return found

    def members(self, kind: Type) -> list[tuple[str, Type]]:
        """What is reached from a row or an object by one name."""
        if kind.kind == "record":
            return list(kind.members)
        found = [(name, reached) for (of, name), reached in FIELDS.items() if of == kind.entity]
        return found if kind.kind == "entity" else []

    def behind(self, of: Type, kind: Type) -> Type:
        return (
            kind if kind.kind == "rows" or not of.nullable else msgspec.structs.replace(kind, nullable=True)
        )

    def leaf(self, wanted: Type) -> str:
        def fits(kind: Type) -> bool:
            same = kind.kind == wanted.kind and kind.entity == wanted.entity
            return same and (wanted.nullable or not kind.nullable)

        paths = self.paths(fits)
        literals = LITERALS.get(wanted.kind, ())
        if literals and (not paths or self.draw(st.integers(0, 3)) == 0):
            return str(self.one(literals))
        return str(self.one(paths))

    # Conditions ------------------------------------------------------------------------------------------

    def condition(self, size: int) -> str:
        if size <= 0:
            return self.leaf(Type("boolean"))
        forms: list[Callable[[int], str]] = [
            self.comparison,
            self.comparison,
            self.null_test,
            self.logic,
            self.negation,
            self.listed,
            self.within,
            self.text_test,
            self.chosen_condition,
        ]
        if self.macros < DEEPEST:
            forms += [self.quantified, self.quantified]
        return str(self.one(forms)(size - 1))

    def comparison(self, size: int) -> str:
        kind = self.one(SCALARS)
        op = self.one(("==", "!=", "<", "<=", ">", ">=") if kind in ORDERED else ("==", "!="))
        left, right = self.two_of(kind, size)
        return f"({left} {op} {right})"

    def two_of(self, kind: str, size: int) -> tuple[str, str]:
        wanted = row_of(self.one(ENTITIES), True) if kind == "entity" else KINDS[kind]
        left = self.value(wanted, size)
        if kind in BARE and self.draw(st.booleans()):
            return self.leaf(wanted), str(self.one(BARE[kind]))
        return left, self.value(wanted, size)

    def null_test(self, size: int) -> str:
        """Only what may be null is compared with it. An element of a list may be of a kind that never is."""
        unsure = tuple(name for name, kind in self.variables.items() if kind.nullable)
        paths = [
            path for path in self.paths(lambda kind: kind.nullable) if path.partition(".")[0] not in unsure
        ]
        return f"({self.one(paths)} {self.one(('==', '!='))} null)"

    def logic(self, size: int) -> str:
        op = self.one(("&&", "||"))
        return f"({self.condition(size)} {op} {self.condition(size)})"

    def negation(self, size: int) -> str:
        return f"!({self.condition(size)})"

    def chosen_condition(self, size: int) -> str:
        return f"({self.condition(size)} ? {self.condition(size)} : {self.condition(size)})"

    def listed(self, size: int) -> str:
        kind = self.one(("string", "integer", "decimal", "date", "enum", "entity"))
        if kind == "enum":
            options = ", ".join(self.draw(st.lists(st.sampled_from(BARE["enum"]), min_size=1, max_size=3)))
            return f"({self.leaf(KINDS['enum'])} in [{options}])"
        item = self.two_of(kind, size)[0] if kind != "entity" else None
        wanted = row_of(self.one(ENTITIES), True) if item is None else KINDS[kind]
        options = ", ".join(self.value(wanted, size - 1) for _ in range(self.draw(st.integers(1, 3))))
        return f"({item or self.value(wanted, size)} in [{options}])"

    def within(self, size: int) -> str:
        match self.draw(st.integers(0, 3)):
            case 0:
                entity = self.one(ENTITIES)
                return f"({self.value(row_of(entity, True), size)} in {self.rows(entity, size)})"
            case 1:
                lists = self.paths(
                    lambda kind: kind.kind == "list" and (kind.element or kind).entity == "User"
                )
                return f"({self.value(row_of('User', True), size)} in {self.one(lists)})"
            case _:
                pass
        kind = self.one(("string", "integer", "decimal", "date"))
        return f"({self.value(KINDS[kind], size)} in {self.list(KINDS[kind], size, True, ordered=False)})"

    def text_test(self, size: int) -> str:
        text, sought = self.value(KINDS["string"], size), self.value(KINDS["string"], size - 1)
        return f"{text}.{self.one(('startsWith', 'endsWith', 'contains'))}({sought})"

    def quantified(self, size: int) -> str:
        of, element = self.many(size)
        return self.macro(of, element, self.one(("exists", "all")), lambda inner: inner.condition(size))

    def many(self, size: int) -> tuple[str, Type]:
        """Rows, or a list, with the type of what a variable stands for."""
        match self.draw(st.integers(0, 5)):
            case 0 | 1 | 2:
                entity = self.one((*ENTITIES, "Seat"))
                return self.rows(entity, size), row_of(entity)
            case 3:
                paths = self.paths(
                    lambda kind: kind.kind == "list" and (kind.element or kind).kind == "record"
                )
                return self.one(paths), self.scope.params["first"]
            case 4:
                paths = self.paths(
                    lambda kind: (
                        kind.kind == "list" and (kind.element or kind).entity == "User" and not kind.nullable
                    )
                )
                return self.one(paths), row_of("User")
            case _:
                pass
        return self.list_of_known(self.one(("string", "integer", "decimal", "date")), size)

    def list_of_known(self, kind: str, size: int) -> tuple[str, Type]:
        return self.list(KINDS[kind], size, True, ordered=False), KINDS[kind]

    def macro(self, of: str, element: Type, name: str, inside: Callable[[_Writer], str]) -> str:
        variable = f"v{len(self.variables)}"
        inner = _Writer(self.draw, self.scope, {**self.variables, variable: element}, self.macros + 1)
        return f"{of}.{name}({variable}, {inside(inner)})"

    # Scalars ---------------------------------------------------------------------------------------------

    def scalar(self, wanted: Type, size: int) -> str:
        if size <= 0 or self.draw(st.integers(0, 3)) == 0:
            return self.leaf(wanted)
        nullable = wanted.nullable
        forms: list[Callable[[int], str]] = [lambda size: self.chosen(wanted, size)]
        if nullable and wanted.kind in ORDERED:
            forms.append(lambda size: self.least_or_greatest(wanted.kind, size))
        match wanted.kind:
            case "integer":
                forms += [lambda size: self.integer(nullable, size)] * 3
            case "decimal":
                forms += [lambda size: self.decimal(nullable, size)] * 3
            case "double":
                forms += [lambda size: self.double(nullable, size)] * 3
            case "string":
                forms += [lambda size: self.string(nullable, size)] * 3
            case "date":
                forms.append(lambda size: f"date({self.scalar(self.certain('timestamp', nullable), size)})")
            case "timestamp":
                forms += [lambda size: self.timestamp(nullable, size)] * 2
            case _:
                pass
        return str(self.one(forms)(size - 1))

    def chosen(self, wanted: Type, size: int) -> str:
        return f"({self.condition(size)} ? {self.value(wanted, size)} : {self.value(wanted, size)})"

    def least_or_greatest(self, kind: str, size: int) -> str:
        of, name = self.list(KINDS[kind], size, True, ordered=False), self.one(("min", "max"))
        return f"{of}.{name}()" if self.draw(st.booleans()) else f"{name}({of})"

    def arithmetic(self, kind: str, nullable: bool, size: int, ops: tuple[str, ...]) -> str:
        """Division is by a number that is written down where null is ruled out."""
        wanted, op = self.certain(kind, nullable), self.one(ops)
        right = self.scalar(wanted, size)
        if op in ("/", "%") and not nullable:
            right = {"integer": "2", "decimal": "decimal(1.5)", "double": "2.5"}[kind]
        return f"({self.scalar(wanted, size)} {op} {right})"

    def integer(self, nullable: bool, size: int) -> str:
        match self.draw(st.integers(0, 5)):
            case 0:
                return f"size({self.scalar(self.certain('string', nullable), size)})"
            case 1:
                return f"size({self.rows(self.one(ENTITIES), size)})"
            case 2:
                of = self.list(KINDS["integer"], size, nullable, ordered=False)
                return f"{of}.size()" if self.draw(st.booleans()) else f"sum({of})"
            case 3:
                return f"-({self.scalar(self.certain('integer', nullable), size)})"
            case 4:
                return f"int({self.scalar(self.certain('double', nullable), size)})"
            case _:
                return self.arithmetic("integer", nullable, size, ("+", "-", "*", "/", "%"))

    def decimal(self, nullable: bool, size: int) -> str:
        match self.draw(st.integers(0, 5)):
            case 0:
                return f"{self.list(KINDS['decimal'], size, nullable, ordered=False)}.sum()"
            case 1 if nullable:
                kind = self.one(("integer", "decimal"))
                return f"{self.list(KINDS[kind], size, True, ordered=False)}.avg()"
            case 2:
                whole = self.scalar(self.certain("integer", nullable), size)
                # A literal is held to 18 digits when it is read; a computed number when it is computed.
                literal = whole.lstrip("-").isdigit() and len(whole.lstrip("-")) > 18
                return "decimal(7)" if literal else f"decimal({whole})"
            case 3:
                # A literal beside a decimal is one itself, and so are those inside of ?: there.
                number = self.leaf(self.certain("integer", nullable))
                number = "7" if number.lstrip("-").isdigit() else number
                return f"({self.scalar(self.certain('decimal', nullable), size)} {self.one('+-*')} {number})"
            case 4:
                return f"({self.scalar(self.certain('decimal', nullable), size)} * 1.5)"
            case _:
                return self.arithmetic("decimal", nullable, size, ("+", "-", "*", "/"))

    def double(self, nullable: bool, size: int) -> str:
        match self.draw(st.integers(0, 3)):
            case 0:
                number = self.scalar(self.certain(self.one(("integer", "decimal")), nullable), size)
                # A literal has to be a double already; a computed number becomes the nearest one.
                literal = number.lstrip("-").isdigit() and len(number.lstrip("-")) > 15
                return "double(7)" if literal else f"double({number})"
            case 1:
                return f"-({self.scalar(self.certain('double', nullable), size)})"
            case _:
                return self.arithmetic("double", nullable, size, ("+", "-", "*", "/"))

    def string(self, nullable: bool, size: int) -> str:
        wanted = self.certain("string", nullable)
        match self.draw(st.integers(0, 3)):
            case 0:
                return f"({self.scalar(wanted, size)} + {self.scalar(wanted, size)})"
            case 1:
                return f"{self.scalar(wanted, size)}.{self.one(('lowerAscii', 'upperAscii', 'trim'))}()"
            case 2:
                kind = self.one(
                    ("integer", "decimal", "date", "timestamp", "uuid", "enum", "boolean", "entity")
                )
                certain = self.certain(kind, nullable) if kind in KINDS else row_of("User", nullable)
                return f"string({self.leaf(certain) if kind == 'enum' else self.value(certain, size)})"
            case _:
                entity = self.one(("User", "Label", "Team"))
                certain = row_of(entity, nullable)
                return f"({self.scalar(wanted, size)} + string({self.value(certain, size)}))"

    def timestamp(self, nullable: bool, size: int) -> str:
        if self.draw(st.booleans()):
            return f"timestamp({self.scalar(self.certain('date', nullable), size)})"
        moved = self.scalar(self.certain("timestamp", nullable), size)
        return f"({moved} {self.one('+-')} {self.one(DURATIONS)})"

    # Rows and lists --------------------------------------------------------------------------------------

    def rows(self, entity: str, size: int) -> str:
        sources = [entity]
        for (of, name), (holder, _) in INVERSES.items():
            if holder == entity:
                wanted = row_of(of)
                one = self.paths(
                    lambda kind, wanted=wanted: (kind.kind, kind.entity) == ("entity", wanted.entity), 1
                )
                sources += [f"{path}.{name}" for path in one]
        sources += self.paths(lambda kind: kind.kind == "rows" and kind.entity == entity)
        found = str(self.one(sources))
        if size <= 0 or self.macros >= DEEPEST or self.draw(st.booleans()):
            return found
        return self.macro(found, row_of(entity), "filter", lambda inner: inner.condition(size - 1))

    def list(self, element: Type, size: int, nullable: bool, *, ordered: bool) -> str:
        """A list of such elements. In one that is `ordered` the order is the same wherever it is computed."""
        stored = self.paths(
            lambda kind: (
                kind.kind == "list"
                and kind.element is not None
                and kind.element.kind == element.kind
                and (nullable or not kind.nullable)
            ),
            1,
        )
        if size <= 0 and stored:
            return str(self.one(stored))
        forms: list[Callable[[int], str]] = [lambda size: self.written(element, size)]
        if stored:
            forms.append(lambda size: str(self.one(stored)))
        if element.kind in ORDERED:
            forms.append(lambda size: f"{self.list(element, size, nullable, ordered=False)}.sort()")
        if size > 0:
            forms += self.composed(element, nullable, ordered)
        return str(self.one(forms)(size - 1))

    def composed(self, element: Type, nullable: bool, ordered: bool) -> list[Callable[[int], str]]:
        def same(size: int) -> str:
            return self.list(element, size, nullable, ordered=ordered)

        def chosen(size: int) -> str:
            return f"({self.condition(size)} ? {same(size)} : {same(size)})"

        found: list[Callable[[int], str]] = [chosen, lambda size: f"{same(size)}.distinct()"]
        if self.macros >= DEEPEST:
            return found
        found.append(
            lambda size: self.macro(same(size), element, "filter", lambda inner: inner.condition(size))
        )
        kind = self.one(("string", "integer", "decimal", "date"))
        found.append(
            lambda size: self.macro(
                self.list(KINDS[kind], size, nullable, ordered=ordered),
                KINDS[kind],
                "map",
                lambda inner: inner.value(element, size),
            )
        )
        if not ordered:
            found += [lambda size: self.mapped(element, size), lambda size: self.flattened(element, size)]
        return found

    def mapped(self, element: Type, size: int) -> str:
        of, found = self.many(size)
        return self.macro(of, found, "map", lambda inner: inner.value(element, size))

    def flattened(self, element: Type, size: int) -> str:
        entity = self.one(ENTITIES)
        found = self.macro(
            self.rows(entity, size),
            row_of(entity),
            "map",
            lambda inner: inner.list(element, size, False, ordered=False),
        )
        return f"{found}.flatten()"

    def written(self, element: Type, size: int) -> str:
        """`[a, b]`; a certain first element gives the others their type."""
        items = [self.value(element, size) for _ in range(self.draw(st.integers(1, 3)))]
        return f"[{', '.join(items)}]"


__all__ = ["SCOPE", "expressions", "random_expression", "typed_expressions"]
