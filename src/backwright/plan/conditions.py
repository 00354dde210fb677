"""A condition in one form: of a few parts whose opposites are exact, whatever way of writing it the author chose.

Null is two-valued (LANGUAGE, semantics 6): `a < b` is read as "neither is null, and not b <= a", so that its opposite
is not `a >= b`. Equality is `<=` both ways; where a kind has no order, any order of its values will do. `all` is no
`exists` of the opposite, `in` is equality with one of them, filters and `map` are conditions of the rows that they are
made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from typing import Literal as OneOf
from uuid import UUID

import msgspec

Plain = dict[str, Any]
Value = Fraction | str


class Known(msgspec.Struct, frozen=True, tag=True):
    """True or false."""

    value: bool


class Held(msgspec.Struct, frozen=True, tag=True):
    """A boolean term is true."""

    term: str


class Null(msgspec.Struct, frozen=True, tag=True):
    """A term is null."""

    term: str


class AtMost(msgspec.Struct, frozen=True, tag=True):
    """`left <= right`, of two terms that are not null; of others it says nothing."""

    left: str
    right: str


class Some(msgspec.Struct, frozen=True, tag=True):
    """One of the `rows` (or elements) satisfies the condition, in which it is called by how deep it stands."""

    rows: str
    condition: Formula


class No(msgspec.Struct, frozen=True, tag=True):
    of: Atom


class Both(msgspec.Struct, frozen=True, tag=True):
    parts: tuple[Formula, ...]


class Either(msgspec.Struct, frozen=True, tag=True):
    parts: tuple[Formula, ...]


Atom = Held | Null | AtMost | Some
Formula = Known | Held | Null | AtMost | Some | No | Both | Either


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a value: `value` is that of a constant, `values` are all that it can be, `unit` its steps.

    Where one of the terms `without` is null, so is this one; `rows` of null there are none.
    """

    kind: str
    nullable: bool = False
    value: Value | None = None
    unit: Fraction | None = None
    least: Fraction | None = None
    values: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """What the variables of macros stand for, and how many macros are around."""

    names: Mapping[str, tuple[Plain, Scope]] = {}
    depth: int = 0

    def inside(self, variable: str, stands_for: tuple[Plain, Scope]) -> Scope:
        """The scope of a macro's condition."""
        return Scope({**self.names, variable: stands_for}, self.depth + 1)


At = tuple[Plain, Scope]
NOWHERE = Scope()


def both(parts: Iterable[Formula]) -> Formula:
    """All of them; each is said once, in one order."""
    return _joined(parts, Both, Known(False))


def either(parts: Iterable[Formula]) -> Formula:
    """One of them."""
    return _joined(parts, Either, Known(True))


def _joined(parts: Iterable[Formula], kind: type[Both] | type[Either], ends: Known) -> Formula:
    flat: set[Formula] = set()
    for part in parts:
        flat |= set(part.parts) if isinstance(part, kind) else {part}
    if ends in flat:
        return ends
    flat.discard(no(ends))
    if len(flat) == 1:
        return flat.pop()
    return kind(tuple(sorted(flat, key=repr))) if flat else no(ends)


def no(formula: Formula) -> Formula:
    """The opposite."""
    match formula:
        case Known(value=value):
            return Known(not value)
        case No(of=of):
            return of
        case Both(parts=parts):
            return either(map(no, parts))
        case Either(parts=parts):
            return both(map(no, parts))
        case _:
            return No(formula)


_NUMBERS = frozenset({"integer", "decimal", "double"})
_ORDERED = frozenset({*_NUMBERS, "date", "timestamp", "duration", "string"})
_CONDITIONS = frozenset({"And", "Or", "Not", "Compare", "In", "Within", "Quantified"})
_FOLLOWS_NULL = frozenset({"Member", "Part", "Convert", "Related", "Linked"})
_SAME_ELEMENTS = frozenset({"Distinct", "Sorted"})


