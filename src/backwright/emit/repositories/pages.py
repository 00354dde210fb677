"""Writes the functions that read a page in the order that was asked for, and count."""

from __future__ import annotations

import re

import msgspec

from backwright.emit.inputs import query_attribute
from backwright.emit.judge import inputs_of
from backwright.emit.names import pascal, words
from backwright.emit.repositories import orders
from backwright.emit.repositories.functions import (
    Function,
    Passed,
    Repositories,
    function,
    passed,
    together,
)
from backwright.emit.repositories.projections import (
    Extra,
    Projection,
    extended,
    row_class,
    selected,
    value_kind,
)
from backwright.emit.repositories.reading import Reading, called, database_call, rule_words
from backwright.emit.repositories.statement import Statement, Writing, written
from backwright.emit.source import Identifier, Source, imports, literal, source
from backwright.emit.sql import hanging, where
from backwright.emit.storage import type_of
from backwright.emit.structs import Member
from backwright.expr.inline import NULL
from backwright.expr.typed import BOOLEAN, And, Compare, Expression, Input, Name, Type
from backwright.expr.typed import Member as MemberOf
from backwright.model.types import Entity, Field, Operation, OrderTerm, Select

_RUNTIME = "backwright_runtime"
_PARAMETER = re.compile(r":[a-z_]")


class PageOf(msgspec.Struct, frozen=True, kw_only=True):
    """The function of a page, and the class of its rows."""

    function: Function
    row: Source


def page(
    step: Select,
    operation: Operation,
    projection: Projection,
    repositories: Repositories,
    *,
    name: str,
    total: bool,
    signed_in: bool,
) -> PageOf:
    """The function that reads a page in the order that the caller chose."""
    entity, model = projection.entity, repositories.model
    writer = _PageWriter(step, operation, projection, repositories, signed_in=signed_in)
    chosen = writer.orders()
    kind = writer.row(name, chosen)
    statements = {sort: writer.statement(terms) for sort, terms in chosen.items()}
    first = next(iter(statements.values()))
    asked = {name: of for each in statements.values() for name, of in each.parameters.items()}
    first = msgspec.structs.replace(first, parameters=asked)
    given = passed(first, model, repositories.names, signed_in=signed_in, in_query=writer.filtered)
    query = writer.query()

    def write(called: Identifier) -> Source:
        return writer.written(called, kind, chosen, statements, given, total=total)

    found = repositories.add(entity.name, [name], write)
    return PageOf(
        function=called(entity, found, given, repositories, extra=["query"] if query else []),
        row=kind,
    )


