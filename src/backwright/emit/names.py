"""What things are called in the emitted package: one word per concept, taken from the specification.

Where a specification's name would hide one that the emitted modules import, a suffix tells them apart.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator

import msgspec

from backwright.emit.source import Identifier, is_builtin
from backwright.model.types import (
    Create,
    Entity,
    InputField,
    ListType,
    Model,
    Operation,
    RecordType,
)

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
        "EMAIL_ADDRESS",
        "Value",
        "TokenKey",
        "SettingsError",
        "ServiceError",
        "Moment",
        "DatabaseUnavailable",
        "SYSTEM",
        "ARGON2ID",
        "FOLDED",
        "WORD",
        "FromFile",
        "Json",
        "Media",
        "Pattern",
        "Scale",
        "Decimal",
        "UTC",
        "NumberedQuery",
        "OffsetQuery",
        "KeysetQuery",
        "Keyset",
        "Page",
        "Queries",
        "NotFound",
        "Forbidden",
        "Conflict",
        "Invalid",
        "Unauthenticated",
        "InvalidCredentials",
        "Malformed",
        "MethodNotAllowed",
        "Gone",
        "PreconditionFailed",
        "PreconditionRequired",
        "PayloadTooLarge",
        "UnsupportedMediaType",
        "TooManyRequests",
        "Internal",
        "Unavailable",
        "ErrorAnswer",
        "ErrorAnswers",
        "ErrorWords",
        "FieldError",
        "PageMeta",
        "Rate",
        "Cache",
        "Cookie",
        "Deprecation",
        "Auth",
        "Cipher",
        "EncryptionKey",
        "Sequence",
        "Mapping",
        "Iterable",
        "Callable",
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
        "Logic",
        "NotWritten",
        "Runner",
    ]
)
# Local names of emitted functions; modules and row variables of the same name get a suffix.
TAKEN_NAMES = frozenset(
    [
        "boundary",
        "calls",
        "convert",
        "ctx",
        "suffixed",
        "slug",
        "html",
        "found",
        "file",
        "csv",
        "decimal_text",
        "base64_text",
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


# What modules of services and routes import or call besides modules of the project and classes.
USED_BY_MODULES = frozenset(
    [
        "access",
        "add",
        "answer",
        "audit",
        "boundary",
        "calls",
        "convert",
        "created",
        "csv",
        "date",
        "datetime",
        "day_of",
        "file",
        "found",
        "given",
        "grouped",
        "html",
        "less",
        "lower_ascii",
        "no_content",
        "ok",
        "quote",
        "removal",
        "replace",
        "router",
        "rules",
        "subtract",
        "text",
        "timedelta",
        "timestamp",
        "to_decimal",
        "trimmed",
        "value_or",
        "views",
        "written",
        "as_text",
        "plain",
        "all",
        "any",
        "bool",
        "bytes",
        "dict",
        "enumerate",
        "float",
        "id",
        "int",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
        "next",
        "object",
        "range",
        "set",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "zip",
    ]
)


class Names(msgspec.Struct, frozen=True):
    """The names of one model's entities and operations.

    Classes of rows, views, bodies and queries are named apart from each other, so that any module can import
    any of them. `taken` are all of them: whoever names more classes names them apart with `free_class`.
    """

    package: str
    plurals: dict[str, str]
    sessions: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    classes: dict[tuple[str, str], Identifier] = {}
    functions: frozenset[str] = frozenset()

    def row_class(self, entity: Entity | str) -> Identifier:
        """The struct of a row: `Book`."""
        return self.classes["row", entity if isinstance(entity, str) else entity.name]

    def view_class(self, view: str) -> Identifier:
        """The struct of a view: `BookView`."""
        return self.classes["view", view]

    def row(self, entity: str) -> Identifier:
        """The variable that holds a row: `book`."""
        name = snake(entity)
        if name in self.plurals.values() or name in TAKEN_NAMES or is_builtin(name):
            return Identifier(f"{name}_row")
        return Identifier(name)

    def repository(self, entity: str) -> Identifier:
        """The module of an entity's statements: `books`; `book_rows` where an operation is called like that.

        Services import it, and a function of that name would stand in its place.
        """
        name = module_name(self.plurals[entity])
        return module_name(f"{snake(entity)}_rows") if name in self.functions else name

    def function(self, operation: Operation) -> Identifier:
        """The function of an operation, in services and routes: named like it, unless the modules need that name."""
        return function_name(operation.name)

    def input_class(self, operation: Operation) -> Identifier:
        """The struct of an operation's body: `CreateBook`."""
        return self.classes["body", operation.name]

    def query_class(self, operation: Operation) -> Identifier:
        """The struct of an operation's query parameters: `ListBooks`."""
        return self.classes["query", operation.name]

    def record_class(self, operation: Operation, place: str) -> Identifier:
        """The struct of an object in an operation's body, by its place: `PickGoodsLine` at `lines[]`."""
        return self.classes["record", f"{operation.name}.{place}"]

    @property
    def taken(self) -> frozenset[str]:
        """Every class that the emitted modules define or import."""
        return TAKEN_CLASSES | frozenset(map(str, self.classes.values()))


