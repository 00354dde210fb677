"""Random views of random entities."""

from __future__ import annotations

from random import Random
from typing import Any

from spec_random_expr import ORDERED, Expressions, Kind, Words

Tree = dict[str, Any]


def views(rng: Random, kinds: dict[str, Kind], writer: Expressions, identity: str) -> Tree:
    """A view or two of some of the entities; a later one may show an earlier one."""
    made: Tree = {}
    for kind in kinds.values():
        if rng.random() < 0.45:
            made[f"{kind.name}Item"] = _view(rng, kind, kinds, writer, made, identity)
        if rng.random() < 0.2 and f"{kind.name}Item" in made:
            more = [
                s.name
                for s in kind.spots
                if s.kind != "password" and s.name not in made[f"{kind.name}Item"]["fields"]
            ]
            view: Tree = {"extends": f"{kind.name}Item"}
            if more:
                view["fields"] = more[:2]
            view["shape"] = {
                "further": shape(rng, Words(rows={"this": kind.name}, caller=identity), kinds, writer, made)
            }
            made[kind.name if rng.random() < 0.4 else f"{kind.name}Whole"] = view
    return made


def _view(
    rng: Random, kind: Kind, kinds: dict[str, Kind], writer: Expressions, made: Tree, identity: str
) -> Tree:
    names = [s.name for s in kind.spots if s.kind != "password"]
    if kind.key_kind in ("uuid", "token") or kind.key == ["id"]:
        names.append(kind.key[0])
    names += list(kind.spec.get("computed", {}))
    view: Tree = {"of": kind.name, "fields": rng.sample(names, rng.randint(1, min(4, len(names))))}
    here = Words(rows={"this": kind.name}, caller=identity)
    members: Tree = {}
    for at in range(rng.randint(0, 3)):
        members[rng.choice(("part", "more", "list", "inner", "x")) + (str(at) if at else "")] = shape(
            rng, here, kinds, writer, made
        )
    itself = [s for s in kind.spots if s.kind == "ref" and s.target == kind.name]
    if itself and rng.random() < 0.5:
        inverse = itself[0].spec["inverse"]
        members["below"] = {
            "each": f"this.{inverse}",
            "view": f"{kind.name}Item",
            "order": order(rng, kind),
            "depth": rng.randint(1, 3),
        }
    if members:
        view["shape"] = members
    if rng.random() < 0.15:
        view["args"] = {"extra": rng.choice(("string", "integer?"))}
        view.setdefault("shape", {})["extra"] = "extra"
    return view


def shape(
    rng: Random, words: Words, kinds: dict[str, Kind], writer: Expressions, made: Tree, depth: int = 2
) -> Any:
    """Something to show about the rows that have these names."""
    row = rng.choice(list(words.rows))
    kind = kinds[words.rows[row]]
    options: list[Any] = [writer.condition(words, 1)]
    for spot in kind.spots:
        path = f"{row}.{spot.name}"
        if spot.kind == "ref":
            options.append(f"{_view_of(rng, spot.target, made)}({path})")
            inner = [s for s in kinds[spot.target].spots if s.kind in ORDERED]
            options += [f"{path}.{s.name}" for s in inner]
        elif spot.kind == "refs":
            options.append(_each(rng, path, spot.target, words, kinds, writer, made, depth))
        elif spot.kind != "password":
            options.append(path)
    for name, entity in kind.inverses.items():
        rows = f"{row}.{name}"
        if rng.random() < 0.3:
            fresh = writer.fresh()
            rows = f"{rows}.filter({fresh}, {writer.condition(words.with_row(fresh, entity), 1)})"
        options += [_each(rng, rows, entity, words, kinds, writer, made, depth)] * 2
        options.append(writer.number(rows, entity))
    if depth > 0 and rng.random() < 0.2:
        return {
            "one": shape(rng, words, kinds, writer, made, depth - 1),
            "two": shape(rng, words, kinds, writer, made, depth - 1),
        }
    return rng.choice(options)


def _view_of(rng: Random, entity: str, made: Tree) -> str:
    fitting = [
        n
        for n, v in made.items()
        if "args" not in v and (v.get("of") == entity or v.get("extends", "").startswith(entity))
    ]
    return rng.choice([entity, *fitting, *fitting])


def _each(
    rng: Random,
    rows: str,
    entity: str,
    words: Words,
    kinds: dict[str, Kind],
    writer: Expressions,
    made: Tree,
    depth: int,
) -> Tree:
    each: Tree = {"each": rows, "order": order(rng, kinds[entity])}
    if depth > 0 and rng.random() < 0.5:
        inner = Words(rows={"this": entity}, caller=words.caller)
        each["shape"] = {
            "a": shape(rng, inner, kinds, writer, made, depth - 1),
            "b": shape(rng, inner, kinds, writer, made, 0),
        }
    else:
        each["view"] = _view_of(rng, entity, made)
    if rng.random() < 0.3:
        each["limit"] = rng.randint(1, 3)
    return each


def order(rng: Random, kind: Kind) -> Any:
    """An order of the rows of that entity."""
    names = [
        s.name
        for s in kind.spots
        if s.kind in (*ORDERED, "boolean", "enum", "ref") and not s.spec.get("encrypted")
    ]
    names += [n for n in kind.spec.get("computed", {}) if n == "near"]
    if not names:
        return kind.key[0]
    chosen = [
        name + rng.choice(("", " desc", " asc"))
        for name in rng.sample(names, min(len(names), rng.randint(1, 2)))
    ]
    return chosen if rng.random() < 0.6 else chosen[0]
