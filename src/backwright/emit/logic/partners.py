"""Writes `partners.py`, and what custom logic gets of settings and partners."""

from __future__ import annotations

from typing import assert_never

from backwright.emit.names import Names
from backwright.emit.source import Identifier, Source, imports, literal, module, source
from backwright.model.environment import Integration, Setting
from backwright.model.types import Logic, Model

_RUNTIME = "backwright_runtime"
_KINDS = {
    "string": source("str"),
    "integer": source("int"),
    "decimal": source("Decimal", imports("decimal", "Decimal")),
    "boolean": source("bool"),
}


def partners_module(model: Model, names: Names) -> str:
    """One partner for each integration, for the whole process."""
    pieces = [_partner(each) for each in model.integrations]
    about = "Partners that custom logic asks over HTTP: how long, how often, and with which header."
    return module(about, pieces, package=names.package)


def kind_of(setting: Setting) -> Source:
    """The type of a setting."""
    return _KINDS[setting.type]


def in_python(setting: Setting, text: str) -> str:
    """A value of its type, which the specification has as text."""
    match setting.type:
        case "string":
            return literal(text)
        case "integer":
            return str(int(text))
        case "decimal":
            return f"Decimal({literal(text)})"
        case "boolean":
            return str(text == "true")
        case _:
            assert_never(setting.type)


def handed(logic: Logic, model: Model) -> dict[str, tuple[Source, str]]:
    """The settings and partners that a function uses: their types, and how `calls.py` comes by them."""
    found: dict[str, tuple[Source, str]] = {}
    for setting in model.settings:
        if setting.name in logic.uses:
            value = f"settings.{Identifier(setting.name)}"
            found[setting.name] = kind_of(setting), f"Secret({value})" if setting.secret else value
    client = source("Client", imports(f"{_RUNTIME}.partners", "Client"))
    for each in model.integrations:
        if each.name in logic.uses:
            given = [f"settings.{Identifier(each.url.name)}"]
            given += [] if each.key is None else [f"settings.{Identifier(each.key.name)}"]
            found[each.name] = client, f"{constant(each)}.at({', '.join(given)}, request_id=ctx.request_id)"
    return found


def asked(logic: Logic, model: Model) -> list[Integration]:
    """The partners that a function asks."""
    return [each for each in model.integrations if each.name in logic.uses]


def hides(logic: Logic, model: Model) -> bool:
    """Whether it gets a secret of the environment."""
    return any(each.secret and each.name in logic.uses for each in model.settings)


def constant(integration: Integration) -> Identifier:
    """The partner's name in `partners.py`."""
    return Identifier(integration.name.upper())


def _partner(integration: Integration) -> Source:
    given = [literal(integration.name), f"seconds={integration.seconds}", f"attempts={integration.attempts}"]
    given += [f"header={literal(integration.header)}"] if integration.header is not None else []
    given += ["private=True"] if integration.private else []
    text = f"{constant(integration)} = Partner({', '.join(given)})"
    return source(text, imports(f"{_RUNTIME}.partners", "Partner"))
