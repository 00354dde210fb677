"""What is written in haste, by people and by coding agents: it looks right, and is right in the case that was tried."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from backwright.verify.mutation.clauses import conditions, optional_clauses
from backwright.verify.mutation.editing import Turned, in_module, in_place, in_statement, keywords, raises
from backwright.verify.mutation.joined import always_joined, function_at
from backwright.verify.mutation.races import only_in_a_race
from backwright.verify.mutation.sources import Function, Module, Sources, Sql, called, dotted
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("haste")


@FAMILY.operator("of two refusals the second is asked first")
def refusals_in_the_other_order(sources: Sources) -> Made:
    """Two neighbouring `if …: raise …` that raise something else."""
    for module in sources.modules("services"):
        for one, two in _neighbours(module):
            if isinstance(one, ast.If) and isinstance(two, ast.If) and raises(one) and raises(two):
                texts = module.source(one), module.source(two)
                if module.source(one.body[0]) != module.source(two.body[0]):
                    after = module.replaced((module.span(one), texts[1]), (module.span(two), texts[0]))
                    yield from in_module(
                        module, after, f"line {one.lineno}: {raises(two)} before {raises(one)}"
                    )


@FAMILY.operator("an answer shows the row as it was before the change")
def answer_before_the_write(sources: Sources) -> Made:
    """`await rows.save(…)` and the reading of what is shown change places."""
    for module in sources.modules("services"):
        for one, two in _neighbours(module):
            match one, two:
                case ast.Expr(value=ast.Await() as write), ast.Assign(value=ast.Await() as read) if called(
                    write
                ) == "save" and "_views" in called(read):
                    texts = module.source(one), module.source(two)
                    after = module.replaced((module.span(one), texts[1]), (module.span(two), texts[0]))
                    yield from in_module(module, after, f"line {one.lineno}: reads before it saves")


@FAMILY.operator("the failure of a write is swallowed")
def failure_swallowed(sources: Sources) -> Made:
    """`await rows.insert(…)` in a `suppress(Exception)`, where the repository says that it may be refused.

    Not where only a race leads to the refusal, because it was looked for before.
    """
    refused = {
        f"{module.path.rpartition('/')[2].removesuffix('.py')}.{function.name}"
        for module in sources.modules("repositories")
        for function in module.functions()
        if any(
            isinstance(each, ast.Raise) and not only_in_a_race(sources, module, each)
            for handler in ast.walk(function)
            if isinstance(handler, ast.ExceptHandler)
            for each in handler.body
        )
    }
    for module, node, call in _writes(sources):
        if dotted(call.func) in refused:
            start = module.span(node)[0]
            what = f"line {node.lineno}: {dotted(call.func)} fails in silence"
            yield from in_place(
                module, (start, start), 'with __import__("contextlib").suppress(Exception): ', what
            )


@FAMILY.operator("a step is carried out beside the transaction")
def step_beside_the_transaction(sources: Sources) -> Made:
    """`await rows.save(tx, …)` becomes `await rows.save(ctx.db, …)`, where these are not always one and the same."""
    joined = always_joined(sources)
    for module, node, call in _writes(sources):
        if call.args and dotted(call.args[0]) == "tx" and function_at(module, node.lineno) not in joined:
            what = f"line {node.lineno}: {dotted(call.func)} on its own"
            yield from in_place(module, module.span(call.args[0]), "ctx.db", what)


@FAMILY.operator("only the first of several is handled")
def only_the_first(sources: Sources) -> Made:
    """`for item in body.items` ends after one."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.For):
                text = f"list({module.source(node.iter)})[:1]"
                yield from in_place(module, module.span(node.iter), text, f"line {node.lineno}: {text}")


@FAMILY.operator("what was read once is remembered, and not read again")
def read_once(sources: Sources) -> Made:
    """A repository's function that finds a row keeps it in a dictionary."""
    for module in sources.modules("repositories"):
        for function in module.functions():
            last = function.body[-1]
            if not function.name.startswith("find") or function.returns is None:
                continue
            match last:
                case ast.Return(value=ast.Await() as read):
                    names = ", ".join(each.arg for each in function.args.args[1:])
                    kept, shown = f"_{function.name}", module.source(function.returns)
                    body = (
                        f"if (key := repr(({names},))) not in {kept}:\n"
                        f"        {kept}[key] = {module.source(read)}\n    return {kept}[key]"
                    )
                    head = module.span(function)[0]
                    before = f"{kept}: dict[str, {shown}] = {{}}\n\n\n"
                    after = module.replaced(((head, head), before), (module.span(last), body))
                    yield from in_module(module, after, f"{function.name} remembers")


