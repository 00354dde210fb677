"""The schema that a model needs: a table for each entity, and one for each many-to-many field."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.migrate.conditions import check_sql
from backwright.migrate.literals import constant_default, scaled, text
from backwright.migrate.policies import guarded
from backwright.migrate.schema import Check, Column, Dialect, ForeignKey, Schema, Table, TableIndex, Term
from backwright.model import storage
from backwright.model.types import (
    Entity,
    Field,
    Index,
    ListType,
    ManyType,
    Model,
    ReferenceType,
    ScalarType,
)
from backwright_runtime.database.names import (
    check_name,
    foreign_key_name,
    index_name,
    primary_key_name,
    unique_name,
)


def expected(model: Model | None, dialect: Dialect) -> Schema:
    """The schema that a model needs."""
    if model is None:
        return Schema(dialect, {})
    tables = [table for entity in model.entities for table in _Tables(model, entity, dialect).made()]
    return guarded(Schema(dialect, {table.name: table for table in tables}), model)


def reuses_keys(model: Model, entity: Entity) -> bool:
    """Whether the key of a deleted row may be given again: then it is unique among the rows that are there only.

    Keys that the service makes never come again. A key that references lead to stays unique in the database,
    deleted rows included.
    """
    made = not entity.composite and not entity.field(entity.key).input
    return entity.soft_delete is not None and not made and not _referred_to(model, entity)


def _referred_to(model: Model, entity: Entity) -> bool:
    """By a reference, or by links from either side."""
    kinds = [field.type for other in model.entities for field in other.fields]
    links = any(isinstance(field.type, ManyType) for field in entity.fields)
    return links or any(
        isinstance(kind, ReferenceType | ManyType) and kind.entity == entity.name for kind in kinds
    )


def same_in_database(model: Model, entity: Entity, field: Field) -> str | None:
    """The field that both rows share, where a composite foreign key can hold it.

    A null would switch the whole foreign key off, and a target that may change would be held in place: what
    the rows share is then judged by the service alone.
    """
    if field.same is None or not isinstance(field.type, ReferenceType):
        return None
    target = model.entity(field.type.entity)
    mine, theirs = entity.field(field.same), target.field(field.same)
    fixed = theirs.immutable or target.immutable or field.same in target.keys
    return field.same if fixed and not mine.nullable and not theirs.nullable else None


class _Tables:
    """The tables of one entity."""

    def __init__(self, model: Model, entity: Entity, dialect: Dialect) -> None:
        self.model = model
        self.entity = entity
        self.dialect = dialect
        self.table = entity.table
        self.live = "" if entity.soft_delete is None else entity.field(entity.soft_delete).column

    def made(self) -> Iterator[Table]:
        """Its own, and one for each many-to-many field."""
        entity, key = self.entity, storage.key_columns(self.entity)
        again = reuses_keys(self.model, entity)
        yield Table(
            name=self.table,
            columns=tuple(self.column(field) for field in storage.columns(entity)),
            key=() if again else key,
            key_name="" if again else primary_key_name(self.table),
            checks=(*self.bounds(), *self.conditions()),
            foreign_keys=tuple(self.references()),
            indexes=tuple(self.indexes(key if again else ())),
            apart=(*key, self.live) if again else (),
        )
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                yield self.links(field, self.model.entity(field.type.entity))

    # Columns and checks ------------------------------------------------------------------------------

    def column(self, field: Field) -> Column:
        kind = storage.column_type(self.model, field)
        return Column(
            name=field.column,
            type=storage.sql_type(kind, self.dialect),
            nullable=field.nullable,
            default=constant_default(self.model, field, self.dialect),
            numbered=field.generated == "sequence",
        )

    def bounds(self) -> Iterator[Check]:
        for field in storage.columns(self.entity):
            if isinstance(field.type, ReferenceType) or field.encrypted:
                continue
            rule = self.rule(field, storage.stored_type(self.model, field.type))
            if rule:
                yield Check(check_name(self.table, field.column), rule, field.column)

    def rule(self, field: Field, kind: ScalarType | ListType) -> str | None:
        postgresql = self.dialect == "postgresql"
        if isinstance(kind, ListType):
            count = "cardinality({})" if postgresql else "json_array_length({})"
            return _between(count, kind.min or None, kind.max)
        match kind.scalar:
            case "slug" if field.generated is not None:
                return None  # the service makes it; a suffix may go beyond the most
            case "string" | "text" | "email" | "slug":
                length = "char_length({})" if postgresql else "length({})"
                return _between(length, kind.min or None, kind.max)
            case "bytes":
                size = "octet_length({})" if postgresql else "length({})"
                return _between(size, kind.min or None, kind.max)
            case "integer":
                return _between("{}", kind.min, kind.max)
            case "double":
                return _between("{}", _double(kind.min), _double(kind.max))
            case "decimal" if postgresql:
                return _between("{}", kind.min, kind.max)
            case "decimal":  # as many digits as numeric(18, …) has
                most = 10**storage.DIGITS - 1
                low = -most if kind.min is None else max(-most, scaled(kind.min, kind))
                return _between("{}", low, most if kind.max is None else min(most, scaled(kind.max, kind)))
            case "enum":
                values = [text(value) for value in kind.values]
                return f"{{}} = {values[0]}" if len(values) == 1 else f"{{}} IN ({', '.join(values)})"
            case "boolean" if not postgresql:
                return "{} IN (0, 1)"
            case "json" if not postgresql:
                return "json_valid(coalesce({}, 'null'))"  # of null it says 0, or null, by version
            case _:  # a password is stored as its hash, whose length the input's bounds say nothing about
                return None

    def conditions(self) -> Iterator[Check]:
        for check in self.entity.checks:
            found = check_sql(self.model, self.entity, check.condition, self.dialect)
            if found is not None:
                yield Check(check_name(self.table, f"must_{check.name}"), found)

    # References --------------------------------------------------------------------------------------

    def references(self) -> Iterator[ForeignKey]:
        for field in self.entity.fields:
            if isinstance(field.type, ReferenceType):
                yield from self.reference(field, field.type)

    def reference(self, field: Field, kind: ReferenceType) -> Iterator[ForeignKey]:
        """Composite where both rows share something. SQLite cannot clear one of two columns: there are two then."""
        target = self.model.entity(kind.entity)
        name, key = foreign_key_name(self.table, field.column), storage.key_columns(target)
        shared = same_in_database(self.model, self.entity, field)
        # Rows that hold others of their own table may go at once, which SQLite lets them only without RESTRICT.
        own = kind.on_delete == "restrict" and target is self.entity
        on_delete = "no_action" if own and self.dialect == "sqlite" else kind.on_delete
        if shared is None or target.field(shared).column in key:
            yield ForeignKey(name, (field.column,), target.table, key, on_delete)
            return
        columns = (self.entity.field(shared).column, field.column)
        keys = (target.field(shared).column, *key)
        if kind.on_delete != "set_null":
            yield ForeignKey(name, columns, target.table, keys, on_delete)
        elif self.dialect == "postgresql":
            yield ForeignKey(name, columns, target.table, keys, "set_null", cleared=(field.column,))
        else:
            yield ForeignKey(name, (field.column,), target.table, key, "set_null")
            both = foreign_key_name(self.table, "_".join(columns))
            yield ForeignKey(both, columns, target.table, keys, "no_action")

    def links(self, field: Field, target: Entity) -> Table:
        """Which rows a row lists, each once. A link goes with either of its rows."""
        name = storage.link_table(self.entity, field.name)
        sides = list(
            zip(storage.link_columns(self.entity, field.name, target), (self.entity, target), strict=True)
        )
        (_, second) = (column for column, _ in sides)
        return Table(
            name=name,
            columns=tuple(
                Column(column, storage.sql_type(storage.key_type(self.model, side), self.dialect))
                for column, side in sides
            ),
            key=tuple(column for column, _ in sides),
            key_name=primary_key_name(name),
            foreign_keys=tuple(
                ForeignKey(
                    foreign_key_name(name, column),
                    (column,),
                    side.table,
                    storage.key_columns(side),
                    "cascade",
                )
                for column, side in sides
            ),
            indexes=(TableIndex(index_name(name, [second]), (Term(second),)),),
        )

    # Indexes -----------------------------------------------------------------------------------------

    def indexes(self, key: tuple[str, ...]) -> list[TableIndex]:
        """Unique keys, declared indexes, what shared references lead to, and one for each reference.

        An index of one column is left out where another begins with it; `key` is one that no primary key holds.
        """
        found = [self.unique(list(key))] if key else []
        found += [self.unique([field.column]) for field in self.entity.fields if field.unique]
        found += [self.declared(index) for index in self.entity.indexes]
        found += self.shared_keys()
        for field in self.entity.fields:
            if isinstance(field.type, ReferenceType):
                found.append(TableIndex(index_name(self.table, [field.column]), (self.term(field.column),)))
        kept: list[TableIndex] = []
        for index in found:
            if not self.implied(index, kept):
                kept.append(index)
        return kept

    def implied(self, index: TableIndex, others: list[TableIndex]) -> bool:
        """Whether another index does the same. One of live rows does not serve those that look at all rows."""
        same = [other for other in others if other.terms == index.terms]
        if any(other.unique >= index.unique and other.live == index.live for other in same):
            return True
        if index.unique or len(index.terms) > 1:
            return False
        leading = index.terms[0].column
        key = storage.key_columns(self.entity) if not reuses_keys(self.model, self.entity) else ()
        return key[:1] == (leading,) or any(
            other.terms[0].column == leading and not other.live for other in others
        )

    def unique(self, columns: list[str]) -> TableIndex:
        terms = tuple(self.term(column) for column in columns)
        return TableIndex(unique_name(self.table, columns), terms, unique=True, live=self.live)

    def declared(self, index: Index) -> TableIndex:
        terms = tuple(self.term(self.entity.field(term.field).column, term.direction) for term in index.terms)
        columns = [term.column for term in terms]
        name = unique_name(self.table, columns) if index.unique else index_name(self.table, columns)
        return TableIndex(index.name or name, terms, index.unique, live=self.live if index.unique else "")

    def shared_keys(self) -> Iterator[TableIndex]:
        """What foreign keys need that say that both rows share something, deleted rows included."""
        for owner in self.model.entities:
            for field in owner.fields:
                if not isinstance(field.type, ReferenceType) or field.type.entity != self.entity.name:
                    continue
                shared = same_in_database(self.model, owner, field)
                key = storage.key_columns(self.entity)
                if shared is not None and (column := self.entity.field(shared).column) not in key:
                    columns = [column, *key]
                    terms = tuple(Term(each) for each in columns)  # of columns that are never null
                    yield TableIndex(unique_name(self.table, [*columns, "shared"]), terms, unique=True)

    def term(self, column: str, direction: str = "asc") -> Term:
        order = direction.upper()
        nullable = any(field.nullable for field in self.entity.fields if field.column == column)
        if (
            nullable and self.dialect == "postgresql"
        ):  # null sorts least; PostgreSQL sorts it greatest unasked
            order += " NULLS FIRST" if order == "ASC" else " NULLS LAST"
        return Term(column, order)


def _double(bound: int | None) -> str | None:
    return None if bound is None else f"{bound}.0"


def _between(value: str, low: int | str | None, high: int | str | None) -> str | None:
    parts = [f"{value} >= {low}"] if low is not None else []
    parts += [f"{value} <= {high}"] if high is not None else []
    return " AND ".join(parts) or None