class Reading:
    """Reads conditions, and remembers the terms in them."""

    def __init__(self) -> None:
        self.terms: dict[str, Term] = {}

    def condition(self, value: Plain, scope: Scope = NOWHERE) -> Formula:
        """A boolean expression as a formula."""
        value, scope = _followed((value, scope))
        match value:
            case {"node": "Constant", "value": constant}:
                return Known(constant is True)
            case {"node": "And", "parts": parts}:
                return both(self.condition(part, scope) for part in parts)
            case {"node": "Or", "parts": parts}:
                return either(self.condition(part, scope) for part in parts)
            case {"node": "Not", "of": of}:
                return no(self.condition(of, scope))
            case {"node": "In", "item": item, "options": options}:
                return either(self._equal((item, scope), (option, scope)) for option in options)
            case {"node": "Compare", "op": op, "left": left, "right": right}:
                return self._compared(op, (left, scope), (right, scope))
            case {"node": "Conditional", "when": when, "then": then, "otherwise": otherwise}:
                held = self.condition(when, scope)
                return _chosen(held, self.condition(then, scope), self.condition(otherwise, scope))
            case {"node": "Quantified", "quantifier": word, "of": of, "variable": name, "condition": asked}:
                return self._quantified(word, (of, scope), name, asked)
            case {"node": "Within", "item": item, "of": of}:
                rows, element, held_of_it = self._elements((of, scope))
                return self._some(rows, both([held_of_it, self._equal(element, (item, scope))]))
            case _:
                return Held(self._term((value, scope)))

    # Macros -------------------------------------------------------------------------------------------

    def _quantified(self, quantifier: OneOf["exists", "all"], of: At, name: str, asked: Plain) -> Formula:
        rows, element, held_of_it = self._elements(of)
        condition = self.condition(asked, of[1].inside(name, element))
        if quantifier == "exists":
            return self._some(rows, both([held_of_it, condition]))
        return no(self._some(rows, both([held_of_it, no(condition)])))

    def _some(self, rows: str, condition: Formula) -> Formula:
        return condition if condition == Known(False) else Some(rows, condition)

    def _elements(self, at: At) -> tuple[str, At, Formula]:
        """The rows that a list is made of, what an element of it is of such a row, and what holds of that row."""
        value, scope = _followed(at)
        match value:
            case {"node": "Filtered", "of": of, "variable": name, "condition": asked}:
                rows, element, held = self._elements((of, scope))
                return rows, element, both([held, self.condition(asked, scope.inside(name, element))])
            case {"node": "Mapped", "of": of, "variable": name, "value": made}:
                rows, element, held = self._elements((of, scope))
                return rows, (made, scope.inside(name, element)), held
            case {"node": node, "of": of} if node in _SAME_ELEMENTS:
                return self._elements((of, scope))
            case _:
                kind = value.get("type", {})
                own = kind.get("element") or {"kind": "entity", "entity": kind.get("entity")}
                name = f"#{scope.depth}"
                row = {"node": "Name", "root": "variable", "binding": name, "type": own}
                return self._term((value, scope)), (row, NOWHERE), Known(True)

    # Comparisons --------------------------------------------------------------------------------------

    def _compared(self, op: str, left: At, right: At) -> Formula:
        left, right = _followed(left), _followed(right)
        for here, there, turned in ((left, right, False), (right, left, True)):
            if here[0].get("node") == "Conditional":
                ways = [
                    self._compared(op, *((there, way) if turned else (way, there)))
                    for way in ((here[0]["then"], here[1]), (here[0]["otherwise"], here[1]))
                ]
                return _chosen(self.condition(here[0]["when"], here[1]), *ways)
        counted = self._counted(op, left, right)
        if counted is not None:
            return counted
        match op:
            case "==":
                return self._equal(left, right)
            case "!=":
                return no(self._equal(left, right))
            case ">":
                return self._less(right, left, strictly=True)
            case ">=":
                return self._less(right, left, strictly=False)
            case _:
                return self._less(left, right, strictly=op == "<")

    def _less(self, left: At, right: At, *, strictly: bool) -> Formula:
        nulls = [self._null(left), self._null(right)]
        if Known(True) in nulls:
            return Known(False)
        if _kind(left) not in _ORDERED or _class(left) != _class(right):
            node = {"node": "<" if strictly else "<=", "parts": [self._text(left), self._text(right)]}
            return Held(self._remembered(node, Term(kind="boolean")))
        one, other = self._term(left), self._term(right)
        least = no(self._at_most(other, one)) if strictly else self._at_most(one, other)
        return both([*map(no, nulls), least])

    def _equal(self, left: At, right: At) -> Formula:
        left, right = _followed(left), _followed(right)
        if "Conditional" in (left[0].get("node"), right[0].get("node")):
            return self._compared("==", left, right)
        nulls = self._null(left), self._null(right)
        if Known(True) in nulls:
            return both(nulls)
        if _kind(left) == _kind(right) == "boolean":
            truths = self.condition(*left), self.condition(*right)
            alike = either([both(truths), both(map(no, truths))])
        elif _class(left) != _class(right):
            parts = sorted([self._text(left), self._text(right)])
            return Held(self._remembered({"node": "==", "parts": parts}, Term(kind="boolean")))
        else:
            one, other = self._term(left), self._term(right)
            alike = both([self._at_most(one, other), self._at_most(other, one)])
        return either([both(nulls), both([*map(no, nulls), alike])])

    def _at_most(self, one: str, other: str) -> Formula:
        if one == other:
            return Known(True)
        values = self.terms[one].value, self.terms[other].value
        if values[0] is not None and values[1] is not None:
            return Known(values[0] <= values[1])  # type: ignore[operator]  # of one class
        return AtMost(one, other)

    def _null(self, at: At) -> Formula:
        value, scope = _followed(at)
        match value:
            case {"node": "Constant", "value": constant}:
                return Known(constant is None)
            case {"node": str() as node} if node in _CONDITIONS:
                return Known(False)
            case {"node": "Conditional", "when": when, "then": then, "otherwise": otherwise}:
                ways = self._null((then, scope)), self._null((otherwise, scope))
                return _chosen(self.condition(when, scope), *ways)
            case _:
                return Null(self._term((value, scope)))

    def _counted(self, op: str, left: At, right: At) -> Formula | None:
        """How many rows there are, where only one or none is asked for; None for all else."""
        if left[0].get("node") == "Constant":
            left, right, op = right, left, _MIRRORED.get(op, op)
        size, limit = left[0], right[0].get("value")
        if size.get("node") != "Size" or not isinstance(limit, int) or _kind((size["of"], left[1])) != "rows":
            return None
        asked = {
            n: _OPERATORS[op](n, limit) for n in {0, 1, *(limit + d for d in (-1, 0, 1) if limit + d > 0)}
        }
        if len({held for n, held in asked.items() if n}) > 1:
            return None
        rows, _, held = self._elements((size["of"], left[1]))
        some = self._some(rows, held)
        return either(each for each, held in ((some, asked[1]), (no(some), asked[0])) if held)

    # Terms --------------------------------------------------------------------------------------------

    def _term(self, at: At) -> str:
        value, scope = _followed(at)
        kind = value.get("type", {})
        node = value.get("node")
        above = value.get("of") if node in _FOLLOWS_NULL else None
        without: tuple[str, ...] = ()
        if isinstance(above, dict) and above.get("node") != "Constant":
            name = self._term((above, scope))
            without = (name, *self.terms[name].without)
        word = kind.get("kind", "")
        term = Term(
            kind=word,
            nullable=kind.get("nullable", False),
            value=_value(value.get("value"), word) if node == "Constant" else None,
            unit=_unit(value, word),
            least=Fraction(0) if node == "Size" else None,
            values=frozenset(kind.get("values", ())),
            without=without,
        )
        return self._remembered([_class((value, scope)), self._text((value, scope))], term)

    def _remembered(self, node: object, term: Term) -> str:
        """The term under its name; what is true of one only of those who share it is true of none."""
        name = _encoded(node)
        known = self.terms.get(name, term)
        unit = None if None in (known.unit, term.unit) else min(known.unit, term.unit)  # type: ignore[type-var]
        self.terms[name] = msgspec.structs.replace(
            term,
            nullable=term.nullable or known.nullable,
            unit=unit,
            values=term.values | known.values,
            kind=term.kind if term.kind == known.kind else "decimal",
        )
        return name

    def _text(self, at: At) -> str:
        """The expression as a text that is the same for all ways of writing it that are known here."""
        value, scope = _followed(at)
        node = value.get("node")
        if node in _CONDITIONS:
            return repr(self.condition(value, scope))
        if node == "Constant":
            known = _value(value.get("value"), _kind(at))
            return _encoded([_class(at), str(value.get("value") if known is None else known)])
        variable = value.get("variable")
        inner = scope
        if isinstance(variable, str):
            inner = scope.inside(
                variable, ({"node": "Name", "root": "variable", "binding": f"#{scope.depth}"}, NOWHERE)
            )
        parts: dict[str, Any] = {}
        for key, each in value.items():
            if key in ("type", "variable"):
                continue
            parts[key] = self._written(each, scope if key == "of" else inner)
        if node == "Arithmetic" and value["op"] in ("+", "*") and _kind((value["left"], scope)) in _NUMBERS:
            parts["left"], parts["right"] = sorted([parts["left"], parts["right"]])
        return _encoded(parts)

    def _written(self, value: Any, scope: Scope) -> Any:
        match value:
            case {"node": str()}:
                return self._text((value, scope))
            case list():
                return [self._written(each, scope) for each in value]
            case _:
                return value


