"""Queries in loops, lists without limits, SQL put together from strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from backwright.review.findings import Finding, Severity, Site
from backwright.review.migrations.calls import last
from backwright.review.python.endpoints import Endpoint, Function, Module, attribute, functions, views
from backwright.review.python.rules import RULES


def queries(module: Module) -> Iterator[Finding]:
    """All findings about queries of a module."""
    yield from _loops(module)
    yield from _serializers(module)
    yield from _unlimited(module)
    yield from _strings(module)


def _site(module: Module, node: ast.stmt | ast.expr) -> Site:
    return Site(module.file, node.lineno, node.col_offset + 1)


_BATCHES = re.compile(
    r"range\(|batch|chunk|page|retr|attempt|statement|migration|table|partition|shard|count\(|schemas?\b",
    re.IGNORECASE,
)
_WRITING = re.compile(
    r"\b(insert|update|delete|create|alter|drop|set|copy|truncate|grant|pragma\w*|add)\b", re.IGNORECASE
)
_SESSION = re.compile(
    r"(^|[._])(session|db|database|conn|connection|cursor|cur|pool|engine|tx|async_session)(\(\))?$",
    re.IGNORECASE,
)
_READS = {
    "execute",
    "scalar",
    "scalars",
    "scalar_one",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetch_one",
    "fetch_all",
    "get",
    "query",
    "get_one",
}
_MANAGED = {
    "get",
    "filter",
    "exclude",
    "all",
    "first",
    "count",
    "exists",
    "aget",
    "afirst",
    "acount",
    "get_or_create",
}


def is_query(node: ast.AST) -> bool:
    """Whether a call reads from a database, as SQLAlchemy, Django, asyncpg, databases and DB-API spell it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    receiver = ast.unparse(node.func.value)
    if node.func.attr in _MANAGED and re.search(r"\.objects$", receiver):
        return True
    given = bool(node.args or node.keywords) and not any(isinstance(a, ast.Constant) for a in node.args)
    if node.func.attr in {"get", "filter_by", "filter"} and re.search(r"(^|\.)[A-Z]\w*\.query$", receiver):
        return given
    if node.func.attr not in _READS or not _SESSION.search(receiver):
        return False
    if node.func.attr == "get":
        return bool(node.args) and not isinstance(node.args[0], ast.Constant)
    shown = ast.unparse(node.args[0]) if node.args else ""
    return not _WRITING.search(shown) and not re.search(
        r"^\w*(script|ddl|statement|migration|command)$", shown
    )


def _loops(module: Module) -> Iterator[Finding]:
    seen: set[int] = set()
    for node in ast.walk(module.tree):
        for source, parts in _looped(node):
            if _BATCHES.search(ast.unparse(source)):
                continue
            for part in parts:
                for inner in _inside(part):
                    if is_query(inner) and id(inner) not in seen:
                        seen.add(id(inner))
                        assert isinstance(inner, ast.Call)
                        message = f"{_short(inner)} runs for each of {_short(source)}"
                        yield _site(module, inner).finding(RULES["query-in-loop"], message)
    yield from _lazy(module)


