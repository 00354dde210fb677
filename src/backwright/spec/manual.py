"""The manual of the specification language: a tour in prose (`tour.md`), and the reference, from the grammar."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from backwright.spec import traps
from backwright.spec.diagnostics import Code
from backwright.spec.grammar import (
    DOCUMENT,
    Defined,
    Either,
    Expr,
    Fixed,
    Key,
    Named,
    Several,
    Takes,
    alternatives,
)
from backwright.spec.shape import wanted

_TRAPS: tuple[Code, ...] = (traps.TAG, traps.COMMENT, traps.COMMA, traps.TERNARY, traps.ANCHOR)


def manual() -> str:
    """The tour, then every key with what it takes, what it is for and an example; Markdown."""
    tour = files(__package__).joinpath("tour.md").read_text("utf-8")
    return f"{tour}\n" + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "YAML 1.2 without anchors and tags. Every value is read as it is written: what `1.0` or `yes` means"
    yield "depends on its key alone. Files are UTF-8."
    for shape in dict.fromkeys(_shapes(DOCUMENT)):
        yield from _section(shape)
    yield ""
    yield "## Expressions in YAML"
    yield ""
    yield "These keys hold expressions: " + ", ".join(f"`{name}`" for name in expression_keys()) + "."
    yield "Quote an expression when YAML would read it otherwise:"
    yield ""
    for trap in _TRAPS:
        yield f"- **{trap.title}** ({trap.code}): `{trap.example}`. {trap.why}"


def _section(shape: Fixed) -> Iterator[str]:
    yield ""
    yield f"## {shape.name}"
    yield ""
    yield shape.description
    yield ""
    yield "| Key | Takes | Meaning | Example |"
    yield "|---|---|---|---|"
    for key in shape.keys:
        required = " (required)" if key.required else ""
        cells = (f"`{key.name}`{required}", wanted(key.takes), key.description, f"`{key.example}`")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    if shape.one_of:
        yield ""
        yield "Exactly one of " + ", ".join(f"`{name}`" for name in shape.one_of) + "."
    if shape.at_most_one:
        yield ""
        yield "At most one of " + ", ".join(f"`{name}`" for name in shape.at_most_one) + "."
    if shape.planned:
        yield ""
        yield "Not built yet, and refused: " + ", ".join(f"`{name}`" for name in shape.planned) + "."


def expression_keys() -> list[str]:
    """The keys whose values are expressions, as `table.key`."""
    found = [f"{s.name}.{k.name}" for s in dict.fromkeys(_shapes(DOCUMENT)) for k in s.keys if _holds(k)]
    return sorted(found)


def _holds(key: Key) -> bool:
    return any(
        isinstance(takes, Expr)
        or (isinstance(takes, Named) and any(isinstance(o, Expr) for o in alternatives(takes.of)))
        for takes in alternatives(key.takes)
    )


def _shapes(takes: Takes, seen: frozenset[str] = frozenset()) -> Iterator[Fixed]:
    """A table and all tables within it, outer ones first."""
    match takes:
        case Fixed():
            yield takes
            for key in takes.keys:
                yield from _shapes(key.takes, seen)
        case Several(of=of) | Named(of=of):
            yield from _shapes(of, seen)
        case Either(options=options):
            for option in options:
                yield from _shapes(option, seen)
        case Defined(name=name) if name not in seen:
            yield from _shapes(takes.takes, seen | {name})
        case _:
            return
