"""Writes `services/<tag>.py`: each operation as a function that reads like its steps."""

from __future__ import annotations

from backwright.emit.access import Use, lookup_of, references, refused, uses
from backwright.emit.annotations import UNSET, UNSET_TYPE, UUID, is_scalar, plain
from backwright.emit.emitted import NotEmitted
from backwright.emit.inputs import has_query, plain_changes
from backwright.emit.isolation import serializable
from backwright.emit.judge import is_caller, is_now
from backwright.emit.judgements import Judgement, is_public, judgements, signed_in, touched
from backwright.emit.names import Names, words
from backwright.emit.repositories import Repository, order_words, unique_keys
from backwright.emit.rules import compiled, mentions_now, mentions_row
from backwright.emit.source import (
    NO_IMPORTS,
    Identifier,
    Imports,
    Source,
    comment,
    docstring,
    imports,
    indented,
    literal,
    module,
    remark,
    source,
)
from backwright.expr.typed import Input
from backwright.expr.walk import mentions_caller
from backwright.model.types import (
    Assignment,
    Create,
    Delete,
    Entity,
    Field,
    Find,
    Formula,
    InputField,
    Model,
    Operation,
    ReferenceType,
    Select,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    SignIn,
    Update,
    VerifyPassword,
)

_RUNTIME = "backwright_runtime"


def service_module(tag: str, operations: list[Operation], model: Model, names: Names) -> str:
    """The functions of one tag."""
    known = {use.entity.name: use for use in uses(model)}
    pieces = [ServiceFunction(operation, model, names, known).written() for operation in operations]
    return module(f"What callers can do under /{tag}.", pieces, package=names.package)


