"""Whether one condition implies another, decided by their logic alone: a truth table over what they are made of.

Comparisons and the like are atoms, of which nothing is known but that equal ones are equal. So an implication that is
found holds for every row and caller; one that is not found may hold all the same, for a reason that lies in the atoms.
What an atom is, and that it is not `!` of its opposite, follows LANGUAGE's semantics 6: `!(a < b)` is not `a >= b`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import msgspec

MOST_ATOMS = 12
"""Beyond 4,096 rows of the table nothing is decided."""

Plain = dict[str, Any]
_MIRRORED = {">": "<", ">=": "<="}


def implies(before: Any, after: Any) -> bool | None:
    """Whether `after` holds wherever `before` does, both as plain values; None where there are too many atoms."""
    former, later = normal(before), normal(after)
    atoms = sorted({*_atoms(former), *_atoms(later)})
    if len(atoms) > MOST_ATOMS:
        return None
    follows = list(_following(atoms))
    for truth in product((False, True), repeat=len(atoms)):
        table = dict(zip(atoms, truth, strict=True))
        if any(table[one] and not table[other] for one, other in follows):
            continue
        if _consistent(table) and _holds(former, table) and not _holds(later, table):
            return False
    return True


def same_variables(value: Any, names: Mapping[str, str] | None = None) -> Any:
    """The value with the variables of its macros called by how deep they stand: what they are called says nothing."""
    known = names or {}
    match value:
        case list():
            return [same_variables(each, known) for each in value]
        case {"node": "Name", "root": "variable", "binding": str() as name}:
            return {**value, "binding": known.get(name, name)}
        case {"node": str(), "of": of, "variable": str() as name}:
            later = f"#{len(known)}"
            inside = {**known, name: later}
            return {
                key: same_variables(each, known if key == "of" else inside) for key, each in value.items()
            } | {"of": same_variables(of, known), "variable": later}
        case dict():
            return {key: same_variables(each, known) for key, each in value.items()}
        case _:
            return value


def normal(condition: Any) -> Plain:
    """The condition with one way to write each thing: `!=` as `!` of `==`, `>` as `<`, `in [a, b]` as `||`."""
    match condition:
        case {"node": "And" | "Or" as node, "parts": parts}:
            return {"node": node, "parts": [normal(part) for part in parts]}
        case {"node": "Not", "of": of}:
            return {"node": "Not", "of": normal(of)}
        case {"node": "In", "item": item, "options": options}:
            return {"node": "Or", "parts": [_equal(item, option) for option in options]}
        case {"node": "Compare", "op": "==", "left": left, "right": right}:
            return _equal(left, right)
        case {"node": "Compare", "op": "!=", "left": left, "right": right}:
            return {"node": "Not", "of": _equal(left, right)}
        case {"node": "Compare", "op": ">" | ">=" as op, "left": left, "right": right}:
            return {**condition, "op": _MIRRORED[op], "left": right, "right": left}
        case {"node": "Conditional", "when": when, "then": then, "otherwise": otherwise}:
            chosen, not_chosen = normal(when), {"node": "Not", "of": normal(when)}
            ways = [(chosen, then), (not_chosen, otherwise)]
            return {
                "node": "Or",
                "parts": [{"node": "And", "parts": [held, normal(value)]} for held, value in ways],
            }
        case _:
            return dict(condition)


def _equal(left: Any, right: Any) -> Plain:
    one, other = sorted((left, right), key=_text)
    if _is_boolean_constant(one) or _is_boolean_constant(other):
        constant, of = (one, other) if _is_boolean_constant(one) else (other, one)
        held = normal(of)
        nullable = of.get("type", {}).get("nullable", False) if isinstance(of, dict) else True
        if not nullable:
            return held if constant["value"] else {"node": "Not", "of": held}
    return {"node": "Compare", "op": "==", "left": one, "right": other}


def _is_boolean_constant(value: Any) -> bool:
    return (
        isinstance(value, dict) and value.get("node") == "Constant" and isinstance(value.get("value"), bool)
    )


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _atoms(condition: Plain) -> Iterator[str]:
    match condition:
        case {"node": "And" | "Or", "parts": parts}:
            for part in parts:
                yield from _atoms(part)
        case {"node": "Not", "of": of}:
            yield from _atoms(of)
        case {"node": "Constant"}:
            return
        case _:
            yield _text(condition)


def _holds(condition: Plain, table: Mapping[str, bool]) -> bool:
    match condition:
        case {"node": "And", "parts": parts}:
            return all(_holds(part, table) for part in parts)
        case {"node": "Or", "parts": parts}:
            return any(_holds(part, table) for part in parts)
        case {"node": "Not", "of": of}:
            return not _holds(of, table)
        case {"node": "Constant", "value": value}:
            return value is True
        case _:
            return table[_text(condition)]


def _following(atoms: list[str]) -> Iterator[tuple[str, str]]:
    """Atoms that follow from others: `exists(x, p)` gives `exists(x, q)` where p implies q, and so does `all`."""
    known = [(atom, msgspec.json.decode(atom)) for atom in atoms]
    quantified = [(atom, value) for atom, value in known if value.get("node") == "Quantified"]
    for one, left in quantified:
        for other, right in quantified:
            alike = all(left[key] == right[key] for key in ("quantifier", "of", "variable"))
            if one != other and alike and implies(left["condition"], right["condition"]):
                yield one, other


def _consistent(table: Mapping[str, bool]) -> bool:
    """Whether the atoms can be true together: nothing equals two different constants."""
    found: dict[str, str] = {}
    for atom, held in table.items():
        if not held:
            continue
        match msgspec.json.decode(atom):
            case {"node": "Compare", "op": "==", "left": left, "right": right}:
                constant, of = (left, right) if _is_constant(left) else (right, left)
                told = _value(constant) if _is_constant(constant) and not _is_constant(of) else None
                if told is not None and found.setdefault(_text(of), told) != told:
                    return False
            case _:
                pass
    return True


def _is_constant(value: Any) -> bool:
    return isinstance(value, dict) and value.get("node") == "Constant"


def _value(constant: Any) -> str:
    """A constant's value. Only enums, text, booleans and null are told apart; 1 and 1.0 may be equal."""
    value = constant.get("value")
    return _text(value) if value is None or isinstance(value, bool | str) else ""
