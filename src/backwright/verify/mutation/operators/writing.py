"""Writes that lose, forget or mix up something."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from backwright.verify.mutation.editing import (
    Turned,
    in_module,
    in_place,
    in_statement,
    keywords,
    raises,
    without_conditions,
    without_statements,
)
from backwright.verify.mutation.joined import always_joined, function_at
from backwright.verify.mutation.races import only_in_a_race
from backwright.verify.mutation.sources import Function, Sources, called, dotted
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("writing")
ONE_WRITE = (
    "Where one step looks and one writes, only a request between shows it; no gate sends one at that instant"
)
ONE_WRITER = "SQLite has one writer: a transaction that writes has the database to itself"


@FAMILY.operator("a new row belongs to nobody, or to whoever its parent belongs to", blind=True)
def owner_not_stamped(sources: Sources) -> Made:
    """`owner_id=caller.id` takes the same column of a row at hand, or a fresh key."""
    columns = {
        (node.name.lower(), field.target.id)
        for module in sources.modules("entities")
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    for module in sources.modules("services"):
        for function in module.functions():
            rows = [
                target.id
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and called(node.value) == "found"
                for target in node.targets
                if isinstance(target, ast.Name)
            ]
            for call, keyword in keywords(module, function):
                if dotted(keyword.value) == "caller.id" and called(call)[:1].isupper():
                    same = [row for row in rows if (row.replace("_", ""), keyword.arg) in columns]
                    other = f"{same[0]}.{keyword.arg}" if same else "ctx.new_id()"
                    what = f"{function.name}: {keyword.arg}={other}"
                    yield from in_place(module, module.span(keyword.value), other, what)


@FAMILY.operator("a member that is absent from a change is set to nothing", blind=True)
def absent_overwrites(sources: Sources) -> Made:
    """`given(body.x, row.x)` becomes `given(body.x, "")`."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(args=[_, ast.Attribute() as kept]) if called(node) == "given":
                    what = f"line {node.lineno}: {module.source(kept)} is lost where it is absent"
                    yield from in_place(module, module.span(kept), "None", what)


@FAMILY.operator("what is false, zero or empty counts as absent", blind=True)
def falsy_is_absent(sources: Sources) -> Made:
    """`given(body.x, row.x)` becomes `body.x or row.x`, where `x` can be any of them."""
    never = _never_falsy(sources)
    for module in sources.modules("services"):
        for function in module.functions():
            kinds = {
                each.arg: module.source(each.annotation) for each in function.args.args if each.annotation
            }
            hashed = _hashed(function)
            for node in ast.walk(function):
                match node:
                    case ast.Call(args=[sent, ast.Attribute() as kept]) if called(node) == "given":
                        variable, _, member = module.source(sent).partition(".")
                        if (
                            variable in hashed
                            or (kinds.get(variable, "").rpartition(".")[2], member) in never
                        ):
                            continue
                        text = f"({module.source(sent)} or {module.source(kept)})"
                        yield from in_place(module, module.span(node), text, f"line {node.lineno}: {text}")


