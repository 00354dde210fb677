"""Writes `tests/conftest.py` and `tests/rows.py`: what the emitted tests run on, and rows to test with."""

from __future__ import annotations

from backwright.emit import sql
from backwright.emit.annotations import stored
from backwright.emit.examples import PASSWORD, fitting, text_within
from backwright.emit.names import Names, a, words
from backwright.emit.scenes import scalar, storable, store_name
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
from backwright.model.types import Entity, Field, Model, ReferenceType, ScalarType

_RUNTIME = "backwright_runtime"
_TESTING = "backwright_runtime.testing"


def conftest_module(model: Model, names: Names) -> str:
    """The service under test."""
    pieces = [constants(model), service_class(model, names), backend(), service_fixture(model, names)]
    about = "What the tests run on: the service, on an empty database of its own."
    return module(about, pieces, package=names.package)


def constants(model: Model) -> Source:
    """Where migrations are, what time it is, and how a database that is used again is emptied."""
    tables = ", ".join(sql.quoted(entity.table) for entity in model.entities)
    lines = ['MIGRATIONS = Path(__file__).parents[1] / "migrations"']
    needed = imports("pathlib", "Path")
    if model.auth is not None:
        lines.append("NOW = datetime(2030, 1, 1, tzinfo=UTC)")
        needed |= imports("datetime", "UTC", "datetime")
    if tables:
        lines.append(f"EMPTY = sql({literal(f'TRUNCATE {tables}')})  # PostgreSQL")
        needed |= imports(_RUNTIME, "sql")
    return source("\n".join(lines), needed)


def service_class(model: Model, names: Names) -> Source:
    """Requests to the service, by any caller."""
    auth = model.auth
    needed = imports(_RUNTIME, "Application") | imports("httpx", "AsyncClient", "Response")
    caller = ""
    signing = ""
    issue = ""
    if auth is not None:
        row_class = names.row_class(auth.identity)
        key = model.entity(auth.identity).key
        needed |= imports(f"{names.package}.entities", row_class) | imports(
            "backwright_runtime.tokens", "Tokens"
        )
        caller = f"        caller: {row_class} | None = None,\n"
        given = f"{literal(model.service.name)}, app.settings.token_keys, {auth.token_seconds}"
        issue = f"        self._tokens = Tokens({given})\n"
        signing = (
            "        headers = {}\n"
            "        if caller is not None:\n"
            f'            headers["Authorization"] = f"Bearer {{self._tokens.issue(caller.{key}, NOW)}}"\n'
        )
    given = "json=body, params=query, headers=headers" if auth else "json=body, params=query"
    text = (
        "class Service:\n"
        '    """The service under test: its database, and requests to it."""\n\n'
        "    def __init__(self, app: Application, http: AsyncClient) -> None:\n"
        "        self.db = app.database\n        self._http = http\n"
        f"{issue}\n"
        "    async def send(\n        self,\n        method: str,\n        path: str,\n"
        "        body: object = None,\n"
        f"        *,\n{caller}        query: dict[str, str] | None = None,\n"
        "    ) -> Response:\n"
        f'        """The answer to one request{", made by the caller" if auth else ""}."""\n'
        f"{signing}        return await self._http.request(method, path, {given})"
    )
    return source(text, needed)


def backend() -> Source:
    """The event loop that asynchronous tests run on."""
    text = (
        '@pytest.fixture\ndef anyio_backend() -> str:\n    """The event loop of asynchronous tests."""\n'
        '    return "asyncio"'
    )
    return source(text, imports("", "pytest"))


def service_fixture(model: Model, names: Names) -> Source:
    """The service on a migrated, empty database."""
    hashing = ", passwords=CHEAP_PASSWORDS" if model.auth else ""
    emptied = (
        '        if not url.startswith("sqlite"):\n            await app.database.execute(EMPTY)\n'
        if model.entities
        else ""
    )
    text = (
        "@pytest.fixture\n"
        "async def service(tmp_path: Path) -> AsyncIterator[Service]:\n"
        '    """The service on a SQLite file, or on the database of TEST_DATABASE_URL, which is emptied."""\n'
        '    url = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{tmp_path}/service.db"\n'
        "    await migrations.up(url, MIGRATIONS)\n"
        f"    app = create_app(settings_for(Settings, url), seam=ScriptedSeam(){hashing})\n"
        "    await app.startup()\n"
        "    try:\n"
        f"{emptied}"
        "        transport = ASGITransport(app=app, raise_app_exceptions=False)\n"
        '        async with AsyncClient(transport=transport, base_url="http://service") as http:\n'
        "            yield Service(app, http)\n"
        "    finally:\n"
        "        await app.shutdown()"
    )
    needed = (
        imports("collections.abc", "AsyncIterator")
        | imports("", "os", "pytest")
        | imports("pathlib", "Path")
        | imports("httpx", "ASGITransport", "AsyncClient")
        | imports(_RUNTIME, "migrations")
        | imports(_TESTING, "ScriptedSeam", "settings_for")
        | imports(f"{names.package}.app", "create_app")
        | imports(f"{names.package}.settings", "Settings")
    )
    if model.auth:
        needed |= imports(_TESTING, "CHEAP_PASSWORDS")
    return source(text, needed)


