"""An Alembic revision as statements: the `op` calls of `upgrade`, in order, each at its place."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from backwright.review.findings import Finding, Site
from backwright.review.migrations.calls import argument, does_nothing, flag, function, last, literal, word
from backwright.review.migrations.core import change, of_session
from backwright.review.migrations.inlining import inlined
from backwright.review.sql.judge import judge
from backwright.review.sql.reading import NotSql, Statement, statements
from backwright.review.sql.rules import RULES


def recognised(tree: ast.Module) -> bool:
    """Whether a module is a revision: it names its `revision` and has an `upgrade`."""
    named = {
        target.id
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name)
    }
    return "revision" in named and "down_revision" in named and function(tree, "upgrade") is not None


def review(tree: ast.Module, file: str) -> Iterator[Finding]:
    """The findings of a revision."""
    upgrade = function(tree, "upgrade")
    assert upgrade is not None
    found: list[Statement] = []
    for site, sql, transaction in _statements(inlined(tree, upgrade.body), file, None, True):
        try:
            found += statements(sql, file, transaction=transaction, at=site)
        except NotSql:
            continue  # what an f-string leaves open may be no SQL; the call is then not judged
    yield from judge(found, plain=False)
    yield from _reverse(tree, file, upgrade)


def _reverse(tree: ast.Module, file: str, upgrade: ast.FunctionDef) -> Iterator[Finding]:
    downgrade = function(tree, "downgrade")
    if does_nothing(upgrade.body):
        return
    place = Site(file, downgrade.lineno if downgrade else upgrade.lineno, 1)
    if downgrade is None or does_nothing(downgrade.body):
        yield place.finding(RULES["no-reverse"], "`downgrade` does nothing", "warning")
    elif all(isinstance(node, ast.Raise | ast.Expr) for node in downgrade.body) and any(
        isinstance(node, ast.Raise) for node in downgrade.body
    ):
        yield place.finding(RULES["no-reverse"], "`downgrade` refuses", "warning")


Found = tuple[Site, str, bool]
Writer = Callable[[ast.Call, str | None], Iterator[str]]


def _statements(body: list[ast.stmt], file: str, table: str | None, transaction: bool) -> Iterator[Found]:
    """The SQL of a body. `table`: of the `batch_alter_table` around it."""
    for node in body:
        match node:
            case ast.With(items=items, body=inner):
                outside = any(last(item.context_expr) == "autocommit_block" for item in items)
                batch = next((t for item in items if (t := _batch(item.context_expr))), table)
                yield from _statements(inner, file, batch, transaction and not outside)
            case ast.If(body=inner, orelse=other):
                yield from _statements(inner + other, file, table, transaction)
            case ast.For(body=inner, orelse=other) | ast.While(body=inner, orelse=other):
                yield from _statements(inner + other, file, table, transaction)
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=last_of_all):
                caught = [each for handler in handlers for each in handler.body]
                yield from _statements(inner + caught + other + last_of_all, file, table, transaction)
            case _:
                for call in _calls(node):
                    site = Site(file, call.lineno, call.col_offset + 1)
                    for sql in _sql(call, table):
                        yield site, sql, transaction


def _batch(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and last(node.func) == "batch_alter_table":
        return word(argument(node, 0, "table_name"))
    return None


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Calls of something's method, the outer ones first; not those inside of an `op` call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WRITERS:
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)


def _name(text: str | None) -> str:
    return '"' + (text or "x").replace('"', "") + '"'


def _sql(call: ast.Call, table: str | None) -> Iterator[str]:
    assert isinstance(call.func, ast.Attribute)
    yield from _WRITERS[call.func.attr](call, table)


def _at(call: ast.Call, table: str | None, position: int, *names: str) -> ast.expr | None:
    """An argument of a call whose table is given, or is the batch's and then left out."""
    return argument(call, position - (table is not None), *names)


def _table(call: ast.Call, table: str | None, position: int, *names: str) -> str:
    return _name(table or word(argument(call, position, *names)))


def _create_table(call: ast.Call, table: str | None) -> Iterator[str]:
    yield f"CREATE TABLE {_table(call, None, 0, 'table_name')} ()"


def _drop_table(call: ast.Call, table: str | None) -> Iterator[str]:
    yield f"DROP TABLE {_table(call, None, 0, 'table_name')}"


def _rename_table(call: ast.Call, table: str | None) -> Iterator[str]:
    later = word(argument(call, 1, "new_table_name"))
    yield f"ALTER TABLE {_table(call, None, 0, 'old_table_name')} RENAME TO {_name(later)}"


def _add_column(call: ast.Call, table: str | None) -> Iterator[str]:
    column = _at(call, table, 1, "column")
    if isinstance(column, ast.Call):
        yield f"ALTER TABLE {_table(call, table, 0, 'table_name')} ADD COLUMN {_column(column)}"


