"""Writes `repositories/<entities>.py`: the statements on one entity's rows, and a function for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backwright.emit import sql
from backwright.emit.access import Judge, Listing, Lookup, Use
from backwright.emit.annotations import is_scalar, plain
from backwright.emit.candidates import candidate_clause, holds, judging
from backwright.emit.conditions import Clause, arguments, clause
from backwright.emit.inputs import filters_of
from backwright.emit.judge import inputs_of
from backwright.emit.judgements import is_public
from backwright.emit.names import Names, a, words
from backwright.emit.source import (
    Identifier,
    Imports,
    Source,
    docstring,
    imports,
    indented,
    literal,
    module,
    source,
    sql_block,
)
from backwright.expr.typed import Expression
from backwright.model.types import Entity, Field, Model, OrderTerm, ReferenceType, Rule
from backwright_runtime.database.names import unique_name

_RUNTIME = "backwright_runtime"
_QUERIES = imports(_RUNTIME, "Queries")
_SQL = imports(_RUNTIME, "sql")


def repository_module(use: Use, model: Model, names: Names) -> str:
    """The repository of one entity."""
    writer = Repository(use, model, names)
    return module(writer.about(), writer.pieces(), package=names.package)


class Repository:
    """Writes the functions of one entity's repository."""

    def __init__(self, use: Use, model: Model, names: Names) -> None:
        self.use = use
        self.model = model
        self.names = names
        self.entity: Entity = use.entity
        self.row = names.row(use.entity.name)
        self.row_class = names.row_class(use.entity.name)
        self.row_import = imports(f"{names.package}.entities", self.row_class)
        self.key = use.entity.field(use.entity.key)

    def about(self) -> str:
        """The docstring of the module."""
        rule = self.entity.access["read"]
        if is_public(rule):
            return f"Rows of `{self.entity.table}`."
        return f"Rows of `{self.entity.table}`. Reading statements carry the read rule: {rule.source}."

    def pieces(self) -> list[Source]:
        """Every statement, each followed by its function."""
        found: list[Source] = []
        for listing in self.use.listings:
            found += self.listing(listing)
        for lookup in self.use.lookups:
            found += self.lookup(lookup)
        if self.use.checks:
            found += self.readable()
        if self.use.judges:
            found.append(holds())
            found += [self.judge(each) for each in self.use.judges]
        if self.tells_keys_apart():
            found += self.refuse_taken()
        if self.use.creates:
            found += self.insert()
        if self.use.changes:
            found += self.save()
        if self.use.deletes:
            found += self.delete()
        return found

    # Reading -----------------------------------------------------------------------------------------

    def rule(self, readable: Rule | None, function: str) -> list[tuple[Clause, str]]:
        """The read rule as a clause with its own words; nothing where everyone may read."""
        if readable is None or is_public(readable):
            return []
        compiled = clause(readable.condition, self.model, self.entity.name, signed_in=self.known(function))
        return [(compiled, f"{self.entity.name} read: {readable.source}")]

    def known(self, function: str) -> bool:
        """Whether only signed-in callers reach a function."""
        return function in self.use.known

    def context(self, clauses: Sequence[Clause], function: str) -> tuple[list[str], Imports]:
        """The parameters that say who is calling and when, where the clauses depend on it."""
        parameters: list[str] = []
        needed: Imports = frozenset()
        if any(each.needs_caller for each in clauses):
            parameters.append("caller: Caller" if self.known(function) else "caller: Caller | None")
            needed |= imports(f"{self.names.package}.callers", "Caller")
        if any(each.needs_now for each in clauses):
            parameters.append("now: datetime")
            needed |= imports("datetime", "datetime")
        return parameters, needed

    def context_of(self, function: str) -> list[str]:
        """The parameters `caller` and `now` of a function that reads, as its callers need to know."""
        for listing in self.use.listings:
            if listing.operation.name == function:
                filters = (each.condition.meaning for each in listing.step.filters)
                return self.context(self.clauses(listing.step.readable, function, filters), function)[0]
        for lookup in self.use.lookups:
            if lookup.function == function:
                return self.context(self.clauses(lookup.readable, function, [lookup.where]), function)[0]
        for judge in self.use.judges:
            if judge.function == function:
                return self.context([self.candidate(judge)], function)[0]
        return self.context(self.clauses(self.entity.access["read"], function, ()), function)[0]

    def clauses(self, readable: Rule | None, function: str, others: Iterable[Expression]) -> list[Clause]:
        """The clauses of a reading statement."""
        known = self.known(function)
        compiled = [clause(each, self.model, self.entity.name, signed_in=known) for each in others]
        return [*(each for each, _ in self.rule(readable, function)), *compiled]

    def listing(self, listing: Listing) -> list[Source]:
        """A page of rows."""
        operation, step = listing.operation, listing.step
        name = Identifier(operation.name)
        rules = self.rule(step.readable, name)
        fields = {field.name: field for field in filters_of(operation)}
        filters = [
            clause(each.condition.meaning, self.model, self.entity.name, signed_in=self.known(name))
            for each in step.filters
        ]
        order = sql.total_order(self.entity, step.order)
        conditions = [sql.described(compiled.text, note) for compiled, note in rules] or ["TRUE"]
        conditions += [f"{{AND {sql.hanging(each.text, sql.below(each.text, 6) - 2)}}}" for each in filters]
        conditions.append(sql.after(self.entity, order))
        tail = [sql.order_by(self.entity, order), "LIMIT :limit"]
        statement = self.statement(name.upper(), sql.select(self.entity, conditions, tail))
        keyset, declared = self.keyset(operation.name, order)
        clauses = [*(compiled for compiled, _ in rules), *filters]
        context, needed = self.context(clauses, name)
        inputs: dict[tuple[str, str], str] = {}
        for each in step.filters:
            for value in inputs_of(each.condition.meaning):
                given = f"query.{Identifier(value.name)}"
                is_email = is_scalar(fields[value.name].type, "email")
                inputs[value.source, value.name] = f"{given} and {given}.lower()" if is_email else given
        given_arguments = arguments(clauses, self.model, caller_known=self.known(name), inputs=inputs)
        query = self.names.query_class(operation)
        call = self.call(
            "fetch_all",
            [
                str(self.row_class),
                name.upper(),
                *given_arguments,
                "limit=query.limit + 1",
                f"**{keyset}.after(query)",
            ],
        )
        plural = words(self.names.plurals[self.entity.name])
        about = (
            f"A page of {plural}."
            if is_public(step.readable)
            else f"A page of the {plural} the caller may read."
        )
        text = self.function(
            name,
            [*context, f"query: {query}"],
            f"Page[{self.row_class}]",
            about,
            f"rows = await {call}\nreturn {keyset}.page(rows, query)",
        )
        needed |= imports(_RUNTIME, "Keyset", "Page") | imports(f"{self.names.package}.inputs", query)
        heading = source(f"{statement}\n{declared}", _SQL)
        return [heading, source(text, needed, _QUERIES, self.row_import)]

    def keyset(self, operation: str, order: Sequence[OrderTerm]) -> tuple[str, str]:
        """The name and the declaration of the order that pages follow."""
        name = (
            order_words(self.entity, [term for term in order if term.field != self.entity.key])
            .replace(" ", "_")
            .replace(",", "")
            .upper()
        )
        if len(self.use.listings) > 1:
            name = f"{operation.upper()}_ORDER"
        terms = []
        for term in order:
            column = self.entity.field(term.field).column
            terms.append(literal(f"{column} desc" if term.direction == "desc" else column))
        return name, f"{name} = Keyset({self.row_class}, {', '.join(terms)})"

    def lookup(self, lookup: Lookup) -> list[Source]:
        """One row, or an error."""
        name = Identifier(lookup.function)
        where = clause(lookup.where, self.model, self.entity.name, signed_in=self.known(name))
        rules = self.rule(lookup.readable, name)
        conditions = with_rules(where.text, rules)
        tail = ["FOR UPDATE"] if lookup.lock else []
        statement = self.statement(name.upper(), sql.select(self.entity, conditions, tail))
        clauses = [where, *(compiled for compiled, _ in rules)]
        context, needed = self.context(clauses, name)
        types = [plain(kind) for _, _, kind in lookup.inputs]
        parameters = [
            f"{Identifier(n)}: {kind}" for (_, n, _), kind in zip(lookup.inputs, types, strict=True)
        ]
        inputs: dict[tuple[str, str], str] = {(origin, n): n for origin, n, _ in lookup.inputs}
        given = arguments(clauses, self.model, caller_known=self.known(name), inputs=inputs)
        call = self.call("fetch_one", [str(self.row_class), name.upper(), *given])
        if lookup.optional:
            about = self.lookup_text(lookup, "None when there is none.")
            text = self.function(
                name, [*context, *parameters], f"{self.row_class} | None", about, f"return await {call}"
            )
        else:
            unreadable = "" if is_public(lookup.readable) else " or the caller may not read it"
            locked = ", locked until the transaction ends" if lookup.lock else ""
            about = self.lookup_text(lookup, f"Raises NotFound when it is missing{unreadable}.", locked)
            body = (
                f"{self.row} = await {call}\n"
                f"if {self.row} is None:\n    raise NotFound({literal(words(self.entity.name))})\n"
                f"return {self.row}"
            )
            text = self.function(name, [*context, *parameters], str(self.row_class), about, body)
            needed |= imports(_RUNTIME, "NotFound")
        return [source(statement, _SQL), source(text, needed, _QUERIES, self.row_import, *types)]

    def lookup_text(self, lookup: Lookup, outcome: str, locked: str = "") -> str:
        """The docstring of a lookup."""
        by = " and ".join(words(name) for _, name, _ in lookup.inputs)
        trusted = f" Trusted: {lookup.trusted}." if lookup.trusted else ""
        return f"The {words(self.entity.name)} with this {by}{locked}. {outcome}{trusted}"

    def readable(self) -> list[Source]:
        """Whether a row that input refers to is there for the caller."""
        rules = self.rule(self.entity.access["read"], "readable")
        key = sql.quoted(self.key.column)
        conditions = with_rules(f"{key} = :{self.key.column}", rules)
        lines = [
            f"SELECT {key}",
            f"FROM {sql.quoted(self.entity.table)}",
            *sql.where(conditions),
            "FOR NO KEY UPDATE",
        ]
        clauses = [compiled for compiled, _ in rules]
        context, needed = self.context(clauses, "readable")
        given = arguments(clauses, self.model, caller_known=self.known("readable"), inputs={})
        column = Identifier(self.key.column)
        call = self.call("fetch_one", ["Key", "READABLE", f"{column}={column}", *given])
        kind = plain(self.key.type)
        noun = a(words(self.entity.name))
        about = f"Whether there is {noun} with this {words(self.key.name)} that the caller may read."
        if is_public(self.entity.access["read"]):
            about = f"Whether there is {noun} with this {words(self.key.name)}."
        text = self.function(
            Identifier("readable"),
            [*context, f"{column}: {kind}"],
            "bool",
            f"{about} It stays until the transaction ends.",
            f"return await {call} is not None",
        )
        struct = source(
            f'class Key(Struct, frozen=True):\n    """The key of a row."""\n\n    {column}: {kind}',
            imports("msgspec", "Struct"),
            kind,
        )
        return [
            struct,
            source(self.statement("READABLE", "\n".join(lines)), _SQL),
            source(text, needed, _QUERIES),
        ]

    # Judging -----------------------------------------------------------------------------------------

    def candidate(self, judge: Judge) -> Clause:
        """A rule over relations, as the clause of its function."""
        return candidate_clause(judge, self.model, self.entity, signed_in=self.known(judge.function))

    def judge(self, judge: Judge) -> Source:
        """The function that judges a rule over relations."""
        parameters, needed = self.context([self.candidate(judge)], judge.function)
        known = self.known(judge.function)
        piece = judging(judge, self.model, self.entity, self.names, parameters, signed_in=known)
        return source(piece.text, piece, needed)

    # Writing -----------------------------------------------------------------------------------------

    def insert(self) -> list[Source]:
        """A new row."""
        given = [f"{Identifier(column)}={self.row}.{column}" for column in sql.columns_of(self.entity)]
        keys = unique_keys(self.entity)
        body, needed = self.guarded(self.call("execute", ["INSERT", *given]), keys)
        about = f"Store a new {words(self.entity.name)}.{self.taken_text(keys)}"
        text = self.function(Identifier("insert"), [f"{self.row}: {self.row_class}"], "None", about, body)
        return [
            source(self.statement("INSERT", sql.insert(self.entity)), _SQL),
            source(text, needed, _QUERIES, self.row_import),
        ]

    def save(self) -> list[Source]:
        """The columns that operations change."""
        fields = [self.entity.field(name) for name in self.use.changes]
        columns = [field.column for field in fields]
        given = [f"{Identifier(column)}={self.row}.{column}" for column in [self.key.column, *columns]]
        keys = self.written_keys()
        body, needed = self.guarded(self.call("execute", ["SAVE", *given]), keys)
        about = f"Store the changed {words(self.entity.name)}.{self.taken_text(keys)}"
        text = self.function(Identifier("save"), [f"{self.row}: {self.row_class}"], "None", about, body)
        return [
            source(self.statement("SAVE", sql.update(self.entity, columns)), _SQL),
            source(text, needed, _QUERIES, self.row_import),
        ]

    def delete(self) -> list[Source]:
        """The row goes, unless others refer to it."""
        column = Identifier(self.key.column)
        kind = plain(self.key.type)
        body = f"await {self.call('execute', ['DELETE', f'{column}={column}'])}"
        about = f"Remove the {words(self.entity.name)}."
        if is_referenced(self.entity, self.model):
            about += " 409 while others refer to it."
        text = self.function(Identifier("delete"), [f"{column}: {kind}"], "None", about, body)
        return [source(self.statement("DELETE", sql.delete(self.entity)), _SQL), source(text, _QUERIES, kind)]

    def guarded(self, call: str, keys: Sequence[tuple[str, list[Field]]]) -> tuple[str, Imports]:
        """A write that answers a taken unique key as a conflict: the first one, where there are several."""
        if not keys:
            return f"await {call}", frozenset()
        if len(keys) == 1:
            fields = ", ".join(f"FieldError({literal(field.name)}, 'taken')" for field in keys[0][1])
            look, conflict, needed = "", f"Conflict({fields})", imports(_RUNTIME, "FieldError")
        else:
            look, conflict = f"await refuse_taken(db, {self.row})\n", "Conflict(*TAKEN[violation.constraint])"
            needed = frozenset()
        caught = f"except UniqueViolation as violation:\n    raise {conflict} from violation"
        text = f"{look}try:\n    await {call}\n{caught}"
        return text, needed | imports(_RUNTIME, "Conflict", "UniqueViolation")

    def tells_keys_apart(self) -> bool:
        """Whether a write may meet several unique keys."""
        return len(unique_keys(self.entity)) > 1 and (self.use.creates or len(self.written_keys()) > 1)

    def written_keys(self) -> list[tuple[str, list[Field]]]:
        """The unique keys that changes may write."""
        return [
            key for key in unique_keys(self.entity) if any(each.name in self.use.changes for each in key[1])
        ]

    def refuse_taken(self) -> list[Source]:
        """Looks for taken keys before a write: databases report them in orders of their own."""
        errors = []
        cases = []
        table, key = sql.quoted(self.entity.table), sql.quoted(self.key.column)
        for name, fields in unique_keys(self.entity):
            listed = ", ".join(f"FieldError({literal(field.name)}, 'taken')" for field in fields)
            errors.append(f"{literal(name)}: ({listed},),")
            same = [f"{sql.quoted(field.column)} = :{field.column}" for field in fields]
            condition = " AND ".join([*same, f"{key} <> :{self.key.column}"])
            found = f"SELECT 1 FROM {table} WHERE {condition}"  # noqa: S608
            cases.append(f"WHEN EXISTS ({found})\n    THEN '{name}'")
        columns = dict.fromkeys(field.column for _, fields in unique_keys(self.entity) for field in fields)
        given = [f"{Identifier(column)}={self.row}.{column}" for column in [self.key.column, *columns]]
        statement = f"SELECT CASE\n{indented(chr(10).join(cases))}\nEND"
        body = (
            f"taken = await {self.call('fetch_one', ['Taken', 'FIRST_TAKEN', *given])}\n"
            "if taken is not None and taken.key is not None:\n    raise Conflict(*TAKEN[taken.key])"
        )
        about = "Raises Conflict for the first unique key, in declared order, that another row has already."
        text = self.function(
            Identifier("refuse_taken"), [f"{self.row}: {self.row_class}"], "None", about, body
        )
        struct = (
            'class Taken(Struct, frozen=True):\n    """The name of a unique key."""\n\n    key: str | None'
        )
        return [
            source(f"TAKEN = {{\n{indented(chr(10).join(errors))}\n}}", imports(_RUNTIME, "FieldError")),
            source(struct, imports("msgspec", "Struct")),
            source(self.statement("FIRST_TAKEN", statement), _SQL),
            source(text, imports(_RUNTIME, "Conflict"), _QUERIES, self.row_import),
        ]

    def taken_text(self, keys: Sequence[tuple[str, list[Field]]]) -> str:
        """What the docstring says of unique keys."""
        if not keys:
            return ""
        said = [" and ".join(words(field.name) for field in fields) for _, fields in keys]
        verb = "are" if len(keys) == 1 and len(keys[0][1]) > 1 else "is"
        return f" Raises Conflict when the {' or the '.join(said)} {verb} taken."

    # Text --------------------------------------------------------------------------------------------

    def statement(self, name: str, text: str) -> str:
        """A constant that holds a statement."""
        return f"{Identifier(name)} = sql({sql_block(text)})"

    def call(self, method: str, given: Sequence[str]) -> str:
        """A call of the database; ruff breaks it where it is long."""
        return f"db.{method}({', '.join(given)})"

    def function(self, name: str, parameters: Sequence[str], result: str, about: str, body: str) -> str:
        """An asynchronous function on the database."""
        listed = ", ".join(["db: Queries", *parameters])
        return (
            f"async def {Identifier(name)}({listed}) -> {result}:\n"
            f"    {docstring(about, 4)}\n{indented(body)}"
        )


