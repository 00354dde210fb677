"""Structs, whatever their members are called: a member named `date` leaves the type `date` what it is."""

from __future__ import annotations

import ast
import re

import msgspec

from backwright.emit.source import (
    Identifier,
    Import,
    Source,
    docstring,
    imports,
    indented,
    literal,
    source,
)

STRUCT = source("Struct", imports("msgspec", "Struct"))
_FIELD = source("field", imports("msgspec", "field"))
_FORWARD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\], |]*")
_MODULES = {"datetime": "datetime as dt"}
"""Modules that are imported under another name, because one of their names is theirs, too."""


class Member(msgspec.Struct, frozen=True):
    """One member of a struct: its attribute, its type, what its absence means, and its name on the wire.

    `factory` makes a default that could be changed by whoever gets it. `note` is a comment behind it.
    """

    name: Identifier
    kind: Source
    default: Source | None = None
    wire: str | None = None
    factory: Source | None = None
    note: str = ""


def struct_of(
    name: Identifier,
    about: str,
    members: list[Member],
    *,
    options: str = "",
    base: Source = STRUCT,
) -> Source:
    """A frozen struct."""
    attributes = frozenset(str(member.name) for member in members)
    written = [_member(member, attributes) for member in members]
    lines = "\n".join([docstring(about, 4), "", *(each.text for each in written)]).strip()
    heading = f"class {name}({base}, frozen=True, kw_only=True{options}):"
    return source(f"{heading}\n{indented(lines)}", base, *written)


def _member(member: Member, attributes: frozenset[str]) -> Source:
    """`title: Title = field(default=UNSET, name="Title")  # note`."""
    kind = _type_apart(member.kind, attributes)
    text = f"{member.name}: {kind}"
    given = _default(member)
    if given is not None:
        given = apart(given, attributes)
        text = f"{text} = {given}"
    note = f"  # {member.note}" if member.note else ""
    return source(f"{text}{note}", kind, *(() if given is None else (given,)))


def _type_apart(kind: Source, attributes: frozenset[str]) -> Source:
    """A type apart from the attributes, also where it stands in quotes because it is defined further down."""
    match ast.parse(kind.text, mode="eval").body:
        case ast.Constant(value=str(text)) if _FORWARD.fullmatch(text):
            named = apart(Source(text, kind.imports), attributes)
            return Source(literal(named.text), named.imports)
        case _:
            return apart(kind, attributes)


def _default(member: Member) -> Source | None:
    renamed = member.wire is not None and member.wire != member.name
    if not renamed and member.factory is None:
        return member.default
    arguments = []
    if member.factory is not None:
        arguments.append(f"default_factory={member.factory}")
    elif member.default is not None:
        arguments.append(f"default={member.default}")
    if renamed and member.wire is not None:
        arguments.append(f"name={literal(member.wire)}")
    needed = [each for each in (member.default, member.factory) if each is not None]
    return source(f"field({', '.join(arguments)})", _FIELD, *needed)


def apart(code: Source, attributes: frozenset[str]) -> Source:
    """Code in the body of a class, where the names of its attributes hide what is imported or built in.

    Names that are hidden are reached through their module: `dt.date`, `builtins.list`.
    """
    tree = ast.parse(code.text, mode="eval")
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    hidden = used & attributes
    if not hidden:
        return code
    by_name = {each.name: each for each in code.imports}
    needed: set[Import] = {each for each in code.imports if each.name not in hidden}
    spelled: dict[str, str] = {}
    for name in sorted(hidden):
        module = by_name[name].module if name in by_name else "builtins"
        imported = _MODULES.get(module, module)
        alias = imported.rpartition(" ")[2]
        if alias.partition(".")[0] in attributes:
            alias = f"{alias.replace('.', '_')}_"
            imported = f"{module} as {alias}"
        needed.add(Import("", imported))
        spelled[name] = f"{alias}.{name}"
    return Source(ast.unparse(_Respelled(spelled).visit(tree)), frozenset(needed))


class _Respelled(ast.NodeTransformer):
    def __init__(self, spelled: dict[str, str]) -> None:
        self.spelled = spelled

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self.spelled.get(node.id)
        return node if text is None else ast.parse(text, mode="eval").body
