"""What names mean inside one service function, and the values of expressions there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from backwright.emit import secrets
from backwright.emit.annotations import of_expression
from backwright.emit.defaults import constant
from backwright.emit.defaults import python as python_constant
from backwright.emit.inputs import may_be_unset, query_attribute
from backwright.emit.judge import is_row
from backwright.emit.names import TAKEN_NAMES, attribute, snake
from backwright.emit.package import Package
from backwright.emit.pythonic import compiled
from backwright.emit.repositories import values
from backwright.emit.repositories.functions import Function
from backwright.emit.services.mentions import mentions, writes
from backwright.emit.source import Identifier, Imports, Source, imports, is_builtin, literal
from backwright.expr.fold import rebuilt
from backwright.expr.typed import Expression, Input, Linked, Member, Name
from backwright.expr.walk import is_local, mentions_caller, nodes
from backwright.model.types import (
    Create,
    Delete,
    Ensure,
    Entity,
    Failing,
    Find,
    Formula,
    InputField,
    ManyType,
    Operation,
    ScalarType,
    Select,
    ShowPage,
    ShowSession,
    SignIn,
    Step,
    Update,
    Upsert,
    VerifyPassword,
)
from backwright_runtime import arithmetic, sequences

_RUNTIME = "backwright_runtime"
RUNTIME_NAMES = frozenset(
    name for module in (arithmetic, sequences) for name in vars(module) if not name.startswith("_")
)
USED = RUNTIME_NAMES | frozenset(
    [
        "ctx",
        "query",
        "body",
        "caller",
        "tx",
        "db",
        "found",
        "given",
        "replace",
        "views",
        "rules",
        "audit",
        "removal",
        "access",
        "as_text",
        "to_decimal",
        "page",
        "boundary",
        "calls",
        "convert",
    ]
)
"""What handlers and services call their own things."""


class Scope:
    """The names of one operation's function. Everything that is printed collects its imports here."""

    def __init__(self, operation: Operation, package: Package) -> None:
        self.operation = operation
        self.package = package
        self.model = package.model
        self.names = package.names
        self.repositories = package.repositories
        self.signed_in = operation.caller == "required"
        self.imports: Imports = frozenset()
        self.caller_used = False
        self.statements = 0
        self.db = "ctx.db"
        self.writes = writes(operation)
        self.current: dict[str, str] = {}
        self.entities: dict[str, str] = {}
        self.pages: dict[str, Source] = {}
        self.verified: set[str] = set()
        self.records: dict[str, Source] = {}
        self.before: list[str] = []
        self.hashes: dict[str, tuple[str, str]] = {}
        self.absent: dict[str, tuple[str, str]] = {}
        self.links: Mapping[str, Callable[[], str]] = {}
        self.conditional = False
        self.done: list[Step] = []
        self._variables: set[str] = set()
        modules = {*map(str, (package.names.repository(e.name) for e in self.model.entities))}
        modules |= {str(self.names.function(operation))}
        self._taken = modules | RUNTIME_NAMES | set(TAKEN_NAMES) - {"token", "page", "changed", "row"}
        self._taken |= {str(parameter.name) for parameter in operation.path_parameters}

    # Names -------------------------------------------------------------------------------------------

    def variable(self, wanted: str, otherwise: str = "") -> Identifier:
        """A new local variable; `otherwise` is its name where the wanted one is taken."""
        name, number = wanted, 2
        if otherwise and (name in self._taken or name in self._variables):
            name = wanted = otherwise
        while name in self._taken or name in self._variables or is_builtin(name):
            name = (
                f"{wanted}_row"
                if number == 2 and f"{wanted}_row" not in self._variables
                else f"{wanted}_{number}"
            )
            number += 1
        self._variables.add(name)
        return Identifier(name)

    def ahead(self, wanted: str, code: str, meaning: Expression) -> str:
        """Code that takes its time, and is done before the transaction where it is about the request alone.

        What is returned stands for it until it is known whether there is one: see `settled`.
        """
        if self.conditional or any(isinstance(node, Name) for node in nodes(meaning)):
            return code
        mark = f"\0{wanted}{len(self.hashes)}\0"
        self.hashes[mark] = (wanted, code)
        return mark

    def settled(self, body: str, *, transaction: bool) -> str:
        """A body in which every mark of `ahead` is a variable (before a transaction), or the code itself."""
        for mark, (wanted, code) in self.hashes.items():
            if transaction:
                name = self.variable(wanted)
                self.before.append(f"{name} = {code}")
                body = body.replace(mark, name)
            else:
                body = body.replace(mark, code)
        return self._with_members(body)

    def _with_members(self, body: str) -> str:
        """A body in which what stands for a member that may be absent is the value, named where it is used again."""
        for mark, (wanted, code) in reversed(self.absent.items()):  # a default may speak of earlier members
            again = sum(text.count(mark) for text in (*self.before, body)) > 1
            value = self.variable(wanted) if again else code
            self.before = [line.replace(mark, value) for line in self.before]
            body = body.replace(mark, value)
            if again:
                self.before.insert(0, f"{value} = {code}")
        return body

    def bind(self, name: str, *, entity: str = "", otherwise: str = "") -> Identifier:
        """The variable of a binding: the same again where the binding is made again."""
        if name not in self.current:
            self.current[name] = self.variable(name, otherwise)
        if entity:
            self.entities[name] = entity
        return Identifier(self.current[name])

    def bound(self, name: str) -> Identifier:
        """The variable that holds a binding."""
        return Identifier(self.current[name])

    def entity_of(self, bind: str) -> Entity:
        """The entity of a binding's row or rows."""
        for step in self.operation.steps:
            match step:
                case Find() | Select() | Create() | Ensure() | Upsert() | Update() | Delete() if (
                    step.bind == bind
                ):
                    return self.model.entity(step.entity)
                case _:
                    pass
        raise KeyError(f"{self.operation.name}: {bind}")

    def mentions(self, name: str) -> bool:
        """Whether anything in the operation speaks of a binding."""
        return mentions(self.operation, name)

    def optional(self, bind: str) -> bool:
        """Whether a binding may be null."""
        for step in self.operation.steps:
            if getattr(step, "bind", None) == bind:
                if isinstance(step, Find) and self.verified_later(step):
                    return bind not in self.verified
                optional = isinstance(step, Find) and step.optional
                return optional or getattr(step, "when", None) is not None
        return False

    def verified_later(self, step: Find) -> bool:
        """Whether a password is verified of the row: then a missing one is told no sooner than a wrong one."""
        if step.error != "invalid_credentials" and (
            step.otherwise is None or step.otherwise.category != "invalid_credentials"
        ):
            return False
        return any(
            isinstance(each, VerifyPassword) and each.bind == step.bind for each in self.operation.steps
        )

    def shows_token(self, step: SignIn) -> bool:
        """Whether the token is in the answer, and not in a cookie alone."""
        show = self.operation.respond.show
        in_session = isinstance(show, ShowSession) and show.token == step.bind
        return in_session or self.mentions(step.bind)

    def page_name(self, step: Select) -> str:
        """What the function of a page is called."""
        pages = [each for each in self.operation.steps if isinstance(each, Select)]
        name = snake(self.operation.name)
        return name if len(pages) == 1 else f"{name}_{snake(step.bind)}"

    def needs_total(self, step: Select) -> bool:
        """Whether anybody wants to know how many rows there are without paging."""
        if mentions(self.operation, step.bind, "total"):
            return True
        show = self.operation.respond.show
        return isinstance(show, ShowPage) and show.bind == step.bind and step.paging.style == "offset"

    @property
    def key(self) -> str:
        """The attribute of the caller's key."""
        assert self.model.auth is not None
        identity = self.model.entity(self.model.auth.identity)
        return identity.field(identity.key).column

    # Values ------------------------------------------------------------------------------------------

    def python(self, expression: Expression, *, this: str = "", item: str = "item") -> str:
        """The Python of an expression that asks for no rows."""
        if mentions_caller(expression):
            self.caller_used = True
        roots = self.roots(this, item)

        def plain(node: Expression) -> str:
            return compiled(node, self.model, roots=roots, caller_known=self.signed_in).text

        known, names = secrets.opened(expression, self.model, "ctx.cipher", plain)
        text = compiled(
            known,
            self.model,
            roots={**roots, **names},
            caller_known=self.signed_in,
            inputs=self.input,
        )
        self.imports |= text.imports
        return text.text

    def roots(self, this: str, item: str) -> Mapping[str, str]:
        """Python for the roots of expressions."""
        found = {**self.current, "now": "ctx.now", "item": item}
        found |= {f"{bind}.rows": f"{self.current[bind]}.rows" for bind in self.pages if bind in self.current}
        if this:
            found["this"] = this
        return found

    def input(self, origin: str, name: str) -> str:
        """A value of the request."""
        if origin == "session":
            text = "token" if name == "token" else "expires_at"
            return f"ctx.presented().{text}" if self.signed_in else f"ctx.session_{text}"
        if origin == "params":
            if any(each.name == name for each in self.operation.path_parameters):
                return path_variable(name)
            field = next((each for each in self.operation.query if each.name == name), None)
            if field is None:  # what decides the page
                return f"query.{name}"
            text = f"query.{query_attribute(self.operation, name)}"
            if field.required or constant(field.default) is not None:
                return text
            return self.received(text, field)
        assert self.operation.body is not None
        for each in self.operation.body.fields:
            if each.name == name:
                unset = may_be_unset(each, partial=self.operation.body.partial)
                text = f"body.{attribute(name)}"
                return self.received(text, each) if unset else text
        return f"body.{attribute(name)}"

    def received(self, text: str, field: InputField) -> str:
        """A member as it is meant when it was not sent: its default, or null. See `settled`."""
        code = self._given(text, field)
        found = next((mark for mark, (_, known) in self.absent.items() if known == code), None)
        mark = found or f"__absent_{len(self.absent)}__"
        self.absent[mark] = attribute(field.name), code
        return mark

    def _given(self, text: str, field: InputField) -> str:
        self.imports |= imports(_RUNTIME, "given")
        if field.default is None or (self.operation.body is not None and self.operation.body.partial):
            return f"given({text}, None)"
        fixed = constant(field.default)
        if fixed is None:
            return f"given({text}, {self.python(field.default.meaning)})"
        default = python_constant(fixed, field.type)
        self.imports |= default.imports
        return f"given({text}, {default})"

    def sent(self, name: str) -> str:
        """Whether a member of the body was sent."""
        self.imports |= imports("msgspec", "UNSET")
        return f"body.{attribute(name)} is not UNSET"

    def value(self, formula: Formula, wanted: str, *, this: str = "", item: str = "item") -> str:
        """The Python of any expression: where it asks for rows, the database computes it."""
        if is_local(formula.meaning):
            return self.python(formula.meaning, this=this, item=item)
        asked = msgspec.structs.replace(formula, meaning=_at_hand(formula.meaning)) if this else formula
        function = values.value(
            asked, f"{self.operation.name}_{wanted}", self.repositories, signed_in=self.signed_in
        )
        found = self.call(function, this=this, item=item)
        secret = secrets.answered(formula.meaning, self.model)
        return found if secret is None else secrets.decrypted(found, secret, self.model, "ctx.cipher")

    def call(self, function: Function, *given: str, this: str = "", item: str = "item") -> str:
        """The call of a repository's function."""
        self.statements += 1
        self.imports |= imports(f"{self.names.package}.repositories", function.module)
        arguments = [self.db]
        for each in function.context:
            self.caller_used |= each == "caller"
            arguments.append("ctx.now" if each == "now" else "caller")
        arguments += given
        for _, supplier in function.values:
            if isinstance(supplier, Linked) and is_row(supplier.of) and supplier.field in self.links:
                arguments.append(self.links[supplier.field]())
                continue
            text = self.python(supplier, this=this, item=item)
            if isinstance(supplier, Name) and supplier.type.kind == "rows":
                entity = self.model.entity(supplier.type.entity or "")
                parts = ", ".join(f"each.{entity.field(key).column}" for key in entity.keys)
                text = f"[{f'({parts})' if entity.composite else parts} for each in {text}]"
            arguments.append(text)
        return f"await {function.module}.{function.name}({', '.join(arguments)})"

    def annotation(self, expression: Expression) -> Source:
        """The type of a value."""
        return of_expression(expression.type, self.model)

    # Failures ----------------------------------------------------------------------------------------

    def failure(self, failing: Failing) -> str:
        """The exception that answers in the author's words."""
        name = failure_class(failing.category)
        self.imports |= imports(_RUNTIME, name)
        said = [f"code={literal(failing.code)}"] if failing.code != failing.category or failing.field else []
        said += [f"message={literal(failing.message)}"] if failing.message is not None else []
        said += [f"field={literal(failing.field)}"] if failing.field is not None else []
        return f"{name}({', '.join(said)})" if said else name

    def row_class(self, entity: str) -> str:
        """The class of an entity's rows."""
        name = self.names.row_class(entity)
        self.imports |= imports(f"{self.names.package}.entities", name)
        return name

    def hashed(self, value: str, field_type: object) -> str:
        """A value as it is stored: passwords are hashed."""
        if isinstance(field_type, ScalarType) and field_type.scalar == "password":
            return f"await ctx.passwords.hash({value})"
        return value


def failure_class(category: str) -> str:
    """`not_found` is answered by raising NotFound."""
    return "".join(part.title() for part in category.split("_"))


def path_variable(name: str) -> Identifier:
    """The parameter of a handler that holds a value of the path."""
    hides = is_builtin(name) and name != "id"  # which nothing that is emitted asks for
    return Identifier(f"{name}_" if name in USED or hides else name)


def is_many(field_type: object) -> bool:
    """Whether a field lists rows by links."""
    return isinstance(field_type, ManyType)


def negated(text: str, expression: Expression) -> str:
    """`not …` as Python says it."""
    return f"not {text}" if isinstance(expression, Name | Member | Input) else f"not ({text})"


def _at_hand(expression: Expression) -> Expression:
    """What is about a row, as being about a binding: the row is in the service's hands, not in the statement."""

    def bound(node: Expression) -> Expression:
        at_hand = isinstance(node, Name) and node.root == "this"
        return Name(type=node.type, root="binding", binding="this") if at_hand else node

    return rebuilt(expression, bound)
