"""Lists: which rows, in which order, how many, and where the next ones begin."""

from __future__ import annotations

import ast
import re
from functools import partial

from backwright.verify.mutation.clauses import optional_clauses, order
from backwright.verify.mutation.editing import Turned, in_place, in_statement, keywords
from backwright.verify.mutation.sources import Sources, Sql
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("paging")


@FAMILY.operator("a page skips or loses a row at its edge", blind=True)
def page_off_by_one(sources: Sources) -> Made:
    """`limit=query.limit + 1` and `offset=query.offset`."""
    for module in sources.modules("repositories"):
        for _, keyword in keywords(module):
            text = module.source(keyword)
            other = {
                "limit=query.limit + 1": "limit=query.limit",
                "limit=query.limit": "limit=query.limit + 1",
                "offset=query.offset": "offset=query.offset + 1",
            }.get(text)
            if other is not None:
                yield from in_place(
                    module, module.span(keyword), other, f"line {keyword.value.lineno}: {other}"
                )


@FAMILY.operator("the rows come in the opposite order", blind=True)
def order_reversed(sources: Sources) -> Made:
    """The first term of the ORDER BY of a list."""

    def turned(sql: str) -> Turned:
        found = order(sql)
        if found is not None:
            first, *rest = found.terms
            term = first.removesuffix(" DESC") if first.endswith(" DESC") else f"{first} DESC"
            yield f"{sql[: found.start]}{', '.join([term, *rest])}{sql[found.end :]}", f"by {term}"

    for statement in sources.statements():
        yield from in_statement(statement, turned)


@FAMILY.operator("the rows come in no certain order", blind=True)
def order_forgotten(sources: Sources) -> Made:
    """The whole ORDER BY of a list."""

    def without(sql: str) -> Turned:
        found = order(sql)
        if found is not None:
            yield f"{sql[: found.start]}random(){sql[found.end :]}", "in no order"

    for statement in sources.statements():
        yield from in_statement(statement, without)


@FAMILY.operator("rows that are equal by what they are sorted by change places", blind=True)
def tie_not_broken(sources: Sources) -> Made:
    """The last of several terms of the ORDER BY, turned round (leaving it out is not seen every time)."""

    def turned(sql: str) -> Turned:
        found = order(sql)
        if found is not None and len(found.terms) > 1:
            *rest, last = found.terms
            term = last.removesuffix(" DESC") if last.endswith(" DESC") else f"{last} DESC"
            yield f"{sql[: found.start]}{', '.join([*rest, term])}{sql[found.end :]}", f"ties by {term}"

    for statement in sources.statements():
        yield from in_statement(statement, turned)


@FAMILY.operator("the last row of a page is the first of the next", blind=True)
def cursor_includes_its_row(sources: Sources) -> Made:
    """`<` of a keyset becomes `<=`."""

    def turned(sql: str) -> Turned:
        for found in re.finditer(r" ([<>]) (?=\(?:after_)", sql):
            yield f"{sql[: found.end(1)]}={sql[found.end(1) :]}", f"{found[1]}= the cursor"

    for statement in sources.statements():
        yield from in_statement(statement, turned)


@FAMILY.operator("a filter does nothing", blind=True)
def filter_ignored(sources: Sources) -> Made:
    """An optional clause of a list, the cursor's as well. Not one whose parameter nobody gives: it is never there."""
    for statement in sources.statements():
        if not statement.name.endswith("_TOTAL"):
            unset = _never_given(sources, statement)
            yield from in_statement(statement, partial(_without_optional, unset=unset))


def _never_given(sources: Sources, statement: Sql) -> frozenset[str]:
    """The parameters of what carries out a statement that may be left out, and that each call leaves out."""
    found: set[str] = set()
    for function in statement.module.functions():
        if not any(isinstance(node, ast.Name) and node.id == statement.name for node in ast.walk(function)):
            continue
        first = len(function.args.args) - len(function.args.defaults)
        calls = [
            call
            for module in sources.modules("services", "repositories", "removal", "views")
            for call in module.calls(function.name)
        ]
        for at, argument in enumerate(function.args.args):
            given = [len(each.args) > at or argument.arg in {k.arg for k in each.keywords} for each in calls]
            if at >= first and calls and not any(given):
                found.add(argument.arg)
    return frozenset(found)