def _hashed(function: Function) -> set[str]:
    """Variables that hold the hash of a password, which is never empty."""
    return {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and called(node.value) == "hash"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


NEVER_FALSY = re.compile(r"\b(Email|UUID|datetime|date)\b|Literal\[|min_length=[1-9]|\bgt=[0-9]|\bge=0*[1-9]")


def _never_falsy(sources: Sources) -> set[tuple[str, str]]:
    """Members of bodies, by class and name, whose values are refused where they are empty or zero."""
    found: set[tuple[str, str]] = set()
    for module in sources.modules("inputs"):
        alias = {
            target.id: module.source(node.value)
            for node in module.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for outer in module.tree.body:
            if not isinstance(outer, ast.ClassDef):
                continue
            for node in outer.body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    kind = module.source(node.annotation).partition(" | ")[0]
                    if NEVER_FALSY.search(alias.get(kind, kind)):
                        found.add((outer.name, node.target.id))
    return found


@FAMILY.operator("a changed value is not stored", blind=True)
def column_not_saved(sources: Sources) -> Made:
    """One column of an UPDATE keeps what it had."""

    def kept(sql: str) -> Turned:
        for found in re.finditer(r'(?:SET |^ {8})("?\w+"?) = (:\w+)', sql, re.MULTILINE):
            start, end = found.span(2)
            yield f"{sql[:start]}{found[1]}{sql[end:]}", f"{found[1]} stays as it was"

    for statement in sources.statements():
        if re.match(r"\W*UPDATE", statement.texts[0]):
            yield from in_statement(statement, kept)


@FAMILY.operator("two columns of a new row are mixed up", blind=True)
def columns_swapped(sources: Sources) -> Made:
    """Two neighbouring parameters of an INSERT, unless every new row has the same value for both."""
    given = _given_together(sources)

    def swapped(sql: str) -> Turned:
        at = sql.find("VALUES (")
        names = list(re.finditer(r":(\w+)", sql[at:]))
        for one, two in itertools.pairwise(names):
            values = given.get((one[1], two[1]), {(one[1], two[1])})
            if all(left == right for left, right in values):
                continue
            text = sql[:at] + sql[at:][: one.start()] + two.group() + sql[at:][one.end() : two.start()]
            yield text + one.group() + sql[at:][two.end() :], f"{one[1]} and {two[1]} are mixed up"

    for statement in sources.statements():
        if re.match(r"\W*INSERT", statement.texts[0]):
            yield from in_statement(statement, swapped)


def _given_together(sources: Sources) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The texts of the values that new rows have in two columns, wherever a service gives a value to both."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and called(node)[:1].isupper():
                given = {
                    each.arg: module.source(each.value) for each in node.keywords if each.arg is not None
                }
                for one, two in itertools.permutations(given, 2):
                    found.setdefault((one, two), set()).add((given[one], given[two]))
    return found


@FAMILY.operator("a row that is read to be changed is not locked", blind=True, on_sqlite=ONE_WRITER)
def lock_forgotten(sources: Sources) -> Made:
    """`FOR UPDATE`."""

    def unlocked(sql: str) -> Turned:
        if "FOR UPDATE" in sql:
            yield re.sub(r"\n\s+FOR UPDATE", "", sql), "no lock"

    for statement in sources.statements():
        yield from in_statement(statement, unlocked)


@FAMILY.operator("several steps are not one transaction", blind=True, seldom=ONE_WRITE)
def transaction_missing(sources: Sources) -> Made:
    """`async with ctx.transaction() as tx` becomes `tx = ctx.db`, where that is not always a transaction itself."""
    joined = always_joined(sources)
    for module in sources.modules("services"):
        for found in re.finditer(r"async with ctx\.transaction\([^)]*\) as (\w+):", module.text):
            line = module.text.count("\n", 0, found.start()) + 1
            if function_at(module, line) in joined:
                continue
            what = f"line {line}: each step on its own"
            yield from in_place(module, found.span(), f"if {found[1]} := ctx.db:", what)


@FAMILY.operator("a transaction lets others in between", blind=True, on_sqlite=ONE_WRITER)
def isolation_lowered(sources: Sources) -> Made:
    """`serializable=True`."""
    for module in sources.modules("services"):
        for found in re.finditer(r"serializable=True", module.text):
            what = f"line {module.text.count(chr(10), 0, found.start()) + 1}: not serializable"
            yield from in_place(module, found.span(), "", what)


@FAMILY.operator("the version of a row does not go up", blind=True)
def version_not_raised(sources: Sources) -> Made:
    """`version=row.version + 1`."""
    for module in sources.modules("services", "removal"):
        for _, keyword in keywords(module):
            match keyword.value:
                case ast.BinOp(left=ast.Attribute() as before, op=ast.Add(), right=ast.Constant(value=1)):
                    text = module.source(before)
                    what = f"line {before.lineno}: {keyword.arg}={text}"
                    yield from in_place(module, module.span(keyword.value), text, what)


@FAMILY.operator("If-Match is read and not compared", blind=True)
def if_match_ignored(sources: Sources) -> Made:
    """`ctx.must_match(row.version)`."""
    for module in sources.modules("services"):
        yield from without_statements(
            module,
            lambda node: isinstance(node, ast.Expr) and called(node.value) == "must_match",
            "does not compare",
        )


@FAMILY.operator("the instant of the last change stays as it was", blind=True)
def change_not_stamped(sources: Sources) -> Made:
    """`updated_at=ctx.now` of a change."""
    for module in sources.modules("services"):
        for call, keyword in keywords(module):
            if called(call) == "replace" and dotted(keyword.value) == "ctx.now":
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {keyword.value.lineno}: {keyword.arg} stays")


@FAMILY.operator("an instant is an hour off, as local time is", blind=True)
def local_time_stored(sources: Sources) -> Made:
    """`ctx.now` of what is stored."""
    for module in sources.modules("services", "audit"):
        for _, keyword in keywords(module):
            if dotted(keyword.value) == "ctx.now":
                text = 'ctx.now + __import__("datetime").timedelta(hours=1)'
                what = f"line {keyword.value.lineno}: {keyword.arg} an hour late"
                yield from in_place(module, module.span(keyword.value), text, what)


@FAMILY.operator("one of several steps of an operation is forgotten", blind=True)
def step_forgotten(sources: Sources) -> Made:
    """Any awaited write of a service."""
    for module in sources.modules("services"):
        yield from without_statements(
            module,
            lambda node: (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Await)
                and not called(node.value).startswith(("record_", "sign_out"))
            ),
            "forgets",
        )


@FAMILY.operator("a write leaves no record", blind=True)
def audit_forgotten(sources: Sources) -> Made:
    """`await audit.record_…(…)`."""
    for module in sources.modules("services", "removal"):
        yield from without_statements(
            module,
            lambda node: isinstance(node, ast.Expr) and called(node.value).startswith("record_"),
            "forgets",
        )


@FAMILY.operator("what goes with a row stays behind", blind=True)
def cascade_forgotten(sources: Sources) -> Made:
    """A statement of what a removal does to others."""
    for module in sources.modules("removal"):
        yield from without_statements(
            module,
            lambda node: (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Await)
                and not called(node.value).startswith("record_")
            ),
            "forgets",
        )