def names(model: Model) -> Names:
    """The names of a model."""
    plurals = {entity.name: entity.plural for entity in model.entities}
    tags = frozenset(module_name(operation.tag) for operation in model.operations)
    functions = frozenset(function_name(operation.name) for operation in model.operations)
    return Names(
        package=model.service.package,
        plurals=plurals,
        tags=tags,
        classes=classes(model),
        functions=functions,
    )


def function_name(operation: str) -> Identifier:
    """What the function of an operation of that name is called."""
    return Identifier(f"{operation}_" if operation in USED_BY_MODULES else operation)


def classes(model: Model) -> dict[tuple[str, str], Identifier]:
    """The class of every row, view, body, query and object in a body, all unlike each other."""
    found: dict[tuple[str, str], Identifier] = {}
    taken = set(TAKEN_CLASSES)

    def name(kind: str, of: str, wanted: str, otherwise: str) -> None:
        found[kind, of] = free_class(wanted if wanted not in taken else otherwise, taken)
        taken.add(found[kind, of])

    for entity in model.entities:
        name("row", entity.name, pascal(entity.name), f"{pascal(entity.name)}Row")
    for view in model.views:
        name("view", view.name, f"{pascal(view.name)}View", f"{pascal(view.name)}View")
    for operation in model.operations:
        wanted = pascal(operation.name)
        if operation.body is not None:
            name("body", operation.name, wanted, f"{wanted}Body")
            name("query", operation.name, f"{wanted}Query", f"{wanted}Query")
            for place, of in records(operation.body.fields):
                name("record", f"{operation.name}.{place}", f"{wanted}{of}", f"{wanted}{of}Member")
        else:
            name("query", operation.name, wanted, f"{wanted}Query")
    return found


def records(fields: Iterable[InputField], around: str = "") -> Iterator[tuple[str, str]]:
    """The objects among the members of a body: the place of each, and how its class is called there."""
    for field in fields:
        kind, place, of = field.type, f"{around}{field.name}", pascal(field.name)
        if isinstance(kind, ListType):
            kind, place, of = kind.element, f"{place}[]", pascal(singular(field.name))
        if isinstance(kind, RecordType):
            yield place, of
            for inner, name in records(kind.members, f"{place}."):
                yield inner, f"{of}{name}"


def singular(plural: str) -> str:
    """One of many, where that is easily told: `lines` as `line`, `entries` as `entry`."""
    if plural.endswith(("ss", "us", "is", "series", "species")):
        return plural
    if plural.endswith("ies") and not plural.endswith(("movies", "cookies")):
        return f"{plural[:-3]}y"
    return plural.removesuffix("s")


def free_class(wanted: str, taken: Iterable[str]) -> Identifier:
    """A class name that is not taken: the wanted one, else with a number behind it."""
    known, number, free = set(taken), 2, wanted
    while free in known:
        free, number = f"{wanted}{number}", number + 1
    return Identifier(free)


def attribute(name: str) -> Identifier:
    """The member of a struct for a value of that name: its own but for the keywords of Python, `from_`."""
    return Identifier(f"{name}_" if keyword.iskeyword(name) else name)


def variable(name: str) -> Identifier:
    """A local variable for a value of that name, apart from built-ins and from what emitted functions use."""
    plain = snake(name)
    return Identifier(f"{plain}_" if plain in TAKEN_NAMES or is_builtin(plain) else plain)


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


def creates(operation: Operation) -> Create | None:
    """The first row that an operation makes, if any."""
    return next((step for step in operation.steps if isinstance(step, Create)), None)
