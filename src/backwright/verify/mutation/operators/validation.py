"""Input that is checked less, or otherwise, than the specification says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from backwright.verify.mutation.editing import in_module, in_place, keywords
from backwright.verify.mutation.sources import Module, Sources, called
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("validation")
LIMITS = ("min_length", "max_length", "ge", "le", "gt", "lt", "pattern")


def _limits(sources: Sources, *names: str) -> list[tuple[Module, ast.Call, ast.keyword]]:
    return [
        (module, call, keyword)
        for module in sources.modules("inputs")
        for call, keyword in keywords(module)
        if called(call) == "Meta" and keyword.arg in names
    ]


def _without(sources: Sources, *names: str) -> Made:
    for module, call, keyword in _limits(sources, *names):
        what = f"line {call.lineno}: without {module.source(keyword)}"
        if len(call.keywords) == 1:
            yield from in_place(module, module.span(keyword), "description=''", what)
        else:
            yield from in_module(module, module.without_argument(call, keyword), what)


@FAMILY.operator("a text may be as long as it likes", blind=True)
def max_length_dropped(sources: Sources) -> Made:
    """`max_length`."""
    return _without(sources, "max_length")


@FAMILY.operator("a text may be empty", blind=True)
def min_length_dropped(sources: Sources) -> Made:
    """`min_length`."""
    return _without(sources, "min_length")


@FAMILY.operator("a pattern is not asked", blind=True)
def pattern_dropped(sources: Sources) -> Made:
    """`pattern`."""
    return _without(sources, "pattern")


@FAMILY.operator("a number may be as small or as large as it likes", blind=True)
def bound_dropped(sources: Sources) -> Made:
    """`ge`, `le`, `gt`, `lt`, but for page sizes."""
    return _without(sources, "ge", "le", "gt", "lt")


@FAMILY.operator("a limit is off by one", blind=True)
def limit_off_by_one(sources: Sources) -> Made:
    """Lengths and bounds."""
    wider = {"max_length": 1, "le": 1, "lt": 1, "min_length": -1, "ge": -1, "gt": -1}
    for module, call, keyword in _limits(sources, *wider):
        match keyword.value:
            case ast.Constant(value=int(number)) if keyword.arg is not None:
                other = number + wider[keyword.arg]
                if other >= 0:
                    what = f"line {call.lineno}: {keyword.arg}={other}"
                    yield from in_place(module, module.span(keyword.value), str(other), what)


@FAMILY.operator("a page may have any size", blind=True)
def page_size_unlimited(sources: Sources) -> Made:
    """`le` of `limit`."""
    for module in sources.modules("inputs"):
        for node, text in _fields(module):
            if text.startswith("limit:") and re.search(r"\ble=\d+", text):
                new = re.sub(r"\ble=\d+", "le=1000000", text)
                yield from in_place(module, module.span(node), new, f"line {node.lineno}: any page size")


@FAMILY.operator("a member that is required may be left out", blind=True)
def required_becomes_optional(sources: Sources) -> Made:
    """A text without a default gets an empty one."""
    texts = {"str", "Email"} | {
        target.id
        for module in sources.modules("inputs")
        for node in module.tree.body
        if isinstance(node, ast.Assign) and module.source(node.value).startswith("Annotated[str")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for module in sources.modules("inputs"):
        for node, text in _fields(module):
            if node.value is None and module.source(node.annotation) in texts:
                yield from in_place(
                    module, module.span(node), f'{text} = ""', f"line {node.lineno}: {text} = ''"
                )


@FAMILY.operator("a default is another one", blind=True)
def default_changed(sources: Sources) -> Made:
    """Defaults of members and query parameters."""
    for module in sources.modules("inputs"):
        for node, _ in _fields(module):
            other = _other(node.value)
            if other is not None and node.value is not None:
                what = f"line {node.lineno}: default {other}"
                yield from in_place(module, module.span(node.value), other, what)


@FAMILY.operator("a default is forgotten where a member is left out", blind=True)
def default_forgotten(sources: Sources) -> Made:
    """`given(body.x, default)` in what creates, and constants of new rows."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(args=[_, ast.Constant() as default]) if called(node) == "given":
                    other = _other(default)
                    if other is not None:
                        what = f"line {node.lineno}: {other} where it is absent"
                        yield from in_place(module, module.span(default), other, what)


def _other(value: ast.expr | None) -> str | None:
    match value:
        case ast.Constant(value=bool(each)):
            return str(not each)
        case ast.Constant(value=int(each)):
            return str(each + 1)
        case ast.Constant(value=str(each)):
            return repr(f"{each}-")
    return None