@FAMILY.operator("the number of rows does not regard a filter", blind=True)
def count_ignores_filter(sources: Sources) -> Made:
    """An optional clause of a statement that counts for a page."""
    for statement in sources.statements():
        if statement.name.endswith("_TOTAL"):
            yield from in_statement(statement, _without_optional)


def _without_optional(sql: str, unset: frozenset[str] = frozenset()) -> Turned:
    for clause in optional_clauses(sql):
        if unset.isdisjoint(re.findall(r":(\w+)", clause.text)):
            yield (
                f"{sql[: clause.start]}{sql[clause.end :]}",
                f"ignores `{' '.join(clause.text.split())[:60]}`",
            )


@FAMILY.operator("the edge of a filter is on the other side", blind=True)
def filter_edge(sources: Sources) -> Made:
    """`>=` and `>` in optional clauses that are not the cursor's."""

    def turned(sql: str) -> Turned:
        for clause in optional_clauses(sql):
            found = re.search(r" ([<>]=?) :(?!after_)", clause.text)
            if found is not None:
                sign = found[1].removesuffix("=") if found[1].endswith("=") else f"{found[1]}="
                start = clause.start + 1 + found.start(1)
                yield f"{sql[:start]}{sign}{sql[start + len(found[1]) :]}", f"{sign} at the edge"

    for statement in sources.statements():
        yield from in_statement(statement, turned)


@FAMILY.operator("the number of all rows is that of the page", blind=True)
def total_of_the_page(sources: Sources) -> Made:
    """`total=count or 0` becomes `total=len(rows)`."""
    for module in sources.modules("repositories"):
        for _, keyword in keywords(module):
            if keyword.arg == "total":
                what = f"line {keyword.value.lineno}: the length of the page"
                yield from in_place(module, module.span(keyword.value), "len(rows)", what)


@FAMILY.operator("what is there twice is shown twice", blind=True)
def distinct_forgotten(sources: Sources) -> Made:
    """`DISTINCT`."""

    def without(sql: str) -> Turned:
        if "DISTINCT " in sql and "IS DISTINCT" not in sql and "IS NOT DISTINCT" not in sql:
            yield sql.replace("DISTINCT ", "", 1), "not distinct"
        elif "list_distinct(" in sql:
            yield sql.replace("list_distinct(", "(", 1), "not distinct"

    for statement in sources.statements():
        yield from in_statement(statement, without)


@FAMILY.operator("a fixed number of rows is another one", blind=True)
def fixed_limit_changed(sources: Sources) -> Made:
    """`LIMIT 500`."""

    def changed(sql: str) -> Turned:
        for found in re.finditer(r"LIMIT (\d+)\b", sql):
            if int(found[1]) > 1:
                yield f"{sql[: found.start()]}LIMIT {int(found[1]) - 1}{sql[found.end() :]}", "one less"

    for statement in sources.statements():
        yield from in_statement(statement, changed)


@FAMILY.operator("a nested list is fetched row by row", blind=True)
def query_per_row(sources: Sources) -> Made:
    """`x = await …([row.k for row in rows])` becomes a loop (N+1)."""
    for module in sources.modules("views"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Await(value=ast.Call(args=[*before, ast.ListComp() as each])),
                ) if isinstance(node.value, ast.Await) and isinstance(node.value.value, ast.Call):
                    function = module.source(node.value.value.func)
                    given = ", ".join(module.source(one) for one in before)
                    [loop] = each.generators
                    indent = " " * node.col_offset
                    text = (
                        f"{name} = {{}}\n{indent}for {module.source(loop.target)} in {module.source(loop.iter)}:\n"
                        f"{indent}    {name} |= await {function}({given}, [{module.source(each.elt)}])"
                    )
                    yield from in_place(
                        module, module.span(node), text, f"line {node.lineno}: a query for each row"
                    )