def _column(call: ast.Call) -> str:
    parts = [_name(word(argument(call, 0, "name"))), _type(argument(call, 1, "type_"))]
    default = argument(call, -1, "server_default")
    if default is not None and not (isinstance(default, ast.Constant) and default.value is None):
        parts.append(f"DEFAULT {_default(default)}")
    for part in call.args[1:]:
        match last(part):
            case "ForeignKey":
                parts.append("REFERENCES x")
            case "Computed":
                parts.append("GENERATED ALWAYS AS (x) STORED")
            case "Identity":
                parts.append("GENERATED BY DEFAULT AS IDENTITY")
            case _:
                continue
    if flag(argument(call, -1, "nullable")) is False or flag(argument(call, -1, "primary_key")):
        parts.append("NOT NULL")
    if flag(argument(call, -1, "unique")):
        parts.append("UNIQUE")
    return " ".join(parts)


def _type(node: ast.expr | None) -> str:
    kind = last(node) if node is not None else ""
    if kind in {"String", "VARCHAR", "Unicode"}:
        length = argument(node, 0, "length") if isinstance(node, ast.Call) else None
        size = length.value if isinstance(length, ast.Constant) else None
        return f"varchar({size})" if isinstance(size, int) else "varchar"
    return {"Text": "text", "TEXT": "text", "UnicodeText": "text"}.get(kind, _snake(kind) or "integer")


def _snake(kind: str) -> str:
    return re.sub(r"\W", "", kind).lower()


def _default(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return literal(text)
        case ast.Call(func=func, args=[first, *_]) if last(func) == "text":
            return word(first) or "0"
        case ast.Call(func=ast.Attribute(value=value, attr=function_name)) if last(value) == "func":
            return f"{function_name}()"
        case ast.Call(func=func) if last(func) == "Identity":
            return "nextval('x')"
        case _:
            return "0"


def _drop_column(call: ast.Call, table: str | None) -> Iterator[str]:
    column = word(_at(call, table, 1, "column_name"))
    yield f"ALTER TABLE {_table(call, table, 0, 'table_name')} DROP COLUMN {_name(column)}"


def _alter_column(call: ast.Call, table: str | None) -> Iterator[str]:
    start = f"ALTER TABLE {_table(call, table, 0, 'table_name')}"
    column = _name(word(_at(call, table, 1, "column_name")))
    kind, former = argument(call, -1, "type_"), argument(call, -1, "existing_type")
    if kind is not None and not _longer(former, kind):
        using = argument(call, -1, "postgresql_using")
        yield f"{start} ALTER COLUMN {column} TYPE {_type(kind)}{' USING x' if using else ''}"
    if (
        flag(argument(call, -1, "nullable")) is False
        and flag(argument(call, -1, "existing_nullable")) is not False
    ):
        yield f"{start} ALTER COLUMN {column} SET NOT NULL"
    later = word(argument(call, -1, "new_column_name"))
    if later is not None:
        yield f"{start} RENAME COLUMN {column} TO {_name(later)}"


def _longer(former: ast.expr | None, kind: ast.expr) -> bool:
    """Whether a varchar gets longer or becomes text, which rewrites nothing."""
    if former is None or not _type(former).startswith("varchar"):
        return False
    sizes = [re.search(r"\d+", _type(node)) for node in (former, kind)]
    if _type(kind) in {"text", "varchar"}:
        return True
    if not _type(kind).startswith("varchar") or sizes[0] is None or sizes[1] is None:
        return False
    return int(sizes[1][0]) >= int(sizes[0][0])


def _create_index(call: ast.Call, table: str | None) -> Iterator[str]:
    how = " CONCURRENTLY" if flag(argument(call, -1, "postgresql_concurrently")) else ""
    yield f"CREATE INDEX{how} x ON {_table(call, table, 1, 'table_name')} (x)"


def _drop_index(call: ast.Call, table: str | None) -> Iterator[str]:
    how = " CONCURRENTLY" if flag(argument(call, -1, "postgresql_concurrently")) else ""
    yield f"DROP INDEX{how} {_name(word(argument(call, 0, 'index_name')))}"


def _constraint(kind: str, table_at: int = 1) -> Writer:
    def write(call: ast.Call, table: str | None) -> Iterator[str]:
        names = ("table_name", "source_table", "source")
        valid = " NOT VALID" if flag(argument(call, -1, "postgresql_not_valid")) else ""
        constraint = _name(word(argument(call, 0, "constraint_name", "name")))
        condition = ""
        if kind == "CHECK":
            condition = f" ({word(_at(call, table, 2, 'condition')) or 'x'})"
        yield (
            f"ALTER TABLE {_table(call, table, table_at, *names)} "
            f"ADD CONSTRAINT {constraint} {kind}{condition}{valid}"
        )

    return write


def _execute(call: ast.Call, table: str | None) -> Iterator[str]:
    given = argument(call, 0, "sqltext", "statement")
    text = word(given) or change(given)
    if text is not None:
        yield text


def _query(call: ast.Call, table: str | None) -> Iterator[str]:
    text = of_session(call)
    if text is not None:
        yield text


_WRITERS: dict[str, Writer] = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _constraint("FOREIGN KEY (x) REFERENCES y"),
    "create_check_constraint": _constraint("CHECK"),
    "create_unique_constraint": _constraint("UNIQUE"),
    "create_primary_key": _constraint("PRIMARY KEY"),
    "create_exclude_constraint": _constraint("EXCLUDE"),
    "execute": _execute,
    "update": _query,
    "delete": _query,
}