@FAMILY.operator("a write that names several things about its rows asks for one less", blind=True)
def write_too_wide(sources: Sources) -> Made:
    """A condition of a DELETE or an UPDATE that is not on the caller."""
    return without_conditions(
        sources, lambda each: not each.is_read, lambda it: it.depth == 0 and ":caller" not in it.text
    )


@FAMILY.operator("doing it twice fails", blind=True)
def conflict_not_ignored(sources: Sources) -> Made:
    """`ON CONFLICT … DO NOTHING`."""

    def without(sql: str) -> Turned:
        new = re.sub(r"\n\s+ON CONFLICT [^\n]*DO NOTHING", "", sql)
        if new != sql:
            yield new, "fails the second time"

    for statement in sources.statements():
        yield from in_statement(statement, without)


@FAMILY.operator("what is taken already is an internal error", blind=True)
def conflict_not_answered(sources: Sources) -> Made:
    """`raise Conflict(…) from violation` becomes `raise`, and who looked before does not."""
    return _conflicts(sources, in_a_race=False)


@FAMILY.operator("what another request took in between is an internal error", on_sqlite=ONE_WRITER)
def conflict_in_a_race_not_answered(sources: Sources) -> Made:
    """The same where the row was looked for before it is stored, or its value chosen as one that is free."""
    return _conflicts(sources, in_a_race=True)


def _conflicts(sources: Sources, *, in_a_race: bool) -> Made:
    for module in sources.modules("repositories"):
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler) or not node.body:
                continue
            answer = node.body[-1]
            if isinstance(answer, ast.Raise) and only_in_a_race(sources, module, answer) is in_a_race:
                changes = [(module.span(answer), "raise")]
                changes += [
                    (module.span(each), "pass")
                    for each in ast.walk(module.tree)
                    if isinstance(each, ast.Expr) and called(each.value) == "refuse_taken"
                ]
                yield from in_module(module, module.replaced(*changes), f"line {node.lineno}: not answered")


@FAMILY.operator("the move of a state is made from any state", blind=True)
def state_not_checked(sources: Sources) -> Made:
    """`if row.state != …: raise Conflict`."""
    for module in sources.modules("services"):
        yield from without_statements(
            module, lambda node: isinstance(node, ast.If) and raises(node) == "Conflict", "does not check"
        )


@FAMILY.operator("a value is stored as it is where it is to be encrypted", blind=True)
def encryption_skipped(sources: Sources) -> Made:
    """`ctx.cipher.encrypt…(x, place)` becomes `x`."""
    for module in sources.modules("services"):
        for call in module.calls("encrypt", "encrypt_same"):
            text = module.source(call.args[0])
            yield from in_place(module, module.span(call), text, f"line {call.lineno}: {text} as it is")


@FAMILY.operator("something lasts ten times as long", blind=True)
def duration_changed(sources: Sources) -> Made:
    """`timedelta(…)` in services and rules."""
    for module in sources.modules("services", "rules"):
        for call in module.calls("timedelta"):
            for keyword in call.keywords:
                text = f"{module.source(keyword.value)} * 10"
                what = f"line {call.lineno}: {keyword.arg}={text}"
                yield from in_place(module, module.span(keyword.value), text, what)


@FAMILY.operator("a constant of a new or changed row is another one", blind=True)
def constant_changed(sources: Sources) -> Made:
    """A text or a number that a step sets: a state, a role, a beginning. Not the 0 that stands for a number to come."""
    made_by_the_database = set(_made_by_the_database(sources))
    for module in sources.modules("services"):
        for call, keyword in keywords(module):
            if not (called(call) == "replace" or called(call)[:1].isupper()):
                continue
            match keyword.value:
                case ast.Constant(value=str(text)) if called(call) not in (
                    "FieldError",
                    "Conflict",
                    "Invalid",
                ):
                    other = repr(_other_word(module.text, text))
                case ast.Constant(value=int(number)) if not isinstance(number, bool):
                    if not number and keyword.arg in made_by_the_database:
                        continue
                    other = str(number + 1)
                case _:
                    continue
            what = f"line {keyword.value.lineno}: {keyword.arg}={other}"
            yield from in_place(module, module.span(keyword.value), other, what)


INSERTED = re.compile(r"INSERT INTO [^(]+\(([^)]*)\).*?\bRETURNING ([^;]*)", re.DOTALL)


def _made_by_the_database(sources: Sources) -> Iterator[str]:
    """Columns that come back from an INSERT that does not name them."""
    for statement in sources.statements():
        found = INSERTED.search(statement.texts[0])
        if found is not None:
            given, shown = (set(re.findall(r"\w+", part)) for part in found.groups())
            yield from shown - given


def _other_word(text: str, word: str) -> str:
    """Another value that the module sets or compares, so that the mistake is one that the database allows."""
    for found in re.finditer(r'(?:state|status|role|=|==|!=) "(\w+)"', text):
        if found[1] != word:
            return found[1]
    return f"{word} "
