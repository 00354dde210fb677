"""Writes `boundary.py`: what custom logic takes, returns and raises."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.aliases import Aliases
from backwright.emit.annotations import optional
from backwright.emit.inputs import record_type
from backwright.emit.logic.partners import handed
from backwright.emit.logic.reads import entities_read, protocol, reads_attribute, reads_class, row_struct
from backwright.emit.names import TAKEN_CLASSES, Names, attribute, free_class, pascal, singular, snake
from backwright.emit.source import Identifier, Source, docstring, imports, indented, literal, module, source
from backwright.emit.structs import Member, struct_of
from backwright.model.types import Failing, InputField, ListType, Logic, Model

_RUNTIME = "backwright_runtime"


def boundary_module(model: Model, names: Names) -> str:
    """The structs and errors of all functions, and what the runtime is told about each."""
    known = Aliases(model, names)
    pieces: list[Source] = []
    for entity in entities_read(model):
        pieces += [row_struct(entity, model), protocol(entity, model)]
    for logic in model.logic:
        pieces += _structs(logic, logic.input, input_class(logic), known, f"What `{logic.name}` is given.")
        pieces += _structs(logic, logic.output, output_class(logic), known, f"What `{logic.name}` returns.")
        if uses(logic, model):
            pieces.append(_use_struct(logic, model))
        pieces += [_error(each, logic, model) for each in logic.errors]
        pieces.append(_declared(logic, model))
    declared = known.declarations()
    if declared:
        pieces.insert(0, source("\n".join(each.text for each in declared), *declared))
    about = "What custom logic takes, returns and raises: the boundary between `logic/` and everything else."
    return module(about, pieces, package=names.package)


def input_class(logic: Logic) -> Identifier:
    """The struct of what goes in: `QuotePriceInput`."""
    return Identifier(f"{pascal(logic.name)}Input")


def output_class(logic: Logic) -> Identifier:
    """The struct of what comes out: `QuotePriceOutput`."""
    return Identifier(f"{pascal(logic.name)}Output")


def use_class(logic: Logic) -> Identifier:
    """The struct of what it may use: `QuotePriceUse`."""
    return Identifier(f"{pascal(logic.name)}Use")


def declared_name(logic: Logic) -> Identifier:
    """What the runtime is told: `QUOTE_PRICE`."""
    return Identifier(snake(logic.name).upper())


def record_class(owner: Identifier, member: InputField) -> Identifier:
    """The struct of an object in an input or output: `QuotePriceInputLine`."""
    name = singular(member.name) if isinstance(member.type, ListType) else member.name
    return Identifier(f"{owner}{pascal(name)}")


def error_class(failing: Failing, logic: Logic, model: Model) -> Identifier:
    """The exception of an error: its code, with the function's name before it where that is taken."""
    others = {each.code for other in model.logic if other.name != logic.name for each in other.errors}
    wanted = pascal(failing.code)
    if wanted in TAKEN_CLASSES or failing.code in others:
        wanted = f"{pascal(logic.name)}{wanted}"
    return free_class(wanted, TAKEN_CLASSES)


def uses(logic: Logic, model: Model) -> dict[str, Source]:
    """What the function is handed besides its input: attributes and their types."""
    found: dict[str, Source] = {}
    if "clock" in logic.uses:
        found["now"] = source("datetime", imports("datetime", "datetime"))
    found |= {name: kind for name, (kind, _) in handed(logic, model).items()}
    if logic.trusted is not None:
        found["db"] = source("Queries", imports(_RUNTIME, "Queries"))
    for name in logic.reads:
        entity = model.entity(name)
        found[reads_attribute(entity)] = source(reads_class(entity))
    return found


def needs_database(logic: Logic) -> bool:
    """Whether it is part of the operation's transaction."""
    return logic.trusted is not None or bool(logic.reads)


def _structs(
    logic: Logic, members: tuple[InputField, ...], name: Identifier, known: Aliases, about: str
) -> Iterator[Source]:
    """The struct of an input, an output or an object, behind those of the objects inside."""
    written = []
    for member in members:
        inside, record = record_type(member), None
        if inside is not None:
            record = record_class(name, member)
            yield from _structs(logic, inside.members, record, known, f"`{member.name}` of `{logic.name}`.")
        kind = optional(known.type_of(member, record), member.nullable)
        default = source("None") if member.nullable else None
        written.append(Member(attribute(member.name), kind, default))
    yield struct_of(name, about, written)


def _use_struct(logic: Logic, model: Model) -> Source:
    members = [Member(Identifier(name), kind) for name, kind in uses(logic, model).items()]
    about = f"What `{logic.name}` may use besides its input."
    if logic.trusted is not None:
        about += f" It goes past the access rules: {logic.trusted}"
    return struct_of(use_class(logic), about, members)


def _error(failing: Failing, logic: Logic, model: Model) -> Source:
    base = "".join(part.title() for part in failing.category.split("_"))
    said = [f"code={literal(failing.code)}"]
    said += [f"message={literal(failing.message)}"] if failing.message is not None else []
    said += [f"field={literal(failing.field)}"] if failing.field is not None else []
    about = f"`{logic.name}`: {failing.message or failing.code.replace('_', ' ')}"
    text = (
        f"class {error_class(failing, logic, model)}({Identifier(base)}):\n"
        f"    {docstring(about if about.endswith(('.', '!', '?')) else f'{about}.', 4)}\n\n"
        "    def __init__(self) -> None:\n"
        f"        super().__init__({', '.join(said)})"
    )
    return source(text, imports(_RUNTIME, base))


def _declared(logic: Logic, model: Model) -> Source:
    raises = "".join(f"{error_class(each, logic, model)}, " for each in logic.errors).rstrip()
    lines = [
        f"{literal(logic.name)},",
        f"{input_class(logic)},",
        f"{output_class(logic)},",
        *([f"raises=({raises}),"] if raises else []),
        *([f"seconds={logic.seconds},"]),
    ]
    text = f"{declared_name(logic)} = Logic(\n{indented(chr(10).join(lines))}\n)"
    return source(text, imports(f"{_RUNTIME}.logic", "Logic"))
