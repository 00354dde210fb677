"""Settings of the environment and partners: what is declared of them, and who uses them."""

from __future__ import annotations

import keyword
import re
from decimal import Decimal, InvalidOperation
from typing import Literal as OneOf

from backwright.model.environment import ATTEMPTS, SECONDS, Integration, Setting, variables
from backwright.model.expand.building import Building
from backwright.model.expand.codes import ENVIRONMENT_FORM, ENVIRONMENT_UNKNOWN
from backwright.spec.diagnostics import Place
from backwright.spec.grammar.logic import USES
from backwright.spec.nodes import IntegrationNode, LogicNode, SettingNode, SpecDocument
from backwright_runtime.settings import RuntimeSettings

OF_RUNTIME = frozenset({*RuntimeSettings.__struct_fields__, "secrets", "now", "db"})
"""What the runtime calls its own variables, and what functions get anyhow."""
OF_OTHERS = re.compile(
    r"path|home|lang|user|shell|pwd|tz|tmpdir|(http|https|all|no)_proxy"
    r"|python.*|pg[a-z]+|(pip|ld|dyld|lc|postgres|ssl|malloc|backwright)_.*"
)
"""Variables that shells, the loader, Python, PostgreSQL and our own tools read: they would change, too."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TOO_LONG = 500
_TYPES: dict[str, OneOf["string", "integer", "decimal", "boolean"]] = {
    "string": "string", "integer": "integer", "decimal": "decimal", "boolean": "boolean",
}  # fmt: skip


def environment_of(
    document: SpecDocument, building: Building
) -> tuple[tuple[Setting, ...], tuple[Integration, ...]]:
    """Every setting and every partner; what is wrong is recorded."""
    integrations = tuple(_integration(node, building) for node in document.integrations)
    settings = tuple(_setting(node, building) for node in document.settings)
    taken: set[str] = set()
    names = [(each.name, each.place) for each in integrations]
    names += [(each.name, each.place) for each in variables(settings, integrations)]
    for name, place in names:
        if name in taken:
            mend = "give one of them another name"
            building.refuse(ENVIRONMENT_FORM, place, f"`{name}` is there twice", mend)
        taken.add(name)
    return settings, integrations


def check_uses(node: LogicNode, document: SpecDocument, building: Building) -> None:
    """Records what a function uses that nobody declared."""
    known = [*USES, *(each.name.value for each in document.settings)]
    known += [each.name.value for each in document.integrations]
    for name in node.uses:
        if name.value not in known:
            building.unknown(ENVIRONMENT_UNKNOWN, name, "setting, integration or capability", known)


def _setting(node: SettingNode, building: Building) -> Setting:
    _check_name(node.name.value, node.name.place, building)
    kind = "string" if node.type is None else node.type.value
    secret = node.secret is not None and node.secret.value
    default = None
    if node.default is not None:
        default = node.default.value
        wrong = "a secret has no default" if secret else _unfit(default, kind)
        if wrong:
            message = f"`{node.name.value}`: {wrong}"
            mend = "leave it out; it comes from the environment" if secret else f"give a value of type {kind}"
            building.refuse(ENVIRONMENT_FORM, node.default.place, message, mend)
    return Setting(
        name=node.name.value,
        type=_TYPES[kind],
        description="" if node.description is None else node.description.value,
        default=default,
        secret=secret,
        place=node.place,
    )


def _integration(node: IntegrationNode, building: Building) -> Integration:
    _check_name(node.name.value, node.name.place, building)
    if node.header is not None and not _HEADER.fullmatch(node.header.value):
        message = f"`{node.header.value}` is no name of a header"
        building.refuse(ENVIRONMENT_FORM, node.header.place, message, "use letters, digits and -")
    return Integration(
        name=node.name.value,
        description="" if node.description is None else node.description.value,
        header=None if node.header is None else node.header.value,
        seconds=SECONDS if node.seconds is None else node.seconds.value,
        attempts=ATTEMPTS if node.attempts is None else node.attempts.value,
        private=node.private is not None and node.private.value,
        place=node.place,
    )


def _check_name(name: str, place: Place, building: Building) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        building.refuse(
            ENVIRONMENT_FORM, place, f"`{name}` cannot be a name here", "use small letters, digits and _"
        )
    elif name in OF_RUNTIME or name in USES or OF_OTHERS.fullmatch(name):
        message = f"`{name}` is something that every service has"
        building.refuse(ENVIRONMENT_FORM, place, message, "give it another name")


def _unfit(text: str, kind: str) -> str:
    match kind:
        case "integer" if not _WHOLE.fullmatch(text):
            return "the default is no whole number"
        case "boolean" if text not in ("true", "false"):
            return "the default is neither true nor false"
        case "decimal":
            try:
                return "" if Decimal(text).is_finite() else "the default is no decimal"
            except InvalidOperation:
                return "the default is no decimal"
        case _ if len(text) > _TOO_LONG or any(ord(each) < 32 for each in text):
            return f"the default has more than {_TOO_LONG} characters, or more than one line"
        case _:
            return ""