_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPERATORS = {
    "==": int.__eq__, "!=": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__,
}  # fmt: skip


def _chosen(held: Formula, then: Formula, otherwise: Formula) -> Formula:
    return either([both([held, then]), both([no(held), otherwise])])


def _followed(at: At) -> At:
    """What a variable stands for; everything else for itself."""
    value, scope = at
    while value.get("node") == "Name" and value.get("root") == "variable" and value["binding"] in scope.names:
        value, scope = scope.names[value["binding"]]
    return value, scope


def _kind(at: At) -> str:
    found: str = _followed(at)[0].get("type", {}).get("kind", "")
    return found


def _class(at: At) -> str:
    """What can be compared with each other: numbers of all kinds; all else with its own kind."""
    kind = _kind(at)
    return "number" if kind in _NUMBERS else kind


def _value(value: Any, kind: str) -> Value | None:
    """A constant on the scale of its kind; None where it has no place there."""
    try:
        match kind:
            case _ if value is None or isinstance(value, bool):
                return None
            case "integer" | "decimal" | "double" | "duration":
                return Fraction(str(value))
            case "date":
                return Fraction(date.fromisoformat(value).toordinal())
            case "timestamp":
                since = datetime.fromisoformat(value).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
                return Fraction((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
            case "uuid":
                return str(UUID(value))
            case "string" | "enum":
                return str(value)
            case _:
                return None
    except ValueError:
        return None


def _unit(value: Plain, kind: str) -> Fraction | None:
    """The steps in which values of a term go: whole numbers, or the digits of a decimal that is stored."""
    match kind, value:
        case (("integer" | "date" | "timestamp" | "duration"), _):
            return Fraction(1)
        case "decimal", {"node": "Member", "type": {"scale": int() as scale}}:
            return Fraction(1, 10**scale)
        case _:
            return None


def _encoded(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def atoms(formula: Formula) -> Iterator[Atom]:
    """What a formula is made of, not going into the conditions of rows."""
    match formula:
        case Known():
            return
        case No(of=of):
            yield of
        case Both(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from atoms(part)
        case _:
            yield formula
