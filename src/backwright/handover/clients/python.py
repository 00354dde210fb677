"""The client in Python: typed dictionaries, an exception for each status, a method for each operation."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import assert_never

from backwright.emit.format import formatted
from backwright.emit.source import comment, docstring, indented, literal, printable
from backwright.handover.clients.identifiers import PYTHON_TYPES, SCALARS
from backwright.handover.clients.interface import Body, Call, Interface, Parameter, Refusal, answered
from backwright.handover.clients.shapes import (
    NULL,
    Either,
    Exactly,
    Fixed,
    Keyed,
    Listed,
    Member,
    Members,
    Named,
    Plain,
    Shape,
)
from backwright.handover.templates import MARKER, rendered
from backwright.model.types import Auth


def package(interface: Interface, auth: Auth | None, name: str) -> dict[str, str]:
    """The files of a distribution with the package `name`."""
    said = {
        "marker": MARKER,
        "package": name,
        "distribution": name.replace("_", "-"),
        "version": interface.version,
        "title": printable(interface.title),
        "scheme": None if auth is None else auth.scheme,
        "cookie": None if auth is None else auth.cookie,
    }
    tree = {
        "pyproject.toml": rendered("client_pyproject.toml.j2", said),
        f"{name}/__init__.py": init_module(interface),
        f"{name}/client.py": client_module(interface),
        f"{name}/connection.py": rendered("connection.py.j2", said),
        f"{name}/py.typed": "",
        f"{name}/refusals.py": refusals_module(interface),
        f"{name}/schemas.py": schemas_module(interface),
    }
    return formatted(tree, name)


def _module(about: str, imports: str, *parts: str) -> str:
    """A module; of the imports it has what is used."""
    body = "\n\n\n".join(parts)
    lines = [_used(line, body) for line in imports.splitlines()]
    text = "\n".join(line for line in lines if line is not None).strip("\n")
    head = [f"# {MARKER}", docstring(about), "", "from __future__ import annotations", "", *text.splitlines()]
    gap = ["", ""] if body.startswith("class ") else [""]
    return "\n".join([*head, *gap, body]) + "\n"


def _used(line: str, body: str) -> str | None:
    """An import with the names that the body has; None where it has none of them."""
    source, _, names = line.partition(" import ")
    if not names:
        return line
    wanted = [name for name in names.split(", ") if re.search(rf"\b{name}\b", body)]
    return f"{source} import {', '.join(wanted)}" if wanted else None


def init_module(interface: Interface) -> str:
    """What users of the package import."""
    refusals = [refusal.name for refusal in interface.refusals]
    imports = [
        "from .client import Client",
        "from .connection import Answer, Connection, File",
        f"from .refusals import {', '.join(sorted(['Refused', 'Unexpected', *refusals]))}",
    ]
    shown = sorted(["Answer", "Client", "Connection", "File", "Refused", "Unexpected", *refusals])
    listed = ", ".join(literal(name) for name in shown)
    about = f"A client of the service {interface.title}, version {interface.version}."
    return _module(about, "\n".join(imports), f"__all__ = [{listed}]")


# Types ------------------------------------------------------------------------------------------------


def schemas_module(interface: Interface) -> str:
    """The objects of the contract."""
    imports = "from typing import Any, Literal, NotRequired, TypedDict\n\nfrom .connection import File"
    classes = [typed_dictionary(name, found, interface.types) for name, found in interface.types.items()]
    return _module("What is sent and answered, as the contract describes it.", imports, *classes)


def typed_dictionary(name: str, found: Members, known: Iterable[str]) -> str:
    """A class, or a call where a member is called like no attribute can be."""
    hidden = {*known, *SCALARS, *PYTHON_TYPES}
    if any(not _attribute(member.name) or member.name in hidden for member in found.members):
        pairs = (f"{literal(each.name)}: {literal(_member_type(each))}," for each in found.members)
        return f"{name} = TypedDict({literal(name)}, {{\n{indented(chr(10).join(pairs))}\n}})"
    lines = [f"class {name}(TypedDict):"]
    for member in found.members:
        lines += [indented(comment(member.about, 4))] if member.about else []
        lines.append(indented(f"{member.name}: {_member_type(member)}"))
    return "\n".join(lines if found.members else [*lines, "    pass"])


def _attribute(name: str) -> bool:
    """Whether the members of a class can be called so; two underscores would be mangled."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name[:2] != "__"


def _member_type(member: Member) -> str:
    kind = annotation(member.shape)
    return kind if member.required else f"NotRequired[{kind}]"


