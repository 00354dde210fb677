"""What callers see: members, their names and their values."""

from __future__ import annotations

import ast
import itertools
import re

from backwright.verify.mutation.editing import in_module, in_place, keywords
from backwright.verify.mutation.sources import Module, Sources, called
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("views")


def _shown(module: Module) -> list[tuple[ast.Call, list[ast.keyword]]]:
    """Calls that make a view of a row."""
    return [
        (node, node.keywords)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called(node)[:1].isupper() and node.keywords and not node.args
    ]


@FAMILY.operator("a secret is among what callers see", blind=True)
def secret_shown(sources: Sources) -> Made:
    """A view of a row that holds a password hash shows it."""
    secrets = {
        found[1]: found[2]
        for module in sources.modules("entities")
        for found in re.finditer(
            r"class (\w+)\(Struct.*?\n    (\w+): str  # argon2id", module.text, re.DOTALL
        )
        if found[0].count("\nclass ") == 0
    }
    for module in sources.modules("views"):
        classes = {node.name: node for node in module.tree.body if isinstance(node, ast.ClassDef)}
        for function in module.functions():
            kinds = {
                part.strip() for each in function.args.args for part in _annotation(module, each).split("|")
            }
            for kind in kinds & set(secrets):
                for call, given in _shown(module):
                    if call in set(ast.walk(function)) and called(call) in classes:
                        field = secrets[kind]
                        last = classes[called(call)].body[-1]
                        value = f'{field}=getattr(row, "{field}", None), '
                        start = module.span(given[0])[0]
                        end = module.span(last)[1]
                        after = module.replaced(
                            ((start, start), value), ((end, end), f"\n    {field}: str | None")
                        )
                        yield from in_module(module, after, f"{called(call)} shows {field}")


def _annotation(module: Module, argument: ast.arg) -> str:
    return "" if argument.annotation is None else module.source(argument.annotation)


@FAMILY.operator("a member has the name that it has in the code", blind=True)
def member_misnamed(sources: Sources) -> Made:
    """`field(name=…)` of a view."""
    for module in sources.modules("views"):
        for call, keyword in keywords(module):
            match keyword:
                case ast.keyword(arg="name", value=ast.Constant(value=str(name))) if called(call) == "field":
                    other = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", name)
                    other = other if other != name else f"{name}_"
                    what = f"line {call.lineno}: {other} for {name}"
                    yield from in_place(module, module.span(keyword.value), f'"{other}"', what)


@FAMILY.operator("two members of a view show each other's value", blind=True)
def members_mixed_up(sources: Sources) -> Made:
    """Two neighbours that are taken from one row."""
    for module in sources.modules("views"):
        for _, given in _shown(module):
            plain = [each for each in given if re.fullmatch(r"row\.\w+", module.source(each.value))]
            for one, two in itertools.pairwise(plain):
                text = module.source(two.value)
                what = f"line {one.value.lineno}: {one.arg}={text}"
                yield from in_place(module, module.span(one.value), text, what)


@FAMILY.operator("an instant is shown as the language prints it", blind=True)
def instant_printed(sources: Sources) -> Made:
    """`timestamp(x)` becomes `str(x)`."""
    for module in sources.modules("views"):
        for call in module.calls("timestamp"):
            yield from in_place(module, module.span(call.func), "str", f"line {call.lineno}: str()")


@FAMILY.operator("a list is shown in the order in which it was stored", blind=True)
def list_not_sorted(sources: Sources) -> Made:
    """`sorted(x)` becomes `list(x)`."""
    for module in sources.modules("views"):
        for call in module.calls("sorted"):
            yield from in_place(
                module, module.span(call), module.source(call.args[0]), f"line {call.lineno}: as is"
            )


@FAMILY.operator("what may be missing is taken for granted", blind=True)
def missing_not_handled(sources: Sources) -> Made:
    """`x.get(k) if k is not None else None` becomes `x[k]`, `view(row.x) if row.x else None` becomes `view(row.x)`."""
    for module in sources.modules("views"):
        for node in ast.walk(module.tree):
            match node:
                case ast.IfExp(body=ast.Call(args=[key]) as body, orelse=ast.Constant(value=None)) if (
                    called(body) == "get"
                ):
                    owner = module.source(body.func).removesuffix(".get")
                    text = f"{owner}[{module.source(key)}]"
                    yield from in_place(module, module.span(node), text, f"line {node.lineno}: {text}")
                case ast.IfExp(
                    test=ast.Attribute() as row, body=ast.Call() as body, orelse=ast.Constant(value=None)
                ):
                    text = module.source(body)
                    if module.source(row) in [module.source(each) for each in body.args]:
                        yield from in_place(module, module.span(node), text, f"line {node.lineno}: {text}")


@FAMILY.operator("what may be missing is left out, not null", blind=True)
def null_member_empty(sources: Sources) -> Made:
    """`… else None` of a view becomes an empty text."""
    for module in sources.modules("views"):
        for node in ast.walk(module.tree):
            match node:
                case ast.IfExp(orelse=ast.Constant(value=None) as nothing):
                    yield from in_place(
                        module, module.span(nothing), '""', f"line {node.lineno}: empty for null"
                    )


@FAMILY.operator("a number is counted over other rows than those of the row at hand", blind=True)
def count_too_large(sources: Sources) -> Made:
    """`count(*)` inside of a list's columns counts one more."""
    for module in sources.modules("repositories"):
        for found in re.finditer(r"\(SELECT count\(\*\)", module.text):
            line = module.text.count("\n", 0, found.start()) + 1
            yield from in_place(module, found.span(), "(SELECT count(*) + 1", f"line {line}: one more")