def rows_module(model: Model, names: Names) -> str:
    """Functions that store rows without the service's own code, and read them again."""
    pieces: list[Source] = []
    for entity in model.entities:
        if storable(model, entity.name):
            pieces += [*store(entity, names), *everything_stored(entity, names)]
    about = "Rows to test with. Arguments say what matters to a test; everything else is filled in."
    return module(about, pieces, package=names.package)


def store(entity: Entity, names: Names) -> list[Source]:
    """The function that stores a row."""
    row, row_class = names.row(entity.name), names.row_class(entity)
    if row in {field.column for field in entity.fields}:
        row = Identifier(f"{row}_row")
    function = Identifier(store_name(entity.name))
    parameters: list[tuple[bool, str]] = []
    needed: Imports = frozenset()
    values = []
    for field in entity.fields:
        kind = stored(field)
        needed |= kind.imports
        default = default_of(field, entity)
        needed |= default.imports
        optional = " | None" if field.name == entity.key else ""
        parameters.append(
            (bool(default.text), f"{field.column}: {kind}{optional}{' = ' if default.text else ''}{default}")
        )
        values.append(f"{field.column}={value_of(field, entity)}")
        needed |= value_imports(field, entity)
    listed = ",\n".join(
        ["db: Queries", "*", *(text for _, text in sorted(parameters, key=lambda each: each[0]))]
    )
    given = ", ".join(f"{field.column}={row}.{field.column}" for field in entity.fields)
    text = (
        f"async def {function}(\n{indented(listed)},\n) -> {row_class}:\n"
        f"    {docstring(f'{a(words(entity.name)).capitalize()} that is stored.', 4)}\n"
        f"    {row} = {row_class}({', '.join(values)})\n"
        f"    await db.execute({function.upper()}, {given})\n    return {row}"
    )
    statement = source(f"{function.upper()} = sql({sql_block(sql.insert(entity))})", imports(_RUNTIME, "sql"))
    needed |= imports(f"{names.package}.entities", row_class) | imports(_RUNTIME, "Queries")
    return [statement, source(text, needed)]


def default_of(field: Field, entity: Entity) -> Source:
    """What a column holds unless a test says otherwise; nothing for references that have to be given."""
    if field.name == entity.key:
        return source("None")
    if isinstance(field.type, ReferenceType):
        return source("None" if field.nullable else "")
    match scalar(field):
        case "password":
            return source(literal(text_within(PASSWORD, password(field))))
        case "timestamp":
            return source("datetime(2026, 3, 1, 12, tzinfo=UTC)", imports("datetime", "UTC", "datetime"))
        case "date":
            return source("date(2026, 3, 1)", imports("datetime", "date"))
        case "uuid":
            return source(f"UUID({str(fitting(field))!r})", imports("uuid", "UUID"))
        case _:
            return source(literal(fitting(field)))


def password(field: Field) -> ScalarType:
    """The type of a password field."""
    assert isinstance(field.type, ScalarType)
    return field.type


def value_of(field: Field, entity: Entity) -> str:
    """What is stored of an argument."""
    if field.name == entity.key:
        return f"{field.column} or uuid4()"
    if scalar(field) == "password":
        return f"await CHEAP_PASSWORDS.hash({field.column})"
    return field.column


def value_imports(field: Field, entity: Entity) -> Imports:
    """What `value_of` needs."""
    if field.name == entity.key:
        return imports("uuid", "uuid4")
    return imports(_TESTING, "CHEAP_PASSWORDS") if scalar(field) == "password" else frozenset()


def everything_stored(entity: Entity, names: Names) -> list[Source]:
    """The function that reads all rows."""
    row_class = names.row_class(entity)
    name = Identifier(f"all_{names.plurals[entity.name]}")
    key = sql.quoted(entity.field(entity.key).column)
    text = (
        f"SELECT {sql.column_list(sql.columns_of(entity), '       ')}\n"
        f"FROM {sql.quoted(entity.table)}\nORDER BY {key}"
    )
    statement = source(f"{name.upper()} = sql({sql_block(text)})", imports(_RUNTIME, "sql"))
    function = (
        f"async def {name}(db: Queries) -> list[{row_class}]:\n"
        f"    {docstring(f'Every stored {words(entity.name)}, by key.', 4)}\n"
        f"    return await db.fetch_all({row_class}, {name.upper()})"
    )
    needed = imports(f"{names.package}.entities", row_class) | imports(_RUNTIME, "Queries")
    return [statement, source(function, needed)]