class _PageWriter:
    def __init__(
        self,
        step: Select,
        operation: Operation,
        projection: Projection,
        repositories: Repositories,
        *,
        signed_in: bool,
    ) -> None:
        self.step = step
        self.operation = operation
        self.projection = projection
        self.repositories = repositories
        self.entity = projection.entity
        self.signed_in = signed_in
        self.reading = Reading(
            entity=self.entity,
            readable=step.readable,
            where=None if step.where is None else step.where.meaning,
        )
        path = {each.name for each in operation.path_parameters}
        self.filtered = {
            given.name: query_attribute(operation, given.name)
            for each in step.filters
            for given in inputs_of(each.condition.meaning)
            if given.source == "params" and given.name not in path
        }

    def query(self) -> bool:
        """Whether the page depends on query parameters as they were sent."""
        return bool(self.filtered or self.step.sorts) or self.step.paging.style != "none"

    def orders(self) -> dict[str, list[OrderTerm]]:
        """The total orders that a caller may choose, by name; one without a name where there is no choice."""
        if not self.step.sorts:
            return {"": orders.total(self.entity, self.step.order)}
        named = {sort.name: orders.total(self.entity, sort.order) for sort in self.step.sorts}
        default = orders.total(self.entity, self.step.order)
        first = next((name for name, order in named.items() if order == default), None)
        if first is None:
            return {"": default, **named}
        return {first: named.pop(first), **named}

    def row(self, name: str, chosen: dict[str, list[OrderTerm]]) -> Source:
        """The class of the rows: with the values that order them, where these are no columns of it."""
        base = row_class(self.projection, self.repositories)
        more = self.additional(chosen)
        if not more:
            return base
        model = self.repositories.model
        members = [Member(Identifier(each.name), value_kind(each.value.type, model)) for each in more]
        return extended(base, pascal(f"{name}_row"), members, self.repositories, self.entity)

    def additional(self, chosen: dict[str, list[OrderTerm]]) -> list[Extra]:
        """What the cursors of the orders need besides the projection."""
        if self.step.paging.style != "keyset":
            return []
        there = {field.name for field in self.projection.fields}
        found: dict[str, Extra] = {}
        for order in chosen.values():
            for field in orders.fields(self.entity, order):
                if field.name not in there:
                    value = column_value(self.entity, field)
                    found.setdefault(field.column, Extra(field.column, value))
            for extra in orders.extras(order):
                found.setdefault(extra.name, extra)
        return list(found.values())

    def statement(self, order: list[OrderTerm]) -> Statement:
        """The page in one order."""
        more = self.additional(self.orders())
        projection = msgspec.structs.replace(self.projection, asked=tuple(more))
        style = self.step.paging.style

        def write(sql: Writing) -> str:
            asked = [*projection.values(), *orders.values(order), *self.filters()]
            table = sql.source(self.entity, projection.row, asked, conditions=self.reading.values())
            terms = orders.terms(self.entity, order, sql, row=projection.row)
            conditions = self.conditions(sql, row=projection.row)
            tail = [orders.order_by(terms)]
            if style == "keyset":
                conditions.append(orders.after(terms))
            tail.append(f"LIMIT {self.step.paging.max}" if style == "none" else "LIMIT :limit")
            tail += ["OFFSET :offset"] if style == "offset" else []
            if len(conditions) > 1 and conditions[0].startswith("{"):
                conditions.insert(0, "TRUE")
            elif conditions and conditions[0].startswith("{"):
                conditions = ["TRUE", *conditions]
            return "\n".join(
                [
                    selected(projection.columns(sql)),
                    f"FROM {table}",
                    *projection.joined(sql),
                    *where(conditions),
                    *tail,
                ]
            )

        return written(
            self.repositories.model,
            write,
            signed_in=self.signed_in,
            for_caller=self.step.readable is not None,
        )

    def filters(self) -> list[Expression]:
        """All that the filters ask of a row."""
        return [each.condition.meaning for each in self.step.filters]

    def conditions(self, sql: Writing, *, row: str = "") -> list[str]:
        """The rule, the operation's own condition, and the filters that apply when they are asked for."""
        found = self.reading.conditions(sql, row=row)
        for each in self.step.filters:
            clause = sql.condition(each.condition.meaning, this=row or None)
            if self.filtered and not _PARAMETER.search(clause):
                clause = f"{clause} AND {sql.condition(_is_sent(each.condition.meaning))}"
            inside = "AND " + hanging(clause, 2 if clause.partition("\n")[0].endswith("(") else 4)
            found.append(f"{{{inside}}}" if self.filtered else inside.removeprefix("AND "))
        return found

    def count(self) -> Statement:
        """How many rows there are without paging."""

        def write(sql: Writing) -> str:
            table = sql.source(self.entity, "", self.filters(), conditions=self.reading.values())
            conditions = self.conditions(sql)
            if conditions and conditions[0].startswith("{"):
                conditions.insert(0, "TRUE")
            return "\n".join(["SELECT count(*)", f"FROM {table}", *where(conditions)])

        return written(
            self.repositories.model,
            write,
            signed_in=self.signed_in,
            for_caller=self.step.readable is not None,
        )

    def written(
        self,
        name: Identifier,
        kind: Source,
        chosen: dict[str, list[OrderTerm]],
        statements: dict[str, Statement],
        given: Passed,
        *,
        total: bool,
    ) -> Source:
        """Statements, orders and the function."""
        style = self.step.paging.style
        pieces: list[Source] = []
        names: dict[str, tuple[str, str]] = {}
        for sort, statement in statements.items():
            constant = (
                name.upper() if len(statements) == 1 else f"{name.upper()}_BY_{(sort or 'default').upper()}"
            )
            order = f"{constant}_ORDER"
            names[sort] = (constant, order)
            pieces.append(statement.declared(constant))
            if style == "keyset":
                declared = orders.keyset(str(kind), chosen[sort], self.entity)
                pieces.append(source(f"{Identifier(order)} = {declared}", imports(_RUNTIME, "Keyset")))
        body, needed = self.body(name, kind, names, given, total=total)
        if total:
            pieces.append(self.count().declared(f"{name.upper()}_TOTAL"))
        parameters = list(given.parameters)
        if self.query():
            query = self.repositories.names.query_class(self.operation)
            place = len(given.context)
            imported = imports(f"{self.repositories.names.package}.inputs", query)
            parameters.insert(place, source(f"query: {query}", imported))
        plural = words(self.repositories.names.plurals[self.entity.name])
        which = f"the {plural} the caller may read" if rule_words(self.entity, self.step.readable) else plural
        result = source(f"Page[{kind}]", imports(_RUNTIME, "Page"), kind)
        about = (
            f"A page of {which}."
            if style != "none"
            else f"{which[0].upper()}{which[1:]}, at most {self.step.paging.max}."
        )
        text = function(name, parameters, result, about, body, needed)
        return together(*pieces, text)

    def body(
        self, name: Identifier, kind: Source, names: dict[str, tuple[str, str]], given: Passed, *, total: bool
    ) -> tuple[str, Source]:
        """What the function does."""
        style, lines, needed = self.step.paging.style, [], source("")
        if len(names) == 1:
            (statement, order), *_ = names.values()
        else:
            needed = source("", imports(_RUNTIME, "given"))
            statement, order = "statement", "order"
            default = next(iter(names))
            choices = ", ".join(
                f"{literal(sort)}: ({constant}, {terms})"
                if style == "keyset"
                else f"{literal(sort)}: {constant}"
                for sort, (constant, terms) in names.items()
            )
            target = "statement, order" if style == "keyset" else "statement"
            lines.append(f"{target} = {{{choices}}}[given(query.sort, {literal(default)})]")
        bound = "".join(f", {value}" for value, _ in given.values)
        arguments = [str(kind), statement, *given.arguments]
        if style == "keyset":
            arguments += ["limit=query.limit + 1", f"**{order}.after(query{bound})"]
        elif style == "offset":
            arguments += ["limit=query.limit", "offset=query.offset"]
        count = ""
        if total:
            needed = source("", needed.imports | imports(_RUNTIME, "counted"))
            arguments.insert(2, f"{name.upper()}_TOTAL")
            lines.append(f"rows, total = await counted(db, {', '.join(arguments)})")
            count = ", total=total"
        else:
            lines.append(f"rows = await {database_call('fetch_all', arguments)}")
        if style == "keyset":
            lines.append(f"return {order}.page(rows, query{bound}{count})")
        else:
            lines.append(f"return Page(rows{count})")
        return "\n".join(lines), needed


def column_value(entity: Entity, field: Field) -> MemberOf:
    """A column of the row, as an expression."""
    kind = type_of(field.type, nullable=field.nullable)
    assert kind is not None
    this = Name(type=Type("entity", entity=entity.name), root="this")
    return MemberOf(type=kind, of=this, entity=entity.name, field=field.name)


def _is_sent(condition: Expression) -> Expression:
    """That the parameters of a filter are there: what would come out the same without them has to name them."""
    found = [
        Compare(type=BOOLEAN, op="!=", left=_optional(each), right=NULL)
        for each in inputs_of(condition)
        if each.source == "params"
    ]
    return found[0] if len(found) == 1 else And(type=BOOLEAN, parts=tuple(found))


def _optional(given: Input) -> Input:
    return msgspec.structs.replace(given, type=msgspec.structs.replace(given.type, nullable=True))
