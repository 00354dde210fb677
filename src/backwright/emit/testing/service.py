"""Writes `tests/conftest.py`: the service under test, on an empty database, and requests to it by any caller."""

from __future__ import annotations

import re
import textwrap

from backwright.emit import sql
from backwright.emit.names import Names
from backwright.emit.services.mentions import WRITING
from backwright.emit.source import (
    NO_IMPORTS,
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
from backwright.emit.testing.values import PASSWORD
from backwright.model.environment import variables
from backwright.model.storage import link_table
from backwright.model.types import Find, Group, ManyType, Model, Operation, Select
from backwright.reference.calling import outputs

_RUNTIME = "backwright_runtime"
_TESTING = "backwright_runtime.testing"
JWT = r"eyJ[\w-]+\.eyJ[\w-]+\."
RUNTIME_TABLES = ("backwright_revoked_token", "backwright_idempotent_answer")


def conftest_module(model: Model, names: Names) -> str:
    """The service under test."""
    pieces = [
        constants(model),
        service_class(model, names),
        *fields_of(model),
        backend(),
        migrated(),
        fixture(model, names),
    ]
    about = "What the tests run on: the service, on an empty database of its own."
    return module(about, pieces, package=names.package)


def has_encrypted(model: Model) -> bool:
    """Whether anything is stored encrypted."""
    return any(field.encrypted for entity in model.entities for field in entity.fields)


def constants(model: Model) -> Source:
    """Where migrations are, what time it is, and how a database that is used again is emptied."""
    tables = [entity.table for entity in model.entities]
    tables += [
        link_table(entity, field.name)
        for entity in model.entities
        for field in entity.fields
        if isinstance(field.type, ManyType)
    ]
    lines = ['MIGRATIONS = Path(__file__).parents[1] / "migrations"']
    needed = imports("pathlib", "Path")
    if model.auth is not None:
        lines.append("NOW = datetime(2030, 1, 1, tzinfo=UTC)  # as the scripted seam says")
        needed |= imports("datetime", "UTC", "datetime") | imports("", "re")
        lines.append("# Access tokens, and the passwords of tests: neither may be logged.")
        lines.append(f'SECRET = re.compile(r"{JWT}|{PASSWORD}")')
    if has_encrypted(model):
        lines.append(
            'ENCRYPTION_KEYS = (EncryptionKey("test", "not a secret either, and just as long as it has to be"),)'
        )
        needed |= imports(_RUNTIME, "EncryptionKey")
    if model.logic:
        usual = {
            logic.name: {"outcomes": [{"output": outputs(logic)[0].output}], "deciding": []}
            for logic in model.logic
        }
        lines.append(
            f"USUAL: dict[str, Any] = {usual!r}  # what custom logic says, unless a test says otherwise"
        )
        needed |= imports("typing", "Any")
    if tables:
        listed = ", ".join(map(sql.quoted, [*tables, *RUNTIME_TABLES]))
        statement = "\n".join(
            textwrap.wrap(f"TRUNCATE {listed} RESTART IDENTITY", 88, subsequent_indent="    ")
        )
        lines.append(f"EMPTY = sql({sql_block(statement)})  # PostgreSQL")
        needed |= imports(_RUNTIME, "sql")
    together = [f"{each.method} {each.path}" for each in model.operations if is_together(each)]
    if together:
        lines.append("# What takes several steps: none of its writes may stay where a later step fails.")
        listed = indented("\n".join(f"{literal(_any_path(each))}," for each in together))
        lines.append(f'TOGETHER = re.compile("|".join([\n{listed}\n]))')
        needed |= imports("", "re")
    return source("\n".join(lines), needed)


def is_together(operation: Operation) -> bool:
    """Whether an operation writes, and has looked for a row or written another one before."""
    rows = [step for step in operation.steps if isinstance(step, (Find, Select, Group, *WRITING))]
    return len(rows) > 1 and any(isinstance(step, WRITING) for step in rows[1:])


def _any_path(address: str) -> str:
    """A pattern that fits the requests of an operation."""
    return re.sub(r"\{\w+\}", "[^/]+", address.replace(".", "[.]"))


class _Needs:
    """What requests to a service can hold, so that nothing is written that no test uses."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        bodies = [operation.body for operation in operations if operation.body is not None]
        self.json = any(body.media == "json" for body in bodies)
        self.form = any(body.media != "json" for body in bodies)
        self.files = any(body.media == "multipart" for body in bodies)
        self.content = bool(bodies)
        asked = any(o.if_match != "no" or o.idempotent != "no" or o.caller != "none" for o in operations)
        self.headers = bool(bodies) or asked


def service_class(model: Model, names: Names) -> Source:
    """Requests to the service, by any caller."""
    needs = _Needs(model.operations)
    parameters, passed = _parameters(model, names, needs)
    more = ", **(headers or {})" if needs.headers else ""
    needed = imports(_RUNTIME, "Application") | imports("httpx", "AsyncClient", "Response")
    needed |= parameters.imports
    logic = ", logic: ScriptedLogic" if model.logic else ""
    kept = "        self.logic = logic\n" if model.logic else ""
    needed |= imports(_TESTING, "ScriptedLogic") if model.logic else NO_IMPORTS
    together = any(map(is_together, model.operations))
    watched = "        self._watched = app.database = Watched(app.database)\n" if together else ""
    needed |= imports(_TESTING, "Watched") if together else NO_IMPORTS
    text = (
        "class Service:\n"
        '    """The service under test: its database, and requests to it."""\n\n'
        f"    def __init__(self, app: Application, http: AsyncClient{logic}) -> None:\n"
        "        self.app = app\n        self.db = app.database\n"
        "        self._http = http\n        self._requests = 0\n"
        f"{watched}"
        f"{kept}"
        f"{_sessions(model)}\n"
        "    async def send(\n        self,\n        method: str,\n        path: str,\n"
        f"{parameters.text}    ) -> Response:\n"
        f'        """The answer to one request{", made by the caller" if model.auth else ""}."""\n'
        "        self._requests += 1\n"
        f'        sent = {{"X-Request-Id": f"test-{{self._requests}}"{more}}}\n'
        f"{_proof(model)}"
        f"{_answer(passed, together)}"
    )
    methods = _methods(model, names)
    return source(f"{text}\n\n{indented(methods.text)}" if methods.text else text, needed, methods)


def _answer(passed: str, together: bool) -> str:
    asked = f"await self._http.request(method, path, {passed}, headers=sent)"
    if not together:
        return f"        return {asked}"
    return (
        "        self._watched.beside.clear()\n"
        f"        answer = {asked}\n"
        '        if TOGETHER.fullmatch(f"{method} {path}"):\n'
        '            assert not self._watched.beside, "written beside the transaction of the other steps"\n'
        "        return answer"
    )


def _parameters(model: Model, names: Names, needs: _Needs) -> tuple[Source, str]:
    """The parameters of `send` and what is passed on."""
    lines = ["        body: object = None,\n"] if needs.json else []
    lines.append("        *,\n")
    needed: Imports = NO_IMPORTS
    passed = ["json=body"] if needs.json else []
    if needs.form:
        lines.append("        form: dict[str, Any] | None = None,\n")
        passed.append("data=form")
        needed |= imports("typing", "Any")
    if needs.files:
        lines.append("        files: dict[str, tuple[str, bytes, str]] | None = None,\n")
        passed.append("files=files")
    if needs.content:
        lines.append("        content: bytes | None = None,\n")
        passed.append("content=content")
    if model.auth is not None:
        row_class = names.row_class(model.auth.identity)
        lines.append(f"        caller: {row_class} | None = None,\n")
        needed |= imports(f"{names.package}.entities", row_class)
    lines.append("        query: Mapping[str, str | list[str]] | None = None,\n")
    passed.append("params=query")
    needed |= imports("collections.abc", "Mapping")
    if needs.headers:
        lines.append("        headers: dict[str, str] | None = None,\n")
    if model.auth is not None and model.auth.cookie is not None:
        lines.append("        csrf: bool = True,\n")
    return source("".join(lines), needed), ", ".join(passed)


def _sessions(model: Model) -> str:
    if model.auth is None:
        return ""
    given = f"{literal(model.service.name)}, app.settings.token_keys, {model.auth.token_seconds}"
    return f"        self._tokens = Tokens({given})\n        self._sessions: dict[object, Session] = {{}}\n"


def _proof(model: Model) -> str:
    """The headers that say who is calling."""
    auth = model.auth
    if auth is None:
        return ""
    if auth.cookie is None:
        return (
            "        if caller is not None:\n"
            f'            sent["Authorization"] = f"{auth.scheme} {{self.token(caller)}}"\n'
        )
    return (
        "        if caller is not None:\n"
        f'            sent["Cookie"] = f"{auth.cookie}={{self.token(caller)}}"\n'
        '        if caller is not None and csrf and method != "GET":\n'
        '            sent["X-CSRF-Token"] = self.csrf(caller)\n'
        "        self._http.cookies.clear()\n"
    )


def _methods(model: Model, names: Names) -> Source:
    """Who is signed in."""
    auth = model.auth
    if auth is None:
        return Source("")
    row_class = names.row_class(auth.identity)
    entity = model.entity(auth.identity)
    key = entity.field(entity.key).column
    csrf = "" if auth.cookie is None else ", with_csrf=True"
    proof = (
        f"def csrf(self, caller: {row_class}) -> str:\n"
        '    """What proves that a page of the service sends a request of the caller."""\n'
        '    return self._session(caller).csrf or ""\n\n'
    )
    text = (
        f"def token(self, caller: {row_class}) -> str:\n"
        '    """The access token of a caller, who is signed in by now."""\n'
        "    return self._session(caller).token\n\n"
        "def subject(self, token: str) -> str | None:\n"
        '    """Whose access token it is: the key as text."""\n'
        "    session = self._tokens.session(token, NOW)\n"
        "    return None if session is None else session.subject\n\n"
        f"{proof if auth.cookie is not None else ''}"
        f"def _session(self, caller: {row_class}) -> Session:\n"
        f"    if caller.{key} not in self._sessions:\n"
        f"        self._sessions[caller.{key}] = self._tokens.begin(caller.{key}, NOW{csrf})\n"
        f"    return self._sessions[caller.{key}]"
    )
    needed = imports("backwright_runtime.tokens", "Session", "Tokens")
    return source(text, needed | imports(f"{names.package}.entities", row_class))


def fields_of(model: Model) -> list[Source]:
    """What reads the bad fields of an error, where errors look as usual."""
    if any(each.body is not None and each.category in ("*", "invalid") for each in model.service.answers):
        return []
    text = (
        "def fields(answer: Response) -> list[tuple[str, str]]:\n"
        '    """The fields that an error names, and what is wrong with each."""\n'
        '    return [(each["field"], each["code"]) for each in answer.json()["error"]["fields"]]'
    )
    return [source(text, imports("httpx", "Response"))]


def backend() -> Source:
    """The event loop that asynchronous tests run on."""
    text = (
        '@pytest.fixture\ndef anyio_backend() -> str:\n    """The event loop of asynchronous tests."""\n'
        '    return "asyncio"'
    )
    return source(text, imports("", "pytest"))


def migrated() -> Source:
    """An empty database that is made once: migrations would be most of the time of the tests."""
    text = (
        '@pytest.fixture(scope="session")\n'
        "def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:\n"
        '    """A migrated SQLite file; every test gets a copy of it."""\n'
        '    path = tmp_path_factory.mktemp("migrated") / "service.db"\n'
        '    asyncio.run(migrations.up(f"sqlite:///{path}", MIGRATIONS))\n'
        "    return path"
    )
    needed = imports("", "asyncio", "pytest") | imports("pathlib", "Path")
    return source(text, needed | imports(_RUNTIME, "migrations"))


def fixture(model: Model, names: Names) -> Source:
    """The service on a migrated, empty database."""
    hashing = ", passwords=CHEAP_PASSWORDS" if model.auth else ""
    hashing += ", logic=logic" if model.logic else ""
    scripted = "    logic = ScriptedLogic(USUAL)\n" if model.logic else ""
    emptied = (
        '        if not url.startswith("sqlite"):\n            await app.database.execute(EMPTY)\n'
        if model.entities
        else ""
    )
    settings = "settings_for(Settings, url)"
    needed = (
        imports("collections.abc", "AsyncIterator")
        | imports("", "os", "pytest")
        | imports("pathlib", "Path")
        | imports("httpx", "ASGITransport", "AsyncClient")
        | imports("shutil", "copy")
        | imports(_RUNTIME, "migrations")
        | imports(_TESTING, "ScriptedSeam", "settings_for")
        | imports(f"{names.package}.app", "create_app")
        | imports(f"{names.package}.settings", "Settings")
    )
    own = variables(model.settings, model.integrations)
    demanded = any(each.default is None for each in own)
    if has_encrypted(model):
        settings = (
            'Settings(database_url=url, token_keys=(TokenKey("test", "not a secret, and long enough to sign with"),), '
            f"encryption_keys=ENCRYPTION_KEYS, pool_size=4{', **stand_ins(Settings)' if demanded else ''})"
        )
        needed = needed - imports(_TESTING, "settings_for") | imports(_RUNTIME, "TokenKey")
        needed |= imports(_TESTING, "stand_ins") if demanded else frozenset()
    if model.auth:
        needed |= imports(_TESTING, "CHEAP_PASSWORDS")
    if model.logic:
        needed |= imports(_TESTING, "ScriptedLogic")
    arguments, watched, looked = "tmp_path: Path, migrated: Path", "", ""
    about = "The service on a SQLite file, or on the database of TEST_DATABASE_URL, which is emptied."
    if model.auth:
        arguments += ", caplog: pytest.LogCaptureFixture"
        about = f"{about} No secret may be logged, whatever a test does."
        watched = '    caplog.set_level("DEBUG")\n'
        looked = (
            '\n    logged = "".join(each.getMessage() for each in caplog.get_records("call"))\n'
            '    assert not SECRET.search(logged), "a password or a token was logged"'
        )
    text = (
        "@pytest.fixture\n"
        f"async def service({arguments}) -> AsyncIterator[Service]:\n"
        f"    {docstring(about, 4)}\n"
        '    url = os.environ.get("TEST_DATABASE_URL")\n'
        "    if url:\n        await migrations.up(url, MIGRATIONS)\n"
        '    else:\n        url = f"sqlite:///{copy(migrated, tmp_path)}"\n'
        f"{watched}{scripted}"
        f"    app = create_app({settings}, seam=ScriptedSeam(){hashing})\n"
        "    await app.startup()\n"
        "    try:\n"
        f"{emptied}"
        "        transport = ASGITransport(app=app, raise_app_exceptions=False)\n"
        '        async with AsyncClient(transport=transport, base_url="https://service") as http:\n'
        f"            yield Service(app, http{', logic' if model.logic else ''})\n"
        "    finally:\n"
        f"        await app.shutdown(){looked}"
    )
    return source(text, needed)