def annotation(found: Shape, qualifier: str = "") -> str:
    """A shape as an annotation. `qualifier` is the module in which the named ones are."""
    match found:
        case Plain(kind=kind):
            return _PLAIN[kind]
        case Exactly(values=values):
            return f"Literal[{', '.join(_constant(value) for value in values)}]"
        case Listed(items=items):
            return f"list[{annotation(items, qualifier)}]"
        case Fixed(items=each_of):
            inside = either_annotation(each_of, qualifier) if each_of else "Any"
            return f"list[{inside}]"  # JSON has lists, which Python does not type place by place
        case Keyed(values=values):
            return f"dict[str, {annotation(values, qualifier)}]"
        case Named(name=name):
            return f"{qualifier}{name}"
        case Either(shapes=shapes):
            return either_annotation(shapes, qualifier)
        case Members():
            raise TypeError("objects are declared by name")
        case _:
            assert_never(found)


_PLAIN = {
    "text": "str",
    "integer": "int",
    "number": "float",
    "flag": "bool",
    "null": "None",
    "file": "File",
    "bytes": "bytes",
    "anything": "Any",
}


def either_annotation(shapes: Iterable[Shape], qualifier: str) -> str:
    """A union, null last."""
    ordered = sorted(shapes, key=lambda each: each == NULL)
    return " | ".join(dict.fromkeys(annotation(each, qualifier) for each in ordered))


def _constant(value: str | int | float | bool | None) -> str:
    return literal(value) if isinstance(value, str | bool | int | None) else "Any"


# Failures ---------------------------------------------------------------------------------------------


def refusals_module(interface: Interface) -> str:
    """An exception for each status that the contract has."""
    head = "from collections.abc import Mapping\nfrom typing import Any, Literal\n\nfrom . import schemas"
    base = rendered("refused.py.j2", {})
    classes = [_refusal(each) for each in interface.refusals]
    known = "".join(f"{each.status}: {each.name}," for each in interface.refusals)
    table = f'REFUSALS: dict[int, type[Refused]] = {{{known}}}\n"""The exception of each status."""'
    return _module("What the service refuses, as exceptions.", head, base.strip(), *classes, table)


def _refusal(refusal: Refusal) -> str:
    body = indented(f"body: {annotation(refusal.shape, 'schemas.')}")
    return f'class {refusal.name}(Refused):\n    """{refusal.status}."""\n\n{body}'


# Operations -------------------------------------------------------------------------------------------


def client_module(interface: Interface) -> str:
    """The class with a method for each operation."""
    imports = (
        "from typing import Any, Literal\n\n"
        "from . import schemas\nfrom .connection import Answer, Connection, File"
    )
    about = docstring(f"The operations of {interface.title}.", 4)
    lines = [f"class Client:\n{indented(about)}\n"]
    lines.append(
        "    def __init__(self, connection: Connection) -> None:\n        self._connection = connection\n"
    )
    lines += [f"{indented(method(call))}\n" for call in interface.calls]
    return _module("A method for each operation.", imports, "\n".join(lines))


def method(call: Call) -> str:
    """The method of an operation."""
    returned = annotation(answered(call), "schemas.")
    lines = [f"def {call.name}({', '.join(_signature(call))}) -> Answer[{returned}]:"]
    lines.append(indented(docstring(f"{call.method} {call.path}: {call.about}".strip(), 8)))
    values = "".join(f"{argument}," for argument in _sent(call))
    lines.append(indented(f"return self._connection.send({values})"))
    return "\n".join(lines)


def _signature(call: Call) -> list[str]:
    """The arguments: what is required by place, everything else by name."""
    path, others = call.at("path"), [each for each in call.parameters if each.place != "path"]
    arguments = ["self", *(f"{each.name}: {annotation(each.shape, 'schemas.')}" for each in path)]
    if call.body is not None:
        arguments.append(f"body: {annotation(call.body.shape, 'schemas.')}")
    return [*arguments, *(["*"] if others else []), *(_keyword(each) for each in others)]


def _keyword(parameter: Parameter) -> str:
    kind = annotation(parameter.shape, "schemas.")
    return f"{parameter.name}: {kind}" if parameter.required else f"{parameter.name}: {kind} | None = None"


def _sent(call: Call) -> Iterable[str]:
    """The arguments of the connection's `send`."""
    yield from (literal(call.method), literal(call.path))
    for place in ("path", "query", "header"):
        pairs = ", ".join(f"{literal(each.wire)}: {each.name}" for each in call.at(place))
        if pairs:
            yield f"{place}={{{pairs}}}"
    yield from _body(call.body)
    reads = ", ".join(f"{each.status}: {literal(each.reading)}" for each in call.successes)
    yield f"reads={{{reads}}}"


def _body(body: Body | None) -> Iterable[str]:
    if body is not None:
        yield from ("body=body", f"sending={literal(body.sending)}")