class ServiceFunction:
    """Writes the function of one operation, step by step."""

    def __init__(self, operation: Operation, model: Model, names: Names, known: dict[str, Use]) -> None:
        self.operation = operation
        self.model = model
        self.names = names
        self.uses = known
        self.before: list[str] = []
        self.lines: list[str] = []
        self.imports: Imports = NO_IMPORTS
        self.caller_used = False
        self.judgements = judgements(operation, model)
        self.current: dict[str, str] = {}
        self.refuses = refused(operation, model)
        self.refused = False

    def written(self) -> Source:
        """The whole function."""
        db = "tx" if self.in_transaction() else "ctx.db"
        self.check_references(db)
        for number, step in enumerate(self.operation.steps):
            if self.refused:
                break
            match step:
                case Find():
                    self.find(step, db)
                case Select():
                    self.select(step, db)
                case Create():
                    self.create(step, number, db)
                case Update():
                    self.update(step, number, db)
                case Delete():
                    self.delete(step, number, db)
                case VerifyPassword():
                    self.verify(step)
                case SignIn():
                    key = self.model.entity(self.identity()).key
                    self.say(f"{Identifier(step.bind)} = ctx.issue_token({self.bound(step.row)}.{key})")
                case _:
                    raise NotEmitted(step)
        return self.function()

    def function(self) -> Source:
        """The steps under a signature."""
        result, answer = self.result()
        body = "\n".join(self.lines)
        if self.in_transaction():
            how = "serializable=True" if serializable(self.operation, self.model) else ""
            body = f"async with ctx.transaction({how}) as tx:\n{indented(body)}"
        if answer and not self.refused:
            body = self.with_answer(body, answer)
        body = "\n".join([*self.before, body])
        if self.caller_used:
            start = "caller = ctx.signed_in()" if signed_in(self.operation) else "caller = ctx.caller"
            body = f"{start}\n{body}"
        text = (
            f"async def {Identifier(self.operation.name)}({', '.join(self.parameters())}) -> {result}:\n"
            f"    {docstring(self.about(), 4)}\n{indented(body)}"
        )
        return source(text, self.imports)

    def with_answer(self, body: str, answer: str) -> str:
        """The body with its return; a value that was only just computed is returned directly."""
        head, _, last = body.rpartition("\n")
        given = f"{answer} = "
        if not self.in_transaction() and last.startswith(given):
            return f"{head}\n".lstrip("\n") + f"return {last.removeprefix(given)}"
        return f"{body}\nreturn {answer}"

    def about(self) -> str:
        """The docstring: the route, and what is particular about it."""
        operation = self.operation
        route = f"{operation.method} {operation.path}"
        for step in operation.steps:
            if isinstance(step, VerifyPassword):
                return f"{route}: 401 whether the account is unknown or the password wrong."
            if isinstance(step, Select):
                return f"{route}: {self.listed(step)}."
        if operation.body is not None and operation.body.partial:
            return f"{route}: absent members stay as they are."
        return f"{route}."

    def listed(self, step: Select) -> str:
        """What a page shows, in prose."""
        plural = words(self.names.plurals[step.entity])
        which = f"all {plural}" if is_public(step.readable) else f"the {plural} the caller may read"
        entity = self.model.entity(step.entity)
        order = [term for term in step.order if term.field != entity.key]
        return f"{which}, {order_words(entity, order)}"

    def parameters(self) -> list[str]:
        """The context, path parameters, query and body."""
        found = [f"ctx: {self.context()}"]
        for each in self.operation.path_parameters:
            kind = plain(each.type)
            self.imports |= kind.imports
            found.append(f"{Identifier(each.name)}: {kind}")
        inputs = f"{self.names.package}.inputs"
        if has_query(self.operation):
            query = self.names.query_class(self.operation)
            self.imports |= imports(inputs, query)
            found.append(f"query: {query}")
        if self.operation.body is not None:
            body = self.names.input_class(self.operation)
            self.imports |= imports(inputs, body)
            found.append(f"body: {body}")
        return found

    def context(self) -> str:
        """The type of the context."""
        text = context_type(self.model, self.names)
        self.imports |= text.imports
        return text.text

    def result(self) -> tuple[str, str]:
        """The type of what is returned, and the expression."""
        show = self.operation.respond.show
        match show:
            case ShowNothing():
                return "None", ""
            case ShowRow(bind=bind):
                return self.row_class(self.entity_of(bind)), self.bound(bind)
            case ShowPage(bind=bind):
                self.imports |= imports(_RUNTIME, "Page")
                return f"Page[{self.row_class(self.entity_of(bind))}]", Identifier(bind)
            case ShowSession(row=row, token=token):
                return (
                    f"tuple[{self.row_class(self.entity_of(row))}, str]",
                    f"{self.bound(row)}, {Identifier(token)}",
                )
            case _:
                raise NotEmitted(show)

    def row_class(self, entity: str) -> str:
        name = self.names.row_class(entity)
        self.imports |= imports(f"{self.names.package}.entities", name)
        return name

    def entity_of(self, bind: str) -> str:
        """The entity of a binding."""
        for step in self.operation.steps:
            match step:
                case Find(bind=name) | Select(bind=name) | Create(bind=name) if name == bind:
                    return step.entity
                case _:
                    pass
        raise KeyError(f"{self.operation.name}: {bind}")

    def bound(self, bind: str) -> str:
        """The variable of a binding."""
        return self.current.get(bind) or self.names.row(self.entity_of(bind))

    def identity(self) -> str:
        assert self.model.auth is not None
        return self.model.auth.identity

    def say(self, line: str) -> None:
        self.lines.append(line)

    def note(self, text: str) -> None:
        """A comment on its own."""
        self.lines.append(comment(text, 8 if self.in_transaction() else 4))

    def in_transaction(self) -> bool:
        """Whether several statements have to hold together."""
        if self.refuses:
            return False
        steps = self.operation.steps
        writes = sum(isinstance(step, Create | Update | Delete) for step in steps)
        locks = any(isinstance(step, Find) and step.lock for step in steps)
        alone = serializable(self.operation, self.model)
        return writes > 1 or locks or alone or (writes > 0 and bool(references(self.operation)))

    # Steps -------------------------------------------------------------------------------------------

    def repository(self, entity: str) -> str:
        name = self.names.repository(entity)
        self.imports |= imports(f"{self.names.package}.repositories", name)
        return name

    def context_arguments(self, entity: str, function: str) -> list[str]:
        """Who is calling and when, where the function's statement depends on it."""
        writer = Repository(self.uses[entity], self.model, self.names)
        names = [each.split(":")[0] for each in writer.context_of(function)]
        self.caller_used |= "caller" in names
        return ["ctx.now" if name == "now" else name for name in names]

    def find(self, step: Find, db: str) -> None:
        lookup = lookup_of(step, self.operation, self.model)
        given = [db, *self.context_arguments(step.entity, lookup.function)]
        given += [self.input_value(origin, name) for origin, name, _ in lookup.inputs]
        row = self.bound(step.bind)
        binds = "" if self.refuses else f"{row} = "
        code = f"{binds}await {self.repository(step.entity)}.{lookup.function}({', '.join(given)})"
        if lookup.optional:
            self.say(code)
            return
        note = "404 if missing" if is_public(step.readable) else "404 if missing or not readable"
        self.say(remark(code, note, 8 if self.in_transaction() else 4))

    def input_value(self, origin: str, name: str) -> str:
        """A request value as rows hold it."""
        if origin == "params" and any(each.name == name for each in self.operation.path_parameters):
            return Identifier(name)
        if origin == "params":
            return f"query.{Identifier(name)}"
        field = next(each for each in self.members() if each.name == name)
        return self.received(field)

    def members(self) -> tuple[InputField, ...]:
        return self.operation.body.fields if self.operation.body else ()

    def received(self, field: InputField) -> str:
        """A member of the body as rows hold it: e-mail addresses are folded, `now` is filled in."""
        value = f"body.{Identifier(field.name)}"
        if field.default is not None and is_now(field.default.meaning):
            self.imports |= imports(_RUNTIME, "given")
            return f"given({value}, ctx.now)"
        if not is_scalar(field.type, "email"):
            return value
        return f"{value}.lower() if {value} is not None else None" if field.nullable else f"{value}.lower()"

    def select(self, step: Select, db: str) -> None:
        given = [db, *self.context_arguments(step.entity, self.operation.name), "query"]
        name = Identifier(self.operation.name)
        self.say(f"{Identifier(step.bind)} = await {self.repository(step.entity)}.{name}({', '.join(given)})")

    def check_references(self, db: str) -> None:
        """Every row that the body refers to has to be there for the caller."""
        found = references(self.operation)
        if not found:
            return
        self.imports |= imports(_RUNTIME, "FieldError", "Invalid")
        if len(found) == 1:
            error = f"FieldError({literal(found[0].wire)}, 'reference')"
            self.say(f"if {self.unreadable(found[0], db)}:\n    raise Invalid({error})")
            return
        self.say("unreadable = []")
        for field in found:
            error = f"FieldError({literal(field.wire)}, 'reference')"
            self.say(f"if {self.unreadable(field, db)}:\n    unreadable.append({error})")
        self.say("if unreadable:\n    raise Invalid(*unreadable)")

    def unreadable(self, field: InputField, db: str) -> str:
        """The condition under which a reference is refused."""
        assert isinstance(field.type, ReferenceType)
        entity = field.type.entity
        value = f"body.{Identifier(field.name)}"
        given = [db, *self.context_arguments(entity, "readable"), value]
        call = f"not await {self.repository(entity)}.readable({', '.join(given)})"
        assert self.operation.body is not None
        if self.operation.body.partial:
            self.imports |= UUID.imports
            return f"isinstance({value}, UUID) and {call}"
        return f"{value} is not None and {call}" if field.nullable else call

    def create(self, step: Create, number: int, db: str) -> None:
        entity = self.model.entity(step.entity)
        row, row_class = self.names.row(step.entity), self.row_class(step.entity)
        values = {assignment.field: assignment for assignment in step.values}
        judged = self.judgement(number, "candidate")
        if judged is not None and judged.outcome == "never":
            self.refuse(judged)
            return
        lines = []
        for field in entity.fields:
            if field.name == entity.key and field.name not in values:
                lines.append(f"{field.column}=ctx.new_id(),")
            else:
                lines.append(self.assigned(field, values[field.name], entity))
        listed = "\n".join(lines)
        self.say(f"{row} = {row_class}(\n{indented(listed)}\n)")
        self.judge(judged, row)
        code = f"await {self.repository(step.entity)}.insert({db}, {row})"
        self.say(self.may_conflict(code, [key for _, key in unique_keys(entity)]))

    def may_conflict(self, code: str, keys: list[list[Field]]) -> str:
        """A write, with the conflicts that it can answer."""
        if not keys:
            return code
        said = " or ".join(" and ".join(words(field.name) for field in key) for key in keys)
        verb = "are" if len(keys) == 1 and len(keys[0]) > 1 else "is"
        return remark(code, f"409 if the {said} {verb} taken", 8 if self.in_transaction() else 4)

    def assigned(self, field: Field, assignment: Assignment, entity: Entity) -> str:
        """One argument of a new row."""
        value = self.value(assignment.value, entity)
        if is_scalar(field.type, "password"):
            value = f"await ctx.passwords.hash({value})"
        said = f"  # set: {assignment.value.source}" if field.set is not None else ""
        return f"{Identifier(field.column)}={value},{said}"

    def value(self, formula: Formula, entity: Entity) -> str:
        """The Python of an assigned value."""
        meaning = formula.meaning
        if isinstance(meaning, Input):
            return self.input_value(meaning.source, meaning.name)
        if is_now(meaning):
            return "ctx.now"
        if is_caller(meaning):
            self.caller_used = True
            return f"caller.{self.model.entity(self.identity()).key}"
        self.caller_used |= mentions_caller(meaning)
        text, needed = compiled(
            meaning,
            self.model,
            entity.name,
            row=self.names.row(entity.name),
            known=signed_in(self.operation),
            now="ctx.now",
        )
        self.imports |= needed
        return text

    def update(self, step: Update, number: int, db: str) -> None:
        entity = self.model.entity(step.entity)
        before = self.judgement(number, "before")
        after = self.judgement(number, "after")
        row = self.bound(step.bind)
        if before is not None and before.outcome == "never":
            self.refuse(before)
            return
        proven = before is not None and before.outcome == "proven" and after is not None
        if proven and after is not None and before is not None and after.outcome == "proven":
            if not is_public(before.rule):
                self.note(f"{entity.name} update: {before.rule.source}; {before.reason}, and {after.reason}.")
        else:
            self.judge(before, row)
        changed = "changed" if after is not None and after.outcome == "judged" else row
        self.say(f"{changed} = {self.change(step, entity, row)}")
        if after is not None and after.outcome == "judged":
            self.judge(after, changed)
        self.current[step.bind] = changed
        written = [entity.field(name) for name in touched(step)]
        keys = [key for _, key in unique_keys(entity) if any(field in written for field in key)]
        self.say(self.may_conflict(f"await {self.repository(step.entity)}.save({db}, {changed})", keys))

    def change(self, step: Update, entity: Entity, row: str) -> str:
        """The row after the change: what the body says, and what the system sets."""
        copied = plain_changes(step, self.model)
        base = f"body.applied_to({row})" if copied else row
        extra = []
        for name in step.changes:
            field = entity.field(name)
            value = f"body.{field.name}"
            if is_scalar(field.type, "password"):
                self.hash_first(field)
                value = field.column
            if field not in copied:
                self.imports |= imports(_RUNTIME, "given")
                extra.append(f"{field.column}=given({value}, {row}.{field.column}),")
        extra += [self.assigned(entity.field(each.field), each, entity) for each in step.values]
        if not extra:
            return base
        self.imports |= imports("msgspec.structs", "replace")
        listed = "\n".join([f"{base},", *extra])
        return f"replace(\n{indented(listed)}\n)"

    def hash_first(self, field: Field) -> None:
        """Hashing takes long: it is done before anything is locked."""
        given = f"body.{Identifier(field.name)}"
        self.imports |= imports(_RUNTIME, "given") | UNSET.imports | UNSET_TYPE.imports
        self.before.append(
            f"{Identifier(field.column)}: str | UnsetType = UNSET\n"
            f"if isinstance({given}, str):\n    {field.column} = await ctx.passwords.hash({given})"
        )

    def delete(self, step: Delete, number: int, db: str) -> None:
        entity = self.model.entity(step.entity)
        row = self.bound(step.bind)
        judged = self.judgement(number, "before")
        if judged is not None and judged.outcome == "never":
            self.refuse(judged)
            return
        self.judge(judged, row)
        self.say(f"await {self.repository(step.entity)}.delete({db}, {row}.{entity.key})")

    def verify(self, step: VerifyPassword) -> None:
        row = self.bound(step.bind)
        given = self.value(step.given, self.model.entity(self.entity_of(step.bind)))
        hashed = self.model.entity(self.entity_of(step.bind)).field(step.field).column
        stored = f"{row}.{Identifier(hashed)} if {row} else None"
        code = f"{row} = await ctx.passwords.verified({row}, {stored}, {given})"
        self.say(remark(code, "401, as slow for nobody", 4))

    # Rules -------------------------------------------------------------------------------------------

    def judgement(self, number: int, moment: str) -> Judgement | None:
        """How the rule of a step is decided at this moment; None for trusted steps."""
        found = (each for each in self.judgements if each.step == number and each.moment == moment)
        return next(found, None)

    def judge(self, judgement: Judgement | None, row: str) -> None:
        """The check of a rule, or why there is none."""
        if judgement is None or is_public(judgement.rule):
            return
        text = f"{judgement.entity} {judgement.verb}: {judgement.rule.source}"
        if judgement.moment == "after":
            text = "it has to hold after the change, too"
        if judgement.outcome == "proven":
            self.note(f"{text}; {judgement.reason}.")
            return
        call = self.judging_call(judgement, row)
        self.imports |= imports(_RUNTIME, "Forbidden")
        self.say(remark(f"if not {call}:", text, 8 if self.in_transaction() else 4) + "\n    raise Forbidden")

    def judging_call(self, judgement: Judgement, row: str) -> str:
        """The call that judges a rule: of the row at hand, or of the database where it reaches further."""
        if judgement.by_statement:
            given = ["tx", *self.context_arguments(judgement.entity, judgement.function)]
            given += [row] if mentions_row(judgement.rule.condition) else []
            return f"await {self.repository(judgement.entity)}.{judgement.function}({', '.join(given)})"
        given = []
        if mentions_caller(judgement.rule.condition):
            given.append("caller")
            self.caller_used = True
        given += ["ctx.now"] if mentions_now(judgement.rule.condition) else []
        given += [row] if mentions_row(judgement.rule.condition) else []
        self.imports |= imports(self.names.package, "rules")
        return f"rules.{judgement.function}({', '.join(given)})"

    def refuse(self, judgement: Judgement) -> None:
        """A rule that nobody passes."""
        self.imports |= imports(_RUNTIME, "Forbidden")
        text = f"{judgement.entity} {judgement.verb}: {judgement.rule.source}"
        self.say(remark("raise Forbidden", text, 8 if self.in_transaction() else 4))
        self.refused = True


def context_type(model: Model, names: Names) -> Source:
    """The type of the first parameter of handlers and services."""
    if model.auth is None:
        return source("RequestContext[None]", imports(_RUNTIME, "RequestContext"))
    return source("Context", imports(f"{names.package}.callers", "Context"))