@FAMILY.operator("one of several words is accepted that is not among them", blind=True)
def choice_not_checked(sources: Sources) -> Made:
    """`Literal[…]` becomes `str`."""
    yield from _types(sources, lambda text: text.startswith("Literal["), "str")


@FAMILY.operator("an email address may be any text", blind=True)
def email_not_checked(sources: Sources) -> Made:
    """`Email` becomes `str`."""
    yield from _types(sources, lambda text: text == "Email", "str")


def _types(sources: Sources, wanted: Callable[[str], bool], other: str) -> Made:
    for module in sources.modules("inputs"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Subscript | ast.Name) and wanted(module.source(node)):
                what = f"line {node.lineno}: {other}"
                yield from in_place(module, module.span(node), other, what)


@FAMILY.operator("members that nobody knows are let through", blind=True)
def unknown_members_accepted(sources: Sources) -> Made:
    """`forbid_unknown_fields`."""
    for module in sources.modules("inputs"):
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef):
                for keyword in node.keywords:
                    if keyword.arg == "forbid_unknown_fields":
                        what = f"{node.name} lets unknown members through"
                        yield from in_place(module, module.span(keyword.value), "False", what)


@FAMILY.operator("null is refused where it means something", blind=True)
def null_refused(sources: Sources) -> Made:
    """`X | UnsetType | None` loses its None."""
    for module in sources.modules("inputs"):
        for node, text in _fields(module):
            if text.endswith("| None = UNSET"):
                new = text.replace(" | None = UNSET", " = UNSET")
                yield from in_place(module, module.span(node), new, f"line {node.lineno}: no null")


@FAMILY.operator("null is accepted where it means nothing", blind=True)
def null_accepted(sources: Sources) -> Made:
    """`X | UnsetType = UNSET` of a body gets a None; a query parameter cannot say null."""
    for module in sources.modules("inputs"):
        queries = {
            field
            for outer in module.tree.body
            if isinstance(outer, ast.ClassDef) and outer.name in _queries(sources)
            for field in outer.body
        }
        for node, text in _fields(module):
            if node not in queries and text.endswith("| UnsetType = UNSET"):
                new = text.replace("| UnsetType = UNSET", "| UnsetType | None = UNSET")
                yield from in_place(module, module.span(node), new, f"line {node.lineno}: null")


def _queries(sources: Sources) -> set[str]:
    """The structs that routes read from the query."""
    return {
        found[1]
        for module in sources.modules("routes")
        for found in re.finditer(r"\bquery: (\w+)", module.text)
    }


@FAMILY.operator("upper and lower case are not folded", blind=True)
def case_not_folded(sources: Sources) -> Made:
    """`FOLDED`."""
    for module in sources.modules("inputs"):
        for found in re.finditer(r"(?<=Annotated\[str, )FOLDED, ", module.text):
            line = module.text.count("\n", 0, found.start()) + 1
            yield from in_place(module, found.span(), "", f"line {line}: case is kept")


@FAMILY.operator("a decimal may have more digits than are stored", blind=True)
def scale_not_checked(sources: Sources) -> Made:
    """`Scale(2)` of what is sent."""
    for module in sources.modules("inputs"):
        for call in module.calls("Scale"):
            digits = int(module.source(call.args[0])) + 2
            yield from in_place(
                module, module.span(call.args[0]), str(digits), f"line {call.lineno}: {digits}"
            )


@FAMILY.operator("what an operation requires of its input is not asked", blind=True)
def requirement_skipped(sources: Sources) -> Made:
    """`if …: raise Invalid`."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.If) and "raise Invalid" in module.source(node):
                if isinstance(node.test, ast.Name):
                    continue
                what = f"line {node.lineno}: not asked"
                yield from in_module(module, module.without_statement(node), what)


@FAMILY.operator("the edge of a comparison is on the other side", blind=True)
def comparison_edge(sources: Sources) -> Made:
    """`<` and `<=` in rules and services."""
    turned = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
    for module in sources.modules("rules", "services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in turned:
                    sign = turned[type(kind)]
                    text = f"{module.source(left)} {sign} {module.source(right)}"
                    yield from in_place(module, module.span(node), text, f"line {node.lineno}: {text}")


def _fields(module: Module) -> list[tuple[ast.AnnAssign, str]]:
    return [
        (node, module.source(node))
        for outer in module.tree.body
        if isinstance(outer, ast.ClassDef)
        for node in outer.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
