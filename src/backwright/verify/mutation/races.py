"""What only another request in between leads to: on SQLite nobody writes between two steps of a transaction."""

from __future__ import annotations

import ast
from pathlib import Path

from backwright.verify.mutation.sources import Module, Sources, dotted


def only_in_a_race(sources: Sources, module: Module, answer: ast.AST) -> bool:
    """Whether a conflict has been looked for before each write: then only another writer leads to it.

    Either the service chose the value itself, as one that is free (`free_slug` of the module), or the services look for
    a row by the members that it names before each insertion of this module's rows.
    """
    members = _named(module, answer)
    looked, stored = f"find_existing_by_{'_and_'.join(members)}", Path(module.path).stem
    functions = [
        {dotted(call.func) for call in ast.walk(function) if isinstance(call, ast.Call)}
        for each in sources.modules("services")
        for function in each.functions()
    ]
    writing = [names for names in functions if f"{stored}.insert" in names]
    looks = bool(writing) and all(f"{stored}.{looked}" in names for names in writing)
    return looks or _is_chosen(module, members)


def of_a_race(sources: Sources, module: Module) -> set[ast.AST]:
    """Everything within what a module raises only because of a race."""
    caught = {
        answer
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        for answer in node.body
        if isinstance(answer, ast.Raise) and only_in_a_race(sources, module, answer)
    }
    chosen = {
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and _is_chosen(module, _named(module, node))
    }
    return {inner for answer in caught | chosen for inner in ast.walk(answer)}


def _named(module: Module, answer: ast.AST) -> list[str]:
    """The members that an answer names."""
    return [
        str(call.args[0].value)
        for call in module.calls("FieldError", within=answer)
        if call.args and isinstance(call.args[0], ast.Constant)
    ]


def _is_chosen(module: Module, members: list[str]) -> bool:
    free = {function.name.removeprefix("free_") for function in module.functions()}
    return bool(members) and free.issuperset(members)