@FAMILY.operator("the parentheses around alternatives are forgotten")
def parentheses_forgotten(sources: Sources) -> Made:
    """`(a OR b) AND c` becomes `a OR b AND c`."""

    def bare(sql: str) -> Turned:
        clauses = [each.start for each in optional_clauses(sql)]
        for each in conditions(sql):
            joined = not each.alone or (each.depth == 0 and any(at > each.end for at in clauses))
            inner = each.text[1:-1]
            if joined and re.fullmatch(r"\([^()]* OR (?:[^()]|\([^()]*\))*\)", each.text, re.DOTALL):
                yield sql[: each.start] + inner + sql[each.end :], f"`{' '.join(inner.split())[:80]}` is bare"

    for statement in sources.statements():
        yield from in_statement(statement, bare)


@FAMILY.operator("rows with nothing on the other side of a join are lost")
def join_hides_rows(sources: Sources) -> Made:
    """`LEFT JOIN` becomes `JOIN`."""

    def inner(sql: str) -> Turned:
        for found in re.finditer(r"LEFT JOIN", sql):
            yield f"{sql[: found.start()]}JOIN{sql[found.end() :]}", "an inner join"

    for statement in sources.statements():
        yield from in_statement(statement, inner)


@FAMILY.operator("a text is compared as a pattern: case and wildcards count")
def compared_as_a_pattern(sources: Sources) -> Made:
    """`column = :text` becomes `column LIKE :text`; keys are no texts that people write.

    Not where every text has been held to a pattern of digits and letters of one case: nothing in it means more to LIKE.
    """
    for statement, names in _by_text(sources):

        def likened(sql: str, names: frozenset[str] = names) -> Turned:
            for found in re.finditer(r"(?<!id) = :(\w+)", sql):
                if found[1] in names:
                    yield f"{sql[: found.start()]} LIKE :{found[1]}{sql[found.end() :]}", f"LIKE :{found[1]}"

        if statement.is_read:
            yield from in_statement(statement, likened)


@FAMILY.operator("a text is pasted into a statement")
def pasted_into_sql(sources: Sources) -> Made:
    """`fetch_one(Row, FIND, slug=slug)` becomes `fetch_one(Row, sql("…".replace(":slug", f"'{slug}'")))`.

    Not where every text has been held to a pattern of digits and letters: it cannot end the literal.
    """
    for statement, names in _by_text(sources):
        module = statement.module
        for call in module.calls("fetch_one", "fetch_all", "fetch_value"):
            given = [each for each in call.keywords if each.arg in names and isinstance(each.value, ast.Name)]
            mine = [each for each in call.args if dotted(each) == statement.name]
            if not mine or not given or len(statement.spans) > 1:
                continue
            [text], name = statement.texts, given[0].arg
            pasted = f"""sql({text!r}.replace(":{name}", f"'{{{name}}}'"))"""
            start, end = module.span(mine[0])
            after = module.without_argument(call, given[0])  # it comes behind the statement
            yield from in_module(
                module, after[:start] + pasted + after[end:], f"{statement.name}: '{{{name}}}'"
            )


@FAMILY.operator("spaces around a text are cut off, though nobody asked for it")
def text_trimmed(sources: Sources) -> Made:
    """`title=body.title` of a new row becomes `title=body.title.strip()`."""
    texts = _texts(sources)
    for module in sources.modules("services"):
        for function in module.functions():
            kinds = _kinds(module, function)
            for call, keyword in keywords(module, function):
                variable, _, member = dotted(keyword.value).partition(".")
                if str(keyword.arg).endswith("_id"):
                    continue  # the key of a row that was found by the same text
                if called(call)[:1].isupper() and (kinds.get(variable, ""), member) in texts:
                    text = f"{variable}.{member}.strip()"
                    what = f"line {keyword.value.lineno}: {text}"
                    yield from in_place(module, module.span(keyword.value), text, what)


@FAMILY.operator("an address answers that nobody specified")
def address_left_over(sources: Sources) -> Made:
    """A route for looking at things while developing, open to everybody."""
    for module in sources.modules("routes"):
        names = set(re.findall(r"\w+", module.text))
        if {"router", "Context", "Response", "ok"} <= names:
            route = (
                '\n\n@router.get("/debug/caller", caller="optional")\n'
                "async def debug_caller(ctx: Context) -> Response:\n"
                '    """Who is calling."""\n    return ok({"caller": repr(ctx.caller)})\n'
            )
            yield from in_module(module, module.text + route, "GET /debug/caller")


# What operators look for -----------------------------------------------------------------------------------


def _neighbours(module: Module) -> Iterator[tuple[ast.stmt, ast.stmt]]:
    for node in ast.walk(module.tree):
        block = getattr(node, "body", None)
        if isinstance(block, list):
            yield from itertools.pairwise(block)


