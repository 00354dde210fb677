"""The reference manual of the specification language, written from the grammar."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.spec import traps
from backwright.spec.diagnostics import Code
from backwright.spec.grammar import DOCUMENT, Either, Expr, Key, Named, Several, Shape, Takes
from backwright.spec.shape import wanted

_TRAPS: tuple[Code, ...] = (traps.TAG, traps.COMMENT, traps.COMMA, traps.TERNARY, traps.ANCHOR)


def manual() -> str:
    """Every key with what it takes, what it is for and an example; Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Specification reference"
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


def _section(shape: Shape) -> Iterator[str]:
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
    if shape.planned:
        yield ""
        yield "Not built yet, and refused: " + ", ".join(f"`{name}`" for name in shape.planned) + "."


def expression_keys() -> list[str]:
    """The keys whose values are expressions, as `table.key`."""
    found = [f"{s.name}.{k.name}" for s in dict.fromkeys(_shapes(DOCUMENT)) for k in s.keys if _holds(k)]
    return sorted(found)


def _holds(key: Key) -> bool:
    return any(isinstance(takes, Expr) for takes in _alternatives(key.takes))


def _alternatives(takes: Takes) -> Iterator[Takes]:
    if isinstance(takes, Either):
        for option in takes.options:
            yield from _alternatives(option)
    elif isinstance(takes, Named):
        yield from _alternatives(takes.of)
    else:
        yield takes


def _shapes(takes: Takes) -> Iterator[Shape]:
    """A shape and all shapes within it, outer ones first."""
    match takes:
        case Shape():
            yield takes
            for key in takes.keys:
                yield from _shapes(key.takes)
        case Several(of=of) | Named(of=of):
            yield from _shapes(of)
        case Either(options=options):
            for option in options:
                yield from _shapes(option)
        case _:
            return
