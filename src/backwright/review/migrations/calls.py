"""Values as they stand in a call's source: what can be known without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def dotted(node: ast.AST) -> str:
    """`a.b.c` as text; the empty text for anything else."""
    match node:
        case ast.Name(id=word):
            return word
        case ast.Attribute(value=value, attr=word):
            before = dotted(value)
            return f"{before}.{word}" if before else ""
        case _:
            return ""


def last(node: ast.AST) -> str:
    """The last word of a name, also behind a call: `models.CharField`, `get_app().route`."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Call(func=func):
            return last(func)
        case _:
            return ""


def argument(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    """A keyword argument, or else the positional one (-1: there is none)."""
    for keyword in call.keywords:
        if keyword.arg in names:
            return keyword.value
    plain = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
    return plain[position] if 0 <= position < len(plain) else None


def word(node: ast.AST | None) -> str | None:
    """A text that stands there, or None. What is put into an f-string is left as a name."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(word(value) or "x" for value in values)
        case ast.Call(func=func, args=[first, *_]) if last(func) in {"text", "dedent", "quoted_name", "SQL"}:
            return word(first)
        case ast.Call(func=ast.Attribute(value=value, attr="strip" | "format")):
            return word(value)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return (word(left) or "x") + (word(right) or "x")
        case _:
            return None


def flag(node: ast.AST | None) -> bool | None:
    """True or False where they stand, otherwise None."""
    match node:
        case ast.Constant(value=bool() as value):
            return value
        case _:
            return None


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name), None)


def does_nothing(body: list[ast.stmt]) -> bool:
    """Whether a body is empty but for its docstring, `pass` and `...`."""
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


def words(items: ast.AST | None) -> Iterator[str]:
    match items:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            for element in elements:
                found = word(element)
                if found is not None:
                    yield found
        case _:
            return