def with_rules(condition: str, rules: Sequence[tuple[Clause, str]]) -> list[str]:
    """The conditions on a row; a rule that holds for everyone who comes here needs its words, not a clause."""
    clauses = [sql.described(compiled.text, note) for compiled, note in rules if compiled.text != "TRUE"]
    always = [note for compiled, note in rules if compiled.text == "TRUE"]
    return [sql.described(condition, "; ".join(always)) if always else condition, *clauses]


def order_words(entity: Entity, order: Sequence[OrderTerm]) -> str:
    """An order in prose: `newest first`, `by title`."""
    first = order[0] if order else OrderTerm(field=entity.key)
    if len(order) == 1 and is_scalar(entity.field(first.field).type, "timestamp"):
        return "newest first" if first.direction == "desc" else "oldest first"
    return f"by {' and '.join(words(term.field) for term in order) or words(entity.key)}"


def unique_keys(entity: Entity) -> list[tuple[str, list[Field]]]:
    """The unique keys in declared order, by the name of their constraint: fields first, then indexes."""
    by_name = {tuple(t.field for t in index.terms): index.name for index in entity.indexes if index.unique}
    keys = [(field.name,) for field in entity.fields if field.unique]
    ordered = dict.fromkeys([*keys, *by_name])
    return [
        (
            by_name.get(key, unique_name(entity.table, [entity.field(n).column for n in key])),
            [entity.field(name) for name in key],
        )
        for key in ordered
    ]


def is_referenced(entity: Entity, model: Model) -> bool:
    """Whether rows of any entity refer to rows of this one."""
    return any(
        isinstance(field.type, ReferenceType) and field.type.entity == entity.name
        for holder in model.entities
        for field in holder.fields
    )
