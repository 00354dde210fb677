"""The client in TypeScript: one module that needs nothing but `fetch`."""

from __future__ import annotations

import json
import re
from typing import assert_never

from backwright.emit.source import printable
from backwright.handover.clients.interface import Call, Interface, Parameter, answered
from backwright.handover.clients.shapes import (
    NULL,
    Either,
    Exactly,
    Fixed,
    Keyed,
    Listed,
    Members,
    Named,
    Plain,
    Shape,
)
from backwright.handover.templates import rendered
from backwright.model.types import Auth

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
CONFIGURATION = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "erasableSyntaxOnly": True,
        "target": "es2022",
        "module": "es2022",
        "moduleResolution": "bundler",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
    },
    "include": ["*.ts"],
}
"""What the module was checked with (`tsc --noEmit`)."""


def package(interface: Interface, auth: Auth | None) -> dict[str, str]:
    """The module and the configuration of its compiler."""
    return {
        "client.ts": rendered(
            "client.ts.j2",
            {
                "title": interface.title,
                "version": interface.version,
                "scheme": None if auth is None else auth.scheme,
                "cookie": None if auth is None else auth.cookie,
                "types": "\n\n".join(_declared(name, each) for name, each in interface.types.items()),
                "refusals": _refusals(interface),
                "methods": "".join(f"\n{method(call)}\n" for call in interface.calls).rstrip("\n"),
            },
        ),
        "package.json": json.dumps({"private": True, "type": "module"}, indent=2) + "\n",
        "tsconfig.json": json.dumps(CONFIGURATION, indent=2) + "\n",
    }


def remark(text: str, indent: str = "") -> str:
    """A comment for editors to show; nothing in it ends it."""
    return f"{indent}/** {printable(text).replace('*/', '* /')} */"


def member(name: str) -> str:
    """The name of a member as an object type writes it."""
    return name if _NAME.fullmatch(name) else json.dumps(name)


# Types ------------------------------------------------------------------------------------------------


def _declared(name: str, found: Members) -> str:
    lines = [f"export type {name} = {{"]
    for each in found.members:
        if each.about:
            lines.append(remark(each.about, "  "))
        lines.append(f"  {member(each.name)}{'' if each.required else '?'}: {written(each.shape)};")
    return "\n".join([*lines, "};"])


def written(found: Shape) -> str:
    """A shape as a type."""
    match found:
        case Plain(kind=kind):
            return _PLAIN[kind]
        case Exactly(values=values):
            return " | ".join(dict.fromkeys(json.dumps(value) for value in values))
        case Listed(items=items):
            inside = written(items)
            return f"({inside})[]" if " | " in inside else f"{inside}[]"
        case Fixed(items=each_of):
            return f"[{', '.join(written(each) for each in each_of)}]"
        case Keyed(values=values):
            return f"{{ [name: string]: {written(values)} }}"
        case Named(name=name):
            return name
        case Either(shapes=shapes):
            ordered = sorted(shapes, key=lambda each: each == NULL)
            return " | ".join(dict.fromkeys(written(each) for each in ordered))
        case Members():
            raise TypeError("objects are declared by name")
        case _:
            assert_never(found)


_PLAIN = {
    "text": "string",
    "integer": "number",
    "number": "number",
    "flag": "boolean",
    "null": "null",
    "file": "Blob",
    "bytes": "ArrayBuffer",
    "anything": "unknown",
}


# Failures ---------------------------------------------------------------------------------------------


def _refusals(interface: Interface) -> str:
    classes = [
        f"{remark(f'The service answered {each.status}.')}\n"
        f"export class {each.name} extends Refused<{written(each.shape)}> {{}}"
        for each in interface.refusals
    ]
    pairs = "".join(f"  [{each.status}, {each.name}],\n" for each in interface.refusals)
    kind = "new (status: number, headers: Headers, body: any) => Refused"
    table = f"const REFUSALS: ReadonlyMap<number, {kind}> = new Map<number, {kind}>([\n{pairs}]);"
    return "\n\n".join([*classes, table])


# Operations -------------------------------------------------------------------------------------------


def method(call: Call) -> str:
    """The method of an operation."""
    returned = written(answered(call))
    reads = ", ".join(f'{each.status}: "{each.reading}"' for each in call.successes)
    parts = [f"reads: {{ {reads} }}"]
    for place in ("path", "query", "header"):
        pairs = ", ".join(f"{json.dumps(each.wire)}: parameters.{each.name}" for each in call.at(place))
        parts += [f"{place}: {{ {pairs} }}"] if pairs else []
    if call.body is not None:
        parts += ["body", f'sending: "{call.body.sending}"']
    lines = [
        remark(f"{call.method} {call.path}: {call.about}", "  "),
        f"  {call.name}({', '.join(_signature(call))}): Promise<Answer<{returned}>> {{",
        f"    return this.#connection.send({json.dumps(call.method)}, {json.dumps(call.path)}, {{",
        *(f"      {part}," for part in parts),
        "    });",
        "  }",
    ]
    return "\n".join(lines)


def _signature(call: Call) -> list[str]:
    """The parameters as one object, and the body. Both can be left out where nothing in them is needed."""
    needed = any(each.required for each in call.parameters)
    found = []
    if call.parameters:
        kind = "; ".join(_named(each) for each in call.parameters)
        default = "" if needed or call.body is not None else " = {}"
        found.append(f"parameters: {{ {kind} }}{default}")
    if call.body is not None:
        found.append(f"body: {written(call.body.shape)}")
    return found


def _named(parameter: Parameter) -> str:
    optional = "" if parameter.required else "?"
    return f"{parameter.name}{optional}: {written(parameter.shape)}"
