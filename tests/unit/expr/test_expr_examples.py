"""Every expression of every example is a statement that both databases understand, and Python that can be read."""

from __future__ import annotations

import ast
import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import asyncpg
import msgspec
import pytest
from expr_sql_world import positional

from backwright.expr import python, sql
from backwright.expr.typed import Expression, Name, Type
from backwright.expr.walk import is_local, nodes
from backwright.model.build import examine
from backwright.model.formulas import type_of
from backwright.model.types import ManyType, Model
from backwright.project import Project
from backwright.spec import read
from backwright_runtime.database.functions import register

ROOT = Path(__file__).parents[3]
SPECIFICATIONS = sorted(
    path.parent
    for folder in ("examples/*", "tests/cases/semantics/*")
    for path in ROOT.glob(f"{folder}/backwright.yaml")
)
NODES = get_args(Expression)


class Stored:
    """The tables of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def source(self, entity: str) -> str:
        return self.table(entity)

    def table(self, entity: str) -> str:
        return f'"{self.model.entity(entity).table}"'

    def column(self, entity: str, field: str) -> str:
        return f'"{self.model.entity(entity).field(field).column}"'

    def keys(self, entity: str) -> tuple[str, ...]:
        return self.model.entity(entity).keys

    def kind(self, entity: str, field: str) -> Type:
        return type_of(self.model.entity(entity).field(field))

    def deleted(self, entity: str) -> str | None:
        field = self.model.entity(entity).soft_delete
        return None if field is None else self.column(entity, field)

    def link(self, entity: str, field: str) -> sql.Link | None:
        holder, kind = self.model.entity(entity), self.model.entity(entity).field(field).type
        if not isinstance(kind, ManyType):
            return None
        return sql.Link(f"{holder.table}_{field}", "holder_id", "target_id")

    def encrypted(self, entity: str, field: str) -> bool:
        return self.model.entity(entity).field(field).encrypted

    def named(self, entity: str) -> tuple[()]:
        return ()

    def tables(self, dialect: str) -> Iterator[str]:
        """CREATE TABLE for each entity and each table of links."""
        for entity in self.model.entities:
            columns = []
            for field in entity.fields:
                kind = self.kind(entity.name, field.name)
                name = "text" if field.encrypted else sql.type_name(kind, self)
                link = self.link(entity.name, field.name)
                if link is None:
                    columns.append(f'"{field.column}" {name if dialect == "postgresql" else "ANY"}')
                    continue
                holder = sql.type_name(sql.key_type(self, entity.name), self)
                yield f"CREATE TABLE {link.table} ({link.holder} {holder}, {link.target} {name.removesuffix('[]')})"
            yield f'CREATE TABLE "{entity.table}" ({", ".join(columns)})'


def model_of(folder: Path) -> Model:
    model, diagnostics = examine(read(Project(folder)))
    assert model is not None, diagnostics
    return model


def expressions(part: Any) -> Iterator[Expression]:
    """Every expression of a model."""
    if isinstance(part, NODES):
        yield part
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from expressions(getattr(part, name))
    elif isinstance(part, tuple | list | dict):
        for each in part.values() if isinstance(part, dict) else part:
            yield from expressions(each)


def statements(model: Model, dialect: Any) -> Iterator[str]:
    """Each expression as a value, each condition as one, and each set of rows, about the row that it is about."""
    storage = Stored(model)
    for expression in dict.fromkeys(map(msgspec.json.encode, expressions(model))):
        node = msgspec.json.decode(expression, type=Expression)
        named = [each for each in nodes(node) if isinstance(each, Name)]
        this = next((each.type.entity for each in named if each.root == "this"), None)
        of_group = next((each.type.entity for each in named if each.root == "group"), None)
        source = "" if this is None else f" FROM {storage.table(this)} AS itself"
        options: dict[str, Any] = {"this": "itself"}
        if of_group is not None:
            source, options = f" FROM {storage.table(of_group)} AS members", {"grouped": "members"}
        match node.type:
            case Type(kind="rows"):
                rows = sql.compile_rows(node, storage, dialect, "each", this="itself")
                yield f"SELECT 1{source} {rows.joined}" if source else f"SELECT 1 {rows.alone}"
                continue
            case Type(kind="null" | "record") | Type(kind="list", element=Type(kind="record")):
                continue  # a body's object goes into no statement
            case Type(kind="entity", entity=str(entity)) if len(storage.keys(entity)) > 1:
                continue  # such a row is compared, and is no value
            case _:
                yield f"SELECT {sql.compile(node, storage, dialect, value=True, **options).text}{source}"
        if node.type == Type("boolean") and of_group is None:
            yield f"SELECT 1{source} WHERE {sql.compile(node, storage, dialect, **options).text}"
            yield f"SELECT 1 WHERE {sql.compile(node, storage, dialect, candidate=True).text}"


@pytest.mark.parametrize("folder", SPECIFICATIONS, ids=lambda folder: folder.name)
def test_sqlite_understands_every_expression(folder: Path) -> None:
    model = model_of(folder)
    connection = sqlite3.connect(":memory:")
    connection.create_collation("C", lambda a, b: (a > b) - (a < b))
    register(connection)
    for table in Stored(model).tables("sqlite"):
        connection.execute(table)
    for statement in statements(model, "sqlite"):
        names = dict.fromkeys(positional(statement)[1])
        connection.execute(f"EXPLAIN {statement}", names)
    connection.close()


@pytest.mark.postgres
@pytest.mark.parametrize("folder", SPECIFICATIONS, ids=lambda folder: folder.name)
def test_postgresql_understands_every_expression(folder: Path, postgres_url: str) -> None:
    model = model_of(folder)

    async def story() -> None:
        connection = await asyncpg.connect(postgres_url)
        for table in Stored(model).tables("postgresql"):
            await connection.execute(table)
        for statement in statements(model, "postgresql"):
            try:
                await connection.prepare(positional(statement)[0])
            except asyncpg.PostgresError as error:
                raise AssertionError(statement) from error
        await connection.close()

    asyncio.run(story())


@pytest.mark.parametrize("folder", SPECIFICATIONS, ids=lambda folder: folder.name)
def test_python_says_every_expression_about_rows_at_hand(folder: Path) -> None:
    names = python.Names(
        attribute=lambda _, field: f"{field}_",
        inputs=lambda source, name: f"{source}.{name}_",
        part=lambda name: f"{name}_",
    )
    for expression in expressions(model_of(folder)):
        if is_local(expression):
            ast.parse(python.compile(expression, names), mode="eval")