def _looped(node: ast.AST) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """What a loop goes over, and what it does for each."""
    match node:
        case ast.For(iter=source, body=body) | ast.AsyncFor(iter=source, body=body):
            if not any(isinstance(last_one, ast.Return | ast.Break) for last_one in body):
                yield source, list(body)
        case (
            ast.ListComp(elt=element, generators=[first, *_])
            | ast.SetComp(elt=element, generators=[first, *_])
        ):
            yield first.iter, [element, *first.ifs]
        case ast.GeneratorExp(elt=element, generators=[first, *_]):
            yield first.iter, [element, *first.ifs]
        case ast.DictComp(key=key, value=value, generators=[first, *_]):
            yield first.iter, [key, value, *first.ifs]
        case _:
            return


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but no functions: they run at another time."""
    if isinstance(node, Function | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _inside(child)


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).replace("\n", " ")
    return f"`{text if len(text) <= 60 else text[:57] + '…'}`"


def _lazy(module: Module) -> Iterator[Finding]:
    """Attributes of related rows in loops over Django's queries."""
    if "django" not in module.imports and "rest_framework" not in module.imports:
        return
    for function in functions(module.tree):
        plain = {
            node.targets[0].id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and _plain_query(node.value)
        }
        for node in ast.walk(function):
            for source, parts in _looped(node):
                named = isinstance(source, ast.Name) and source.id in plain
                if not (named or _plain_query(source)):
                    continue
                row = _row_name(node)
                for inner in (n for part in parts for n in _inside(part)):
                    if _related(inner, row):
                        message = f"{_short(inner)} is fetched for each row"
                        yield _site(module, inner).finding(RULES["query-in-loop"], message, "warning")  # type: ignore[arg-type]
                        break


def _plain_query(node: ast.AST) -> bool:
    text = ast.unparse(node)
    if re.search(r"select_related|prefetch_related|\.values(_list)?\(|\.aggregate\(|\.get\(|\.first\(", text):
        return False
    return re.search(r"\.objects\.(all|filter|exclude|order_by)\(", text) is not None


def _row_name(node: ast.AST) -> str:
    target = node.target if isinstance(node, ast.For | ast.AsyncFor) else None
    if target is None:
        target = node.generators[0].target  # type: ignore[attr-defined]
    return target.id if isinstance(target, ast.Name) else ""


