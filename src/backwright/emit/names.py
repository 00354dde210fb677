"""What things are called in the emitted package: one word per concept, taken from the specification.

Where a specification's name would hide one that the emitted modules import, a suffix tells them apart.
"""

from __future__ import annotations

import re

import msgspec

from backwright.emit.source import Identifier, is_builtin
from backwright.model.types import Auth, Create, Entity, Model, Operation

# Names that emitted modules import or define; an entity of the same name becomes `<name>Row`.
TAKEN_CLASSES = frozenset(
    [
        "UUID",
        "Annotated",
        "Literal",
        "Path",
        "Any",
        "Meta",
        "Struct",
        "UnsetType",
        "UNSET",
        "Email",
        "Integer",
        "Text",
        "KeysetQuery",
        "Keyset",
        "Page",
        "Queries",
        "NotFound",
        "Forbidden",
        "Conflict",
        "Invalid",
        "Unauthenticated",
        "FieldError",
        "UniqueViolation",
        "Response",
        "Router",
        "RequestContext",
        "Caller",
        "Context",
        "Settings",
        "RuntimeSettings",
        "Application",
        "Passwords",
        "Seam",
        "Session",
        "Database",
        "Statement",
        "None",
        "True",
        "False",
        "ForeignKeyViolation",
        "Client",
        "Service",
        "Key",
        "Taken",
    ]
)
# Local names of emitted functions; modules and row variables of the same name get a suffix.
TAKEN_NAMES = frozenset(
    [
        "ctx",
        "body",
        "query",
        "tx",
        "db",
        "id",
        "caller",
        "token",
        "page",
        "rules",
        "router",
        "routes",
        "services",
        "repositories",
        "sql",
        "given",
        "timestamp",
        "replace",
        "date",
        "datetime",
        "ok",
        "created",
        "no_content",
        "identify",
        "settings",
        "seam",
        "passwords",
        "create_app",
        "openapi",
        "rows",
        "violation",
        "logic",
        "entities",
        "inputs",
        "views",
        "callers",
        "app",
        "self",
        "changed",
        "field",
        "unreadable",
        "tests",
        "conftest",
        "client",
        "database",
        "service",
        "pytest",
        "select",
        "update",
        "insert",
        "delete",
        "find",
        "save",
        "subject",
        "text",
        "integer",
        "stored",
        "given_id",
        "taken",
        "data",
        "answer",
        "row",
        "error",
        "cursor",
        "value",
        "code",
    ]
)


class Names(msgspec.Struct, frozen=True):
    """The names of one model's entities and operations."""

    package: str
    plurals: dict[str, str]
    sessions: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()

    def row_class(self, entity: Entity | str) -> Identifier:
        """The struct of a row: `Book`."""
        name = pascal(entity if isinstance(entity, str) else entity.name)
        return Identifier(f"{name}Row" if name in TAKEN_CLASSES else name)

    def view_class(self, view: str) -> Identifier:
        """The struct of a view: `BookView`."""
        return Identifier(f"{pascal(view)}View")

    def view_function(self, view: str) -> Identifier:
        """The function that makes a view of a row: `book_view`."""
        return Identifier(f"{snake(view)}_view")

    def row(self, entity: str) -> Identifier:
        """The variable that holds a row: `book`."""
        name = snake(entity)
        modules = {*self.plurals.values(), *self.tags}
        if name in modules or name in TAKEN_NAMES or is_builtin(name):
            return Identifier(f"{name}_row")
        return Identifier(name)

    def repository(self, entity: str) -> Identifier:
        """The module of an entity's statements: `books`."""
        return module_name(self.plurals[entity])

    def input_class(self, operation: Operation) -> Identifier:
        """The struct of an operation's body: `CreateBook`."""
        name = pascal(operation.name)
        rows = {str(self.row_class(entity)) for entity in self.plurals}
        clashes = name in rows or name in TAKEN_CLASSES
        return Identifier(f"{name}Body" if clashes else name)

    def query_class(self, operation: Operation) -> Identifier:
        """The struct of an operation's query parameters: `ListBooks`."""
        name = self.input_class(operation)
        return Identifier(f"{name}Query" if operation.body is not None else name)


def names(model: Model) -> Names:
    """The names of a model."""
    plurals = {entity.name: entity.plural for entity in model.entities}
    tags = frozenset(module_name(operation.tag) for operation in model.operations)
    return Names(package=model.service.package, plurals=plurals, tags=tags)


def module_name(text: str) -> Identifier:
    """A module's name for a path segment or a plural: `book-shelves` becomes `book_shelves`."""
    name = snake(re.sub(r"[^A-Za-z0-9_]+", "_", text)).strip("_") or "root"
    if name[0].isdigit():
        name = f"tag_{name}"
    return Identifier(f"{name}_" if name in TAKEN_NAMES or is_builtin(name) else name)


def pascal(name: str) -> str:
    """`create_book` as `CreateBook`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_") if part)


def snake(name: str) -> str:
    """`BookShelf` as `book_shelf`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


def words(name: str) -> str:
    """A name in prose: `BookShelf` as `book shelf`."""
    return snake(name).replace("_", " ")


def a(noun: str) -> str:
    """A noun with its article: `an apple`. The letter u reads as in `user`."""
    return f"an {noun}" if noun[:1] in "aeio" else f"a {noun}"


def identity_name(auth: Auth) -> str:
    """Prose for who callers are."""
    return words(auth.identity)


def creates(operation: Operation) -> Create | None:
    """The first row that an operation makes, if any."""
    return next((step for step in operation.steps if isinstance(step, Create)), None)
