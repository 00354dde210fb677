"""A Django migration as statements: its `operations`, each at its place. Fields are as earlier migrations left them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from backwright.review.findings import Finding, Site
from backwright.review.migrations.calls import argument, flag, function, last, literal, word, words
from backwright.review.sql.judge import judge
from backwright.review.sql.reading import NotSql, Statement, statements
from backwright.review.sql.rules import RULES

Fields = dict[tuple[str, str], ast.Call]
"""Fields by model and name, as the migrations before this one left them."""


def recognised(tree: ast.Module) -> bool:
    return _operations(tree) is not None


def review(tree: ast.Module, file: str, earlier: Iterable[ast.Module]) -> Iterator[Finding]:
    """The findings of a migration. `earlier`: the migrations before it, oldest first."""
    known: Fields = {}
    for module in earlier:
        for operation in _operations(module) or ():
            _remember(operation, known)
    atomic = _attribute(tree, "atomic") is not False
    found: list[Statement] = []
    for operation in _operations(tree) or ():
        yield from _by_hand(operation, tree, file)
        for call in _database_side(operation):
            site = Site(file, call.lineno, call.col_offset + 1)
            for sql in _sql(call, known):
                try:
                    found += statements(sql, file, transaction=atomic, at=site)
                except NotSql:
                    continue
            _remember(call, known)
    yield from judge(found, plain=False)


def _class(tree: ast.Module) -> ast.ClassDef | None:
    return next(
        (
            node
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and node.name == "Migration"
            and any(last(parent) == "Migration" for parent in node.bases)
        ),
        None,
    )


def _assigned(tree: ast.Module, name: str) -> ast.expr | None:
    found = _class(tree)
    for node in found.body if found else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return value
            case _:
                continue
    return None


def _attribute(tree: ast.Module, name: str) -> bool | None:
    return flag(_assigned(tree, name))


def _operations(tree: ast.Module) -> list[ast.Call] | None:
    match _assigned(tree, "operations"):
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [element for element in elements if isinstance(element, ast.Call)]
        case _:
            return None


def _database_side(operation: ast.Call) -> Iterator[ast.Call]:
    if last(operation.func) != "SeparateDatabaseAndState":
        yield operation
        return
    match argument(operation, 0, "database_operations"):
        case ast.List(elts=elements):
            for element in elements:
                if isinstance(element, ast.Call):
                    yield from _database_side(element)
        case _:
            return


def _model(call: ast.Call) -> str:
    return (word(argument(call, 0, "model_name", "name")) or "x").lower()


def _remember(operation: ast.Call, known: Fields) -> None:
    kind = last(operation.func)
    if kind in {"AddField", "AlterField"}:
        field = argument(operation, 2, "field")
        if isinstance(field, ast.Call):
            known[_model(operation), word(argument(operation, 1, "name")) or ""] = field
    elif kind == "CreateModel":
        fields = argument(operation, 1, "fields")
        for pair in fields.elts if isinstance(fields, ast.List) else ():
            match pair:
                case ast.Tuple(elts=[ast.Constant(value=str() as name), ast.Call() as field]):
                    known[_model(operation), name] = field
                case _:
                    continue


_RELATIONS = {"ForeignKey", "OneToOneField"}


def _sql(call: ast.Call, known: Fields) -> Iterator[str]:
    writer = _WRITERS.get(last(call.func))
    if writer is not None:
        yield from writer(call, known)


def _create(call: ast.Call, known: Fields) -> Iterator[str]:
    yield f'CREATE TABLE "{_model(call)}" ()'


def _delete(call: ast.Call, known: Fields) -> Iterator[str]:
    yield f'DROP TABLE "{_model(call)}"'


def _add_field(call: ast.Call, known: Fields) -> Iterator[str]:
    field, name = argument(call, 2, "field"), word(argument(call, 1, "name")) or "x"
    if not isinstance(field, ast.Call) or last(field.func) == "ManyToManyField":
        return
    table, kind = f'ALTER TABLE "{_model(call)}"', last(field.func)
    default = argument(field, -1, "db_default")
    # Django fills the rows with its `default` and takes it away again: the former version's inserts then fail.
    lacking = not _nullable(field) and default is None and kind != "GeneratedField"
    stored = " GENERATED ALWAYS AS (x) STORED" if kind == "GeneratedField" else ""
    value = f" DEFAULT {_default(default)}" if default is not None else ""
    yield f'{table} ADD COLUMN "{name}" integer{value}{stored}{" NOT NULL" if lacking else ""}'
    if flag(argument(field, -1, "unique")) or kind == "OneToOneField":
        yield f"{table} ADD UNIQUE (x)"
    elif flag(argument(field, -1, "db_index")) or (
        kind == "ForeignKey" and flag(argument(field, -1, "db_index")) is not False
    ):
        yield f'CREATE INDEX x ON "{_model(call)}" (x)'
    if kind in _RELATIONS and flag(argument(field, -1, "db_constraint")) is not False:
        yield f"{table} ADD CONSTRAINT x FOREIGN KEY (x) REFERENCES y"


def _default(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return literal(text)
        case ast.Call(func=func):
            return {"Now": "now()", "RandomUUID": "gen_random_uuid()", "Random": "random()"}.get(
                last(func), "0"
            )
        case _:
            return "0"


def _nullable(field: ast.Call) -> bool:
    return flag(argument(field, -1, "null")) is True


def _alter_field(call: ast.Call, known: Fields) -> Iterator[str]:
    name = word(argument(call, 1, "name")) or ""
    field, former = argument(call, 2, "field"), known.get((_model(call), name))
    if not isinstance(field, ast.Call) or former is None:
        return
    start = f'ALTER TABLE "{_model(call)}" ALTER COLUMN "{name}"'
    if _nullable(former) and not _nullable(field):
        yield f"{start} SET NOT NULL"
    kinds = last(former.func), last(field.func)
    lengths = [argument(each, -1, "max_length") for each in (former, field)]
    values = [each.value if isinstance(each, ast.Constant) else None for each in lengths]
    if kinds[0] != kinds[1] and not (kinds[0] == "CharField" and kinds[1] == "TextField"):
        yield f"{start} TYPE integer"
    elif isinstance(values[0], int) and isinstance(values[1], int) and values[1] < values[0]:
        yield f"{start} TYPE varchar USING x"
    if flag(argument(field, -1, "unique")) and not flag(argument(former, -1, "unique")):
        yield f'ALTER TABLE "{_model(call)}" ADD UNIQUE (x)'


def _remove_field(call: ast.Call, known: Fields) -> Iterator[str]:
    yield f'ALTER TABLE "{_model(call)}" DROP COLUMN "{word(argument(call, 1, "name")) or "x"}"'


def _rename_field(call: ast.Call, known: Fields) -> Iterator[str]:
    names = [word(argument(call, i, n)) or "x" for i, n in ((1, "old_name"), (2, "new_name"))]
    yield f'ALTER TABLE "{_model(call)}" RENAME COLUMN "{names[0]}" TO "{names[1]}"'


def _rename_model(call: ast.Call, known: Fields) -> Iterator[str]:
    names = [word(argument(call, i, n)) or "x" for i, n in ((0, "old_name"), (1, "new_name"))]
    yield f'ALTER TABLE "{names[0].lower()}" RENAME TO "{names[1].lower()}"'


def _index(how: str) -> Writer:
    def write(call: ast.Call, known: Fields) -> Iterator[str]:
        yield f'CREATE INDEX{how} x ON "{_model(call)}" (x)'

    return write


def _no_index(how: str) -> Writer:
    def write(call: ast.Call, known: Fields) -> Iterator[str]:
        yield f"DROP INDEX{how} x"

    return write


def _constraint(valid: str) -> Writer:
    def write(call: ast.Call, known: Fields) -> Iterator[str]:
        constraint = argument(call, 1, "constraint")
        kinds = {
            "CheckConstraint": "CHECK (x)",
            "UniqueConstraint": "UNIQUE (x)",
            "ExclusionConstraint": "EXCLUDE",
        }
        kind = kinds.get(last(constraint)) if constraint is not None else None
        if kind is not None:
            yield f'ALTER TABLE "{_model(call)}" ADD CONSTRAINT x {kind}{valid}'

    return write


def _together(call: ast.Call, known: Fields) -> Iterator[str]:
    groups = argument(call, 1, "unique_together")
    if isinstance(groups, ast.Set | ast.List | ast.Tuple) and groups.elts:
        yield f'ALTER TABLE "{_model(call)}" ADD UNIQUE (x)'


def _run_sql(call: ast.Call, known: Fields) -> Iterator[str]:
    sql = argument(call, 0, "sql")
    text = word(sql)
    if text is not None:
        yield text
    yield from words(sql)


Writer = Callable[[ast.Call, Fields], Iterator[str]]
_WRITERS: dict[str, Writer] = {
    "CreateModel": _create,
    "DeleteModel": _delete,
    "AddField": _add_field,
    "AlterField": _alter_field,
    "RemoveField": _remove_field,
    "RenameField": _rename_field,
    "RenameModel": _rename_model,
    "AlterModelTable": lambda call, known: iter([f'ALTER TABLE "{_model(call)}" RENAME TO "x"']),
    "AddIndex": _index(""),
    "AddIndexConcurrently": _index(" CONCURRENTLY"),
    "RemoveIndex": _no_index(""),
    "RemoveIndexConcurrently": _no_index(" CONCURRENTLY"),
    "AddConstraint": _constraint(""),
    "AddConstraintNotValid": _constraint(" NOT VALID"),
    "AlterUniqueTogether": _together,
    "RunSQL": _run_sql,
}


def _by_hand(operation: ast.Call, tree: ast.Module, file: str) -> Iterator[Finding]:
    """RunPython and RunSQL: whether there is a way back, and whether all rows are changed at once."""
    kind = last(operation.func)
    if kind not in {"RunPython", "RunSQL"}:
        return
    site = Site(file, operation.lineno, operation.col_offset + 1)
    if argument(operation, 1, "reverse_code", "reverse_sql") is None:
        yield site.finding(RULES["no-reverse"], f"{kind} without a reverse", "warning")
    called = argument(operation, 0, "code")
    found = function(tree, called.id) if isinstance(called, ast.Name) else None
    for node in ast.walk(found) if found else ():
        if (isinstance(node, ast.For) and _all_rows(node.iter) and _saves(node)) or (
            isinstance(node, ast.Call) and last(node.func) == "update" and _all_rows(node.func)
        ):
            place = Site(file, node.lineno, node.col_offset + 1)
            yield place.finding(RULES["backfill-without-batches"], "all rows are changed in one transaction")


def _all_rows(node: ast.AST) -> bool:
    """`X.objects.all()`, or a method of `X.objects` itself."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="all" | "iterator")):
            return last(value) == "objects" or _all_rows(value)
        case ast.Attribute(value=value, attr="update"):
            return last(value) == "objects" or _all_rows(value)
        case _:
            return False


def _saves(loop: ast.For) -> bool:
    return any(isinstance(node, ast.Call) and last(node.func) == "save" for node in ast.walk(loop))