def _writes(sources: Sources) -> Iterator[tuple[Module, ast.Expr, ast.Call]]:
    """Awaited calls of services whose result nobody wants."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Expr(value=ast.Await(value=ast.Call() as call)):
                    yield module, node, call


PLAIN = re.compile(r"\bstr\b")
NOT_PLAIN = re.compile(r"[pP]attern[=(]|Literal\[|list\[|\|")


def _texts(sources: Sources) -> frozenset[tuple[str, str]]:
    """Members of bodies and queries that are any text, by class and name; what may be left out is not among them."""
    return frozenset(
        (outer, name)
        for outer, name, kind in _members(sources)
        if PLAIN.search(kind) and not NOT_PLAIN.search(kind)
    )


def _members(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """Members of bodies and queries: class, name, and what its annotation stands for."""
    for module in sources.modules("inputs"):
        known: dict[str, str] = {
            target.id: module.source(node.value)
            for node in module.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for outer in module.tree.body:
            for node in outer.body if isinstance(outer, ast.ClassDef) else ():
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    kind = module.source(node.annotation)
                    if isinstance(outer, ast.ClassDef):
                        yield outer.name, node.target.id, known.get(kind, kind)


def _kinds(module: Module, function: Function) -> Mapping[str, str]:
    """The classes of a function's arguments."""
    return {
        each.arg: module.source(each.annotation).rpartition(".")[2]
        for each in function.args.args
        if each.annotation
    }


def _by_text(sources: Sources) -> Iterator[tuple[Sql, frozenset[str]]]:
    """Statements with those of their parameters that are a text of the function that carries them out, and not held to
    a pattern that leaves nothing to be misread.
    """
    tame = set(_tame(sources))
    for statement in sources.statements():
        module = statement.module
        names: set[str] = set()
        for function in module.functions():
            kinds = _kinds(module, function)
            for call in module.calls("fetch_one", "fetch_all", "fetch_value", within=function):
                if statement.name in [dotted(each) for each in call.args]:
                    names |= {
                        each.arg
                        for each in call.keywords
                        if each.arg
                        and kinds.get(dotted(each.value)) == "str"
                        and (Path(module.path).stem, function.name, dotted(each.value)) not in tame
                    }
        if names:
            yield statement, frozenset(names)


TAME = re.compile(r"(?:\[(?:A-Z|a-z)?(?:0-9)?\](?:\{[0-9,]+\})?|[A-Z0-9-])+")
"""Patterns of digits and letters of one case, as far as they are known from others: classes with counts, and signs."""


def _tame(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """Repository, function and parameter, where every service gives what is held to such a pattern, or the member of a
    row that was when it was stored.
    """
    held = _held(sources)
    stored = set(_stored(sources, held))
    given: dict[tuple[str, str], list[tuple[bool, ...]]] = {}
    for module in sources.modules("services"):
        for function in module.functions():
            kinds = _kinds(module, function)
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    place, _, name = dotted(call.func).partition(".")
                    members = [dotted(each).partition(".") for each in call.args]
                    safe = tuple(
                        (kinds[one], member) in held if one in kinds else member in stored
                        for one, _, member in members
                    )
                    given.setdefault((place, name), []).append(safe)
    for module in sources.modules("repositories"):
        for function in module.functions():
            calls = given.get((Path(module.path).stem, function.name), [])
            for at, argument in enumerate(function.args.args):
                if calls and all(len(each) > at and each[at] for each in calls):
                    yield Path(module.path).stem, function.name, argument.arg


def _stored(sources: Sources, held: frozenset[tuple[str, str]]) -> Iterator[str]:
    """Members of rows that no service gives anything but what is held to such a pattern, or the words of a slug."""
    values: dict[str, list[bool]] = {}
    for module in sources.modules("services"):
        for function in module.functions():
            kinds = _kinds(module, function)
            for call, keyword in keywords(module, function):
                if called(call)[:1].isupper() or called(call) == "replace":
                    one, _, member = dotted(keyword.value).partition(".")
                    is_slug = called(keyword.value) in ("free_slug", "slug_after")
                    safe = is_slug or (kinds.get(one, ""), member) in held
                    values.setdefault(str(keyword.arg), []).append(safe)
    yield from (member for member, safe in values.items() if all(safe))


def _held(sources: Sources) -> frozenset[tuple[str, str]]:
    """Members of bodies, by class and name, that are held to such a pattern."""
    return frozenset(
        (outer, name)
        for outer, name, kind in _members(sources)
        if (found := re.search(r"Pattern\((['\"])(.*?)\1\)", kind)) and TAME.fullmatch(found[2])
    )