def _related(node: ast.AST, row: str) -> bool:
    """`row.other.name`, which is no method call."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=middle), attr=attr):
            return (
                name == row
                and attr in {"name", "title", "email", "username", "slug", "label"}
                and middle != "_meta"
            )
        case _:
            return False


def _serializers(module: Module) -> Iterator[Finding]:
    if "rest_framework" not in module.imports:
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef) or not any(last(b).endswith("Serializer") for b in node.bases):
            continue
        for method in node.body:
            if not isinstance(method, ast.FunctionDef) or not method.name.startswith("get_"):
                continue
            for inner in ast.walk(method):
                if is_query(inner):
                    message = f"{_short(inner)} runs for each row that `{node.name}` shows"
                    yield _site(module, inner).finding(RULES["query-in-loop"], message)  # type: ignore[arg-type]
                    break


_LIMITING = re.compile(
    r"limit|page|paginat|offset|cursor|\bfirst\b|\[:|\[\w+:|islice|top_?n|max_results|per_page|take|head\(|group_by|count\(|distinct",
    re.IGNORECASE,
)


def _unlimited(module: Module) -> Iterator[Finding]:
    for endpoint in module.endpoints:
        if "get" not in endpoint.methods or _LIMITING.search(ast.unparse(endpoint.function)):
            continue
        node = _whole(endpoint)
        if node is not None:
            message = f"{_short(node)} reads every row"
            yield _site(module, node).finding(RULES["list-without-limit"], message)
    for view in views(module.tree):
        pagination = attribute(view, "pagination_class")
        if isinstance(pagination, ast.Constant) and pagination.value is None:
            message = f"`{view.name}` switches pages off"
            yield _site(module, pagination).finding(RULES["list-without-limit"], message)


def _whole(endpoint: Endpoint) -> ast.expr | None:
    """A call that fetches all rows of a query that names no key of the path."""
    body = "\n".join(ast.unparse(node) for node in endpoint.function.body)
    if any(re.search(rf"\b{re.escape(name)}\b", body) for name in endpoint.path_names):
        return None
    for node in ast.walk(endpoint.function):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="all" | "fetchall" | "fetch_all" | "fetch")):
                text = ast.unparse(value)
                if re.search(
                    r"objects$|query|scalars|execute|select|session|\bdb\b|curs|conn|result|exec\(|rows", text
                ):
                    return node
            case _:
                continue
    return None


_RUNS = {
    "execute",
    "executemany",
    "executescript",
    "raw",
    "text",
    "RawSQL",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetch_all",
    "fetch_one",
    "exec_driver_sql",
    "read_sql",
    "extra",
}
_SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|where\b|order\s+by|union\b|drop\s+table|alter\s+table)",
    re.IGNORECASE | re.DOTALL,
)
_HARMLESS = re.compile(
    r"(?-i:^[A-Z][A-Z0-9_]*$)|placeholder|quote|identifier|\bident\b|\bjoin\(['\"]?\s*[?%]|__tablename__|\.__table__|^int\(|^len\(|sql\.|"
    r"^\w*(columns|fields|params)_?(sql|clause)?$|allowed|whitelist",
    re.IGNORECASE,
)


def _strings(module: Module) -> Iterator[Finding]:
    constants = {
        target.id
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant)
    }
    seen: set[int] = set()
    scopes: list[ast.AST] = [*functions(module.tree), module.tree]
    for scope in scopes:
        built = _built(scope, constants)
        for node in ast.walk(scope):
            if (
                not isinstance(node, ast.Call)
                or last(node.func) not in _RUNS
                or id(node) in seen
                or not node.args
            ):
                continue
            first = node.args[0]
            value = _open_value(first, constants)
            if value is None and isinstance(first, ast.Name):
                value = built.get(first.id)
            if value is not None:
                seen.add(id(node))
                message = f"`{value}` is put into the text of a statement"
                severity: Severity = "warning" if _names_table(first) else "error"
                yield _site(module, node).finding(RULES["sql-from-strings"], message, severity)


_TABLE = re.compile(r"\b(from|join|into|update|table|index|truncate|only)\s+[\"`]?$", re.IGNORECASE)


def _names_table(node: ast.expr) -> bool:
    """Whether all that is put in stands where a table is named: not what a caller usually says."""
    if isinstance(node, ast.Call) and node.args:
        return _names_table(node.args[0])
    if not isinstance(node, ast.JoinedStr):
        return False
    before = ""
    for part in node.values:
        if isinstance(part, ast.FormattedValue) and not _TABLE.search(before):
            return False
        before = str(part.value) if isinstance(part, ast.Constant) else ""
    return True


def _built(scope: ast.AST, constants: set[str]) -> dict[str, str]:
    """Variables that hold a statement put together from values."""
    found: dict[str, str] = {}
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                opened = _open_value(value, constants)
                if opened is not None:
                    found[name] = opened
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.JoinedStr() as value):
                opened = _open_value(value, constants)
                if opened is not None:
                    found[name] = opened
            case _:
                continue
    return found


def _open_value(node: ast.AST, constants: set[str]) -> str | None:
    """The first value that is put into words of SQL; None when it is no such text or nothing is put in."""
    texts: list[str] = []
    values: list[ast.expr] = []
    match node:
        case ast.JoinedStr(values=parts):
            texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
            values = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str() as text), right=right):
            texts = [text]
            values = list(right.elts) if isinstance(right, ast.Tuple) else [right]
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")) as call:
            texts = [text]
            values = [*call.args, *(k.value for k in call.keywords)]
        case ast.BinOp(op=ast.Add()):
            for part in _added(node):
                if isinstance(part, ast.Constant):
                    texts.append(str(part.value))
                elif isinstance(part, ast.JoinedStr):
                    return _open_value(part, constants)
                else:
                    values.append(part)
        case ast.Call(func=func, args=[first, *_]) if last(func) == "text":
            return _open_value(first, constants)
        case _:
            return None
    if not _SQL.search(" x ".join(texts)):
        return None
    for value in values:
        shown = ast.unparse(value)
        if not isinstance(value, ast.Constant) and shown not in constants and not _HARMLESS.search(shown):
            return shown
    return None


def _added(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from _added(left)
            yield from _added(right)
        case _:
            yield node
