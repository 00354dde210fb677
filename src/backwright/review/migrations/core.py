"""Changes of rows as SQLAlchemy writes them: `users.update()`, `delete(users)`, `session.query(User).update(…)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backwright.review.migrations.calls import argument, last, word

_VERBS = {"update": "UPDATE {} SET x = 1", "delete": "DELETE FROM {}"}


def change(node: ast.expr | None) -> str | None:
    """The statement that the database gets, its values aside; None for anything that is no UPDATE or DELETE."""
    conditions: list[ast.expr] = []
    verb: str | None = None
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("where", "filter", "filter_by"):
            conditions += [*node.args, *(each.value for each in node.keywords)]
        elif last(node.func) in _VERBS:
            verb = last(node.func)
            if (named := argument(node, 0, "table")) is not None and not _is_query(node.func):
                return _sql(verb, named, conditions)
        elif verb is not None and last(node.func) == "query":
            return _sql(verb, argument(node, 0), conditions)
        elif verb is not None:
            return _sql(verb, node, conditions)
        node = node.func.value if isinstance(node.func, ast.Attribute) else None
    return _sql(verb, node, conditions) if verb is not None and isinstance(node, ast.Name) else None


def of_session(call: ast.Call) -> str | None:
    """`session.query(…).update(…)` is a statement by itself; other things have an `update`, too."""
    return change(call) if _is_query(call.func) else None


def _is_query(node: ast.expr) -> bool:
    """Whether a method is one of rows that a session was asked for."""
    while isinstance(node, ast.Attribute):
        node = node.value
        if isinstance(node, ast.Call):
            if last(node.func) == "query":
                return True
            node = node.func
    return False


def _sql(verb: str, table: ast.expr | None, conditions: list[ast.expr]) -> str:
    named = word(argument(table, 0, "name")) if isinstance(table, ast.Call) else None
    called = named or (last(table) if table is not None else "") or "x"
    text = _VERBS[verb].format('"' + called.replace('"', "") + '"')
    return f"{text} WHERE {' AND '.join(map(_condition, conditions))}" if conditions else text


def _condition(node: ast.expr) -> str:
    match node:
        case ast.Compare(ops=[ast.Eq() | ast.Is()], comparators=[ast.Constant(value=None)]):
            return "x IS NULL"
        case ast.Compare(ops=[ast.NotEq()], comparators=[ast.Constant(value=None)]):
            return "x IS NOT NULL"
        case ast.Call(func=ast.Attribute(attr="is_"), args=[ast.Constant(value=None)]):
            return "x IS NULL"
        case ast.Call(func=ast.Attribute(attr="is_not" | "isnot"), args=[ast.Constant(value=None)]):
            return "x IS NOT NULL"
        case ast.Call(func=func) if last(func) == "true":
            return "true"
        case _:
            return "x = 1"


def named_tables(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What names stand for that are given once: tables, statements, and the table of a mapped class."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                given.setdefault(name, []).append(value)
            case ast.ClassDef(name=name, body=body):
                given.setdefault(name, []).extend(_tables(body))
            case _:
                continue
    for name, values in given.items():
        if len(values) == 1 and (_is_table(values[0]) or change(values[0]) is not None):
            yield name, values[0]


def _tables(body: list[ast.stmt]) -> Iterator[ast.expr]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__tablename__")], value=value):
                yield ast.Call(func=ast.Name(id="table", ctx=ast.Load()), args=[value], keywords=[])
            case _:
                continue


def _is_table(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in ("table", "Table", "create_table")
