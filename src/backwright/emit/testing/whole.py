"""Writes `tests/test_service.py`: what holds for the service as a whole, and is tested once, not per operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backwright.emit.contract.document import document
from backwright.emit.names import Names
from backwright.emit.source import NO_IMPORTS, Imports, Source, imports, indented, literal, module, source
from backwright.emit.testing.protocol import MEDIA, unreadable_bodies
from backwright.emit.testing.reach import closest
from backwright.emit.testing.schema import schema_tests
from backwright.emit.testing.stores import all_name, store_name, stores
from backwright.emit.testing.trial import Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import Setting, World
from backwright.emit.testing.writing import attribute
from backwright.expr.typed import Member
from backwright.expr.walk import nodes
from backwright.model.types import Auth, Entity, ManyType, Model, Operation, ReferenceType

ABOUT = "What holds for the service as a whole: its contract, headers, tokens, and database."
_SERVICE = imports("tests.conftest", "Service")
NOWHERE = {
    "uuid": ("UUID(int=1)", imports("uuid", "UUID")),
    "integer": ("999999", NO_IMPORTS),
    "string": ('"nowhere"', NO_IMPORTS),
    "token": ('"nowhere"', NO_IMPORTS),
}
"""Keys that no row has, by their type."""


def whole_module(common: Setting) -> str:
    """The tests, each of them for the operation that shows it best."""
    pieces = [
        source("pytestmark = pytest.mark.anyio", imports("", "pytest")),
        *contract_tests(common.model, common.names),
        *limits_test(common.model),
        headers_test(common),
        *token_tests(common),
        *body_tests(common),
        *database_tests(common),
        *schema_tests(common.model),
    ]
    return module(ABOUT, pieces, package=common.names.package)


# The contract -----------------------------------------------------------------------------------------


def contract_tests(model: Model, names: Names) -> Iterator[Source]:
    """What clients are written against: addresses, statuses and members, as they are published."""
    published = document(model, names)
    read = "CONTRACT: Any = json.loads(OPENAPI.read_bytes())"
    used = imports("", "json") | imports("typing", "Any") | imports(f"{names.package}.app", "OPENAPI")
    answers = {
        f"{method.upper()} {path}": sorted(operation["responses"])
        for path, operations in published["paths"].items()
        for method, operation in operations.items()
    }
    members = {
        name: {member: each.get("type") for member, each in sorted(schema["properties"].items())}
        for name, schema in published["components"]["schemas"].items()
        if "properties" in schema
    }
    read += f"\nANSWERS = {_table(answers)}\nMEMBERS: dict[str, dict[str, Any]] = {_table(members)}"
    parameters = {
        f"{method.upper()} {path}": {each["name"]: each["schema"].get("type") for each in given}
        for path, operations in published["paths"].items()
        for method, operation in operations.items()
        if (given := [each for each in operation.get("parameters", []) if "schema" in each])
    }
    if parameters:
        read += f"\nPARAMETERS: dict[str, dict[str, Any]] = {_table(parameters)}"
    yield source(read, used)
    yield source(
        "def test_the_contract_has_every_operation_and_its_answers() -> None:\n"
        '    """Clients rely on them: a difference is one for every client."""\n'
        "    described = {\n"
        '        f"{method.upper()} {path}": sorted(operation["responses"])\n'
        '        for path, operations in CONTRACT["paths"].items()\n'
        "        for method, operation in operations.items()\n"
        "    }\n"
        "    assert described == ANSWERS"
    )
    yield source(
        "async def test_no_address_answers_that_the_contract_lacks(service: Service) -> None:\n"
        '    """What nobody described is looked after by nobody."""\n'
        "    described, served = (\n"
        '        {re.sub(r"{\\w+}", "{}", address) for address in each} for each in (ANSWERS, service.app.addresses)\n'
        "    )\n"
        "    assert served == described",
        _SERVICE | imports("", "re"),
    )
    yield source(
        "def test_the_contract_has_every_member() -> None:\n"
        '    """Of what callers send and are shown, with its type; None is that of another schema."""\n'
        "    described = {\n"
        '        name: {member: each.get("type") for member, each in schema["properties"].items()}\n'
        '        for name, schema in CONTRACT["components"]["schemas"].items()\n'
        '        if "properties" in schema\n'
        "    }\n"
        "    assert described == MEMBERS"
    )
    if parameters:
        yield source(
            "def test_the_contract_has_every_parameter() -> None:\n"
            '    """Of paths, queries and headers, with its type."""\n'
            "    described = {\n"
            '        f"{method.upper()} {path}": {each["name"]: each["schema"].get("type") for each in given}\n'
            '        for path, operations in CONTRACT["paths"].items()\n'
            "        for method, operation in operations.items()\n"
            '        if (given := [each for each in operation.get("parameters", []) if "schema" in each])\n'
            "    }\n"
            "    assert described == PARAMETERS"
        )
    yield source(
        "def test_every_reference_of_the_contract_leads_somewhere() -> None:\n"
        '    """Generators of clients stop at one that does not."""\n'
        '    references = set(re.findall(r\'"\\$ref": "#/([^"]+)"\', json.dumps(CONTRACT)))\n'
        "    assert references\n"
        "    for reference in references:\n"
        '        assert reduce(getitem, reference.split("/"), CONTRACT)',
        imports("", "re") | imports("functools", "reduce") | imports("operator", "getitem"),
    )
    yield source(
        "async def test_the_contract_is_served(service: Service) -> None:\n"
        '    """GET /openapi.json: 200."""\n'
        '    answer = await service.send("GET", "/openapi.json")\n'
        "    assert answer.status_code == 200\n"
        "    assert answer.json() == CONTRACT",
        _SERVICE,
    )


def limits_test(model: Model) -> Iterator[Source]:
    """How often each operation may be asked: that the runtime keeps to it, tests of the first one show."""
    limited = {f"{each.method} {each.path}": each.rates for each in model.operations if each.rates}
    if not limited:
        return
    lines = []
    for address, rates in limited.items():
        in_order = sorted(rates, key=lambda each: each.by != "address")
        listed = "".join(f"Rate({each.count}, {each.seconds}, by={literal(each.by)}), " for each in in_order)
        lines.append(f"{literal(address)}: ({listed}),")
    table = "{\n" + indented("\n".join(lines)) + "\n}"
    yield source(f"LIMITS = {table}", imports("backwright_runtime", "Rate"))
    yield source(
        "async def test_every_operation_has_its_limits(service: Service) -> None:\n"
        '    """An operation without one is where everything is tried out."""\n'
        "    limits = {\n"
        '        re.sub(r"{\\w+}", "{}", address): rates for address, rates in service.app.limits.items()\n'
        "    }\n"
        '    assert limits == {re.sub(r"{\\w+}", "{}", address): rates for address, rates in LIMITS.items()}',
        _SERVICE | imports("", "re"),
    )


def _table(rows: Mapping[str, object]) -> str:
    """A dictionary display with one line for each key; the formatter breaks what is too long."""
    lines = [f"{literal(name)}: {found!r}," for name, found in rows.items()]
    return "{\n" + indented("\n".join(lines)) + "\n}" if lines else "{}"


# Headers ----------------------------------------------------------------------------------------------


def headers_test(common: Setting) -> Source:
    """What every answer carries."""
    return source(
        "async def test_answers_carry_the_headers_that_protect(service: Service) -> None:\n"
        '    """GET /health: 200. Browsers neither guess a type, nor embed an answer, nor keep it."""\n'
        '    answer = await service.send("GET", "/health")\n'
        "    assert answer.status_code == 200\n"
        '    assert answer.headers["X-Request-Id"] == "test-1"\n'
        '    assert answer.headers["X-Content-Type-Options"] == "nosniff"\n'
        '    assert answer.headers["Referrer-Policy"] == "no-referrer"\n'
        '    assert answer.headers["Cache-Control"] == "no-store"\n'
        '    assert "default-src \'none\'" in answer.headers["Content-Security-Policy"]',
        _SERVICE,
    )


# Tokens -----------------------------------------------------------------------------------------------


_REQUESTS = 2
"""So many each test of tokens makes."""


def token_tests(common: Setting) -> Iterator[Source]:
    """Whose tokens are refused, and when."""
    auth = common.model.auth
    operation = None if auth is None else _guarded(common.model)
    trial = None if operation is None else _by_nobody(operation, common)
    if auth is None or trial is None:
        return
    world = World(common)
    try:
        caller = world.rows[world.person()].variable
    except Unfit:
        return
    entity = common.model.entity(auth.identity)
    key = f"{caller}.{entity.field(entity.key).column}"
    stored, storing = stores(world, key)
    asked = (
        f"{literal(trial.ask.method)}, {literal(re.sub(r'{[^}]*}', 'missing', trial.scene.operation.path))}"
    )
    about = f"{trial.scene.operation.method} {trial.scene.operation.path}: {trial.response.status}."
    made = _Tokens(auth, key, "\n".join(stored), asked, about, trial.response.status)
    yield source(
        f"TOKEN_SECONDS = {auth.token_seconds}\n"
        'OTHER_KEY = TokenKey("test", "another secret, and long enough to sign with")',
        imports("backwright_runtime", "TokenKey"),
    )
    used = _SERVICE | storing | imports("tests.conftest", "NOW")
    yield source(made.expiry(), used, imports("datetime", "timedelta"))
    yield source(made.forged(), used, imports("backwright_runtime.tokens", "Tokens"))
    if auth.cookie is None:
        yield source(made.scheme(), used)


def _guarded(model: Model) -> Operation | None:
    """An operation that asks for a caller before anything else, and may be called as often as a test does."""
    asking = [
        each
        for each in model.operations
        if each.caller == "required" and all(rate.count >= _REQUESTS for rate in each.rates)
    ]
    return min(asking, key=lambda each: (each.method != "GET", each.body is not None), default=None)


def _by_nobody(operation: Operation, common: Setting) -> Trial | None:
    """The refusal of a caller who does not sign in. None where another answer comes first."""
    best = closest(operation, common)
    if best is None or operation.body is not None:
        return None
    scene = best.scene.copy()
    scene.caller = None
    asked = tried(scene)
    return asked if asked.failure is not None and asked.failure.category == "unauthenticated" else None


class _Tokens:
    """The texts of the tests of tokens, for one operation that asks for a caller."""

    def __init__(self, auth: Auth, key: str, stored: str, asked: str, about: str, status: int) -> None:
        self.auth, self.key, self.stored, self.asked = auth, key, stored, asked
        self.about, self.status = about, status

    def _presented(self, token: str) -> str:
        if self.auth.cookie is not None:
            return f'{{"Cookie": f"{self.auth.cookie}={{{token}}}"}}'
        return f'{{"Authorization": f"{self.auth.scheme} {{{token}}}"}}'

    def _test(self, name: str, about: str, lines: str) -> str:
        said = f'"""{self.about} {about}"""'
        return (
            f"async def test_{name}(service: Service) -> None:\n{indented(said)}\n"
            f"{indented(self.stored)}\n{indented(lines)}"
        )

    def expiry(self) -> str:
        """A token at the end of its time, and a second before."""
        return self._test(
            "a_token_is_accepted_until_its_time_is_over",
            "A second before, it is accepted.",
            "for seconds, is_over in ((TOKEN_SECONDS - 1, False), (TOKEN_SECONDS, True)):\n"
            "    began = NOW - timedelta(seconds=seconds)\n"
            f"    token = service.app.sessions.issue({self.key}, began).token\n"
            f"    answer = await service.send({self.asked}, headers={self._presented('token')})\n"
            f"    assert (answer.status_code == {self.status}) is is_over",
        )

    def forged(self) -> str:
        """Tokens that are not ours."""
        challenge = (
            f'    assert answer.headers["WWW-Authenticate"] == {literal(self.auth.scheme)}\n'
            if self.auth.cookie is None
            else ""
        )
        return self._test(
            "a_token_of_another_service_or_key_is_refused",
            "Only what this service has signed counts.",
            "keys = service.app.settings.token_keys\n"
            "for tokens in (\n"
            '    Tokens("another", keys, TOKEN_SECONDS),\n'
            "    Tokens(service.app.name, [OTHER_KEY], TOKEN_SECONDS),\n"
            "):\n"
            f"    forged = tokens.issue({self.key}, NOW)\n"
            f"    answer = await service.send({self.asked}, headers={self._presented('forged')})\n"
            f"    assert answer.status_code == {self.status}\n{challenge}".rstrip("\n"),
        )

    def scheme(self) -> str:
        """Another word before the token."""
        return self._test(
            "a_token_of_another_scheme_is_refused",
            "The word before the token counts.",
            f"token = service.app.sessions.issue({self.key}, NOW).token\n"
            'headers = {"Authorization": f"Other {token}"}\n'
            f"answer = await service.send({self.asked}, headers=headers)\n"
            f"assert answer.status_code == {self.status}",
        )


# Bodies -----------------------------------------------------------------------------------------------


def body_tests(common: Setting) -> Iterator[Source]:
    """A body that says it is too long is not waited for."""
    for operation in common.model.operations:
        if operation.body is None or re.search(r"[{}]", operation.path):
            continue
        best = closest(operation, common)
        refused = [] if best is None else [each.name for each in unreadable_bodies(best)]
        if "with_too_long_a_body_is_refused" not in refused:
            continue
        most = operation.max_body or common.model.service.max_body
        headers = (
            f'{{"Content-Type": {literal(MEDIA[operation.body.media])}, "Content-Length": "{most + 1}"}}'
        )
        yield source(
            "async def test_a_body_that_says_it_is_too_long_is_not_waited_for(service: Service) -> None:\n"
            f'    """{operation.method} {operation.path}: 413."""\n'
            f"    headers = {headers}\n"
            f"    answer = await service.send({literal(operation.method)}, {literal(operation.path)}, "
            'content=b"{}", headers=headers)\n'
            "    assert answer.status_code == 413",
            _SERVICE,
        )
        return


# The database -----------------------------------------------------------------------------------------


def database_tests(common: Setting) -> Iterator[Source]:
    """All or nothing, and back to nothing."""
    entity = next((each for each in common.model.entities if _stands_alone(each)), None)
    if entity is not None:
        store, read = store_name(entity.name), all_name(World(common), entity.name)
        yield source(
            "async def test_a_transaction_that_fails_leaves_nothing(service: Service) -> None:\n"
            '    """What was stored before it failed is gone as well."""\n'
            "    with pytest.raises(RuntimeError):\n"
            "        async with service.db.transaction() as tx:\n"
            f"            await {store}(tx)\n"
            "            raise RuntimeError\n"
            f"    assert await {read}(service.db) == []",
            _SERVICE | imports("tests.rows", store, read),
        )
    yield from _reference_test(common)
    if common.model.entities:
        yield source(
            "async def test_migrations_can_be_taken_back(tmp_path: Path) -> None:\n"
            '    """Each removes what it made: otherwise it could not be applied once more."""\n'
            '    url = f"sqlite:///{tmp_path}/taken_back.db"\n'
            "    applied = await migrations.up(url, MIGRATIONS)\n"
            "    assert await migrations.down(url, MIGRATIONS, len(applied)) == applied[::-1]\n"
            "    assert await migrations.up(url, MIGRATIONS) == applied",
            imports("backwright_runtime", "migrations")
            | imports("pathlib", "Path")
            | imports("tests.conftest", "MIGRATIONS"),
        )


def _reference_test(common: Setting) -> Iterator[Source]:
    """A reference to nothing is refused by the database, whatever the service looks at."""
    for entity in common.model.entities:
        given: dict[str, str] = {}
        used: Imports = NO_IMPORTS
        for field in entity.fields:
            if not isinstance(field.type, ReferenceType) or field.nullable:
                continue
            target = common.model.entity(field.type.entity)
            kind = target.field(target.key).type
            nowhere, needed = NOWHERE.get(getattr(kind, "scalar", ""), ("", NO_IMPORTS))
            given[str(attribute(field))] = nowhere
            used |= needed
        if not given or not all(given.values()) or _checks_references(entity):
            continue
        store = store_name(entity.name)
        passed = ", ".join(f"{name}={value}" for name, value in given.items())
        yield source(
            "async def test_the_database_refuses_a_reference_to_nothing(service: Service) -> None:\n"
            '    """Whatever the service looks at before."""\n'
            "    with pytest.raises(ForeignKeyViolation):\n"
            f"        await {store}(service.db, {passed})",
            _SERVICE
            | used
            | imports("tests.rows", store)
            | imports("backwright_runtime", "ForeignKeyViolation"),
        )
        return


def _checks_references(entity: Entity) -> bool:
    """Whether a check is about references, and may refuse such a row first."""
    return any(
        isinstance(node, Member) and node.type.kind == "entity"
        for check in entity.checks
        for node in nodes(check.condition.meaning)
    )


def _stands_alone(entity: Entity) -> bool:
    """Whether a row can be stored that refers to no other."""
    return not any(
        isinstance(field.type, ManyType) or (isinstance(field.type, ReferenceType) and not field.nullable)
        for field in entity.fields
    )
