"""Writes `calls.py`: how services run custom logic."""

from __future__ import annotations

from backwright.emit.logic import partners
from backwright.emit.logic.boundary import (
    declared_name,
    error_class,
    input_class,
    needs_database,
    output_class,
    use_class,
    uses,
)
from backwright.emit.logic.reads import entities_read, handed, reads_attribute, stored
from backwright.emit.package import Package
from backwright.emit.services.parameters import context_type
from backwright.emit.source import Identifier, Import, Source, docstring, imports, module, source
from backwright.model.types import Logic, Model

HANDED = {"now": "ctx.now", "db": "db"}


def calls_module(package: Package) -> str:
    """One function for each that is declared, behind what they read of stored rows."""
    model, names = package.model, package.names
    pieces = [stored(entity, package) for entity in entities_read(model)]
    pieces += [_function(logic, package) for logic in model.logic]
    about = "Custom logic as services call it: held to its declaration, within its time."
    return module(about, pieces, package=names.package)


def _function(logic: Logic, package: Package) -> Source:
    model, names = package.model, package.names
    name = Identifier(logic.name)
    context = context_type(model, names)
    attributes = uses(logic, model)
    read = {str(reads_attribute(entity)): entity for entity in map(model.entity, logic.reads)}
    outside = {name: value for name, (_, value) in partners.handed(logic, model).items()}
    given = ["given"]
    needed = [
        imports(f"{names.package}.boundary", declared_name(logic), input_class(logic), output_class(logic)),
        frozenset([Import("", f"{names.package}.logic.{name}")]),
    ]
    parameters = [f"ctx: {context}", f"given: {input_class(logic)}"]
    lines = ""
    if attributes:
        known = HANDED | outside | {name: handed(entity, package) for name, entity in read.items()}
        values = ", ".join(f"{each}={known[each]}" for each in attributes)
        given.append(f"{use_class(logic)}({values})")
        needed.append(imports(f"{names.package}.boundary", use_class(logic)))
    if read:
        lines = "    reading = Confined(db)\n"
        needed.append(imports("backwright_runtime.reads", "Confined"))
    if outside:
        lines += "    settings = ctx.settings(Settings)\n"
        needed.append(imports(f"{names.package}.settings", "Settings"))
        needed.append(
            imports("backwright_runtime.settings", "Secret") if partners.hides(logic, model) else frozenset()
        )
        constants = [partners.constant(each) for each in partners.asked(logic, model)]
        needed.append(imports(f"{names.package}.partners", *constants) if constants else frozenset())
    if needs_database(logic):
        parameters.insert(1, "db: Queries")
        needed.append(imports("backwright_runtime", "Queries"))
    text = (
        f"async def {name}({', '.join(parameters)}) -> {output_class(logic)}:\n"
        f"    {docstring(about(logic, model), 4)}\n"
        f"{lines}"
        f"    return await ctx.logic.run({declared_name(logic)}, given, "
        f"lambda: {names.package}.logic.{name}.{name}({', '.join(given)}))"
    )
    return source(text, context, *needed)


def about(logic: Logic, model: Model) -> str:
    """The docstring of the function: what it does, and what it raises."""
    said = logic.description or f"What `{logic.name}` says."
    said = said if said.endswith((".", "!", "?")) else f"{said}."
    errors = [error_class(each, logic, model) for each in logic.errors]
    return f"{said} Raises {', '.join(errors)}." if errors else said
