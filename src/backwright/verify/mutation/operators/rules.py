"""Access rules that are weaker than the specification's, or not asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from backwright.verify.mutation.clauses import Condition
from backwright.verify.mutation.editing import (
    Turned,
    in_module,
    in_place,
    in_statement,
    keywords,
    raises,
    without_condition,
    without_conditions,
    without_statements,
)
from backwright.verify.mutation.sources import Sources, called, dotted
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("rules")


def _of_caller(condition: Condition) -> bool:
    return ":caller" in condition.text


@FAMILY.operator("a query that shows rows does not ask who is calling", blind=True)
def read_rule_dropped(sources: Sources) -> Made:
    """Outermost conditions on the caller, in what reads."""
    return without_conditions(sources, lambda each: each.is_read, lambda it: it.depth == 0 and _of_caller(it))


@FAMILY.operator("a flag or a nested value is computed for anyone instead of the caller", blind=True)
def nested_rule_dropped(sources: Sources) -> Made:
    """Conditions on the caller inside of subqueries."""
    return without_conditions(sources, lambda each: each.is_read, lambda it: it.depth > 0 and _of_caller(it))


@FAMILY.operator("the number of rows counts those that the caller may not see", blind=True)
def count_ignores_rule(sources: Sources) -> Made:
    """Conditions on the caller in statements that count for a page."""
    return without_conditions(sources, lambda each: each.name.endswith("_TOTAL"), _of_caller)


@FAMILY.operator("a write that names whose rows it changes changes everyone's", blind=True)
def write_not_limited_to_the_caller(sources: Sources) -> Made:
    """Conditions on the caller in what deletes or updates."""
    return without_conditions(sources, lambda each: not each.is_read, _of_caller)


@FAMILY.operator("what refuses a caller is left out of an operation", blind=True)
def refusal_forgotten(sources: Sources) -> Made:
    """`if not may_…: raise Forbidden`."""
    for module in sources.modules("services"):
        yield from without_statements(
            module,
            lambda node: isinstance(node, ast.If) and raises(node) in ("Forbidden", "NotFound"),
            "does not check",
        )


@FAMILY.operator("a rule says yes to everyone", blind=True)
def rule_always_true(sources: Sources) -> Made:
    """`return …` of a rule becomes `return True`.

    Not `return row.id == caller.id`, where services ask it of nothing but what they found by the caller alone: that is
    the caller's own row, of which it is true.
    """
    own = set(_asked_of_the_callers_own_row(sources))
    for module in sources.modules("rules", "access"):
        always = {
            each
            for function in module.functions()
            if function.name in own and ast.unparse(function.body[-1]).endswith(".id == caller.id")
            for each in ast.walk(function)
        }
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Return) and node.value is not None and node not in always:
                yield from in_place(module, module.span(node.value), "True", f"line {node.lineno}: True")


def _asked_of_the_callers_own_row(sources: Sources) -> Iterator[str]:
    """The rules of which every call is given a row that was found by `find…(db, caller)`."""
    asked: dict[str, list[bool]] = {}
    for module in sources.modules("services"):
        for function in module.functions():
            own = {
                target.id
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and _finds_by_the_caller(node.value)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and dotted(call.func).startswith("rules."):
                    rows = [dotted(each) for each in call.args if dotted(each) != "caller"]
                    asked.setdefault(called(call), []).append(bool(rows) and own.issuperset(rows))
    yield from (rule for rule, each in asked.items() if all(each))


def _finds_by_the_caller(node: ast.expr) -> bool:
    reads = [
        each for each in ast.walk(node) if isinstance(each, ast.Call) and called(each).startswith("find")
    ]
    return any(
        len(each.args) == 2 and dotted(each.args[1]) == "caller" and not each.keywords for each in reads
    )


@FAMILY.operator("one of two demands is enough", blind=True)
def and_becomes_or(sources: Sources) -> Made:
    """`a and b` in rules and services, `a AND b` of the whole condition of a query."""
    yield from _joined(sources, ast.And, " or ")


@FAMILY.operator("both of two ways in are demanded", blind=True)
def or_becomes_and(sources: Sources) -> Made:
    """`a or b` in rules."""
    yield from _joined(sources, ast.Or, " and ")


def _joined(sources: Sources, kind: type[ast.boolop], word: str) -> Made:
    for module in sources.modules("rules", "access", "services"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.BoolOp) and isinstance(node.op, kind):
                text = word.join(module.source(each) for each in node.values)
                yield from in_place(module, module.span(node), f"({text})", f"line {node.lineno}:{word}")


@FAMILY.operator("a role is compared the wrong way round", blind=True)
def equal_becomes_different(sources: Sources) -> Made:
    """`==` in rules becomes `!=`."""
    for module in sources.modules("rules", "access"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                    text = f"{module.source(left)} != {module.source(right)}"
                    yield from in_place(module, module.span(node), text, f"line {node.lineno}: !=")


@FAMILY.operator("one more role may do it", blind=True)
def role_added(sources: Sources) -> Made:
    """A list of roles in rules and queries that leaves the last role out of what is compared."""
    for module in sources.modules("rules", "access", "services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Compare(left=ast.Attribute(value=ast.Name(id="caller")), comparators=[ast.Tuple()]):
                    yield from in_place(module, module.span(node), "True", f"line {node.lineno}: any role")
    for statement in sources.statements():
        yield from in_statement(statement, _any_role)


def _any_role(sql: str) -> Turned:
    for found in re.finditer(r":caller_\w+(?:::\w+)? (?:IN \([^()]*\)|= '[^']*')", sql):
        yield f"{sql[: found.start()]}TRUE{sql[found.end() :]}", f"any instead of `{found.group()}`"


@FAMILY.operator("signing in is demanded where it is optional", blind=True)
def optional_sign_in_required(sources: Sources) -> Made:
    """`caller="optional"` of a route."""
    yield from _caller(sources, "optional", "required")


@FAMILY.operator(
    "signing in is optional where it is demanded",
    blind=True,
    harmless="the service asks `ctx.signed_in()` itself; only the order of 401 and 422 can differ",
)
def required_sign_in_optional(sources: Sources) -> Made:
    """`caller="required"` of a route."""
    yield from _caller(sources, "required", "optional")


def _caller(sources: Sources, before: str, after: str) -> Made:
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            match keyword:
                case ast.keyword(arg="caller", value=ast.Constant(value=value)) if value == before:
                    route = f"{called(call)} {module.source(call.args[0])}"
                    yield from in_place(module, module.span(keyword.value), f'"{after}"', f"{route}: {after}")


@FAMILY.operator("the thing under another thing is found under any", blind=True)
def parent_not_asked(sources: Sources) -> Made:
    """A condition that is not on the caller, in what finds one row by several."""
    return without_conditions(
        sources,
        lambda each: each.is_read and each.name.startswith("FIND"),
        lambda it: it.depth == 0 and not it.alone and "deleted_at" not in it.text and not _of_caller(it),
    )


@FAMILY.operator("rows that were removed softly are still there", blind=True)
def removed_rows_shown(sources: Sources) -> Made:
    """`deleted_at IS NULL`."""
    return without_conditions(sources, lambda _: True, lambda it: "deleted_at IS NULL" in it.text)


@FAMILY.operator("a reference to what the caller may not see is accepted", blind=True)
def reference_not_checked(sources: Sources) -> Made:
    """`if … not in await readable(…): unreadable.append(…)`."""

    def appends(node: ast.stmt) -> bool:
        match node:
            case ast.If(body=[ast.Expr(value=ast.Call() as call)]):
                return called(call) == "append" and any(called(each) == "FieldError" for each in call.args)
        return False

    for module in sources.modules("services"):
        yield from without_statements(module, appends, "does not check")


@FAMILY.operator("a field that only some may see is shown to all", blind=True)
def field_rule_skipped(sources: Sources) -> Made:
    """`value if rule else None` of a view, and `CASE WHEN rule THEN value ELSE NULL END` of a query."""
    for module in sources.modules("views"):
        for node in ast.walk(module.tree):
            match node:
                case ast.IfExp(test=test, body=body, orelse=ast.Constant(value=None)) if "caller" in {
                    dotted(each).split(".")[0] for each in ast.walk(test) if isinstance(each, ast.expr)
                }:
                    text = module.source(body)
                    yield from in_place(module, module.span(node), text, f"shows `{text}` to all")


@FAMILY.operator("the rule for a field is asked when it is read, not when it is written", blind=True)
def field_write_rule_skipped(sources: Sources) -> Made:
    """`if body.x is not UNSET and not may…: raise Forbidden`."""
    for module in sources.modules("services"):
        yield from without_statements(
            module,
            lambda node: (
                isinstance(node, ast.If)
                and raises(node) == "Forbidden"
                and isinstance(node.test, ast.BoolOp)
                and "UNSET" in ast.unparse(node.test)
            ),
            "does not check",
        )


@FAMILY.operator("a rule is asked of the row before a change, but not after it", blind=True)
def rule_after_change_skipped(sources: Sources) -> Made:
    """The second time that one function asks the same rule."""
    for module in sources.modules("services"):
        for function in module.functions():
            asked: set[str] = set()
            for node in ast.walk(function):
                if isinstance(node, ast.If) and raises(node) == "Forbidden":
                    rule = next(
                        (called(each) for each in ast.walk(node.test) if isinstance(each, ast.Call)), ""
                    )
                    if rule in asked:
                        after = module.without_statement(node)
                        yield from in_module(module, after, f"{function.name} does not ask {rule} again")
                    asked.add(rule)


@FAMILY.operator("the first of several conditions of a rule's subquery is forgotten", blind=True)
def subquery_correlation_lost(sources: Sources) -> Made:
    """What ties a subquery to the row at hand."""
    for statement in sources.statements():
        if statement.is_read:
            yield from in_statement(
                statement,
                lambda sql: without_condition(
                    sql,
                    lambda it: (
                        it.depth > 0
                        and not _of_caller(it)
                        and re.search(r"= \S+\.\w+\Z", it.text) is not None
                    ),
                ),
            )
