"""Makes good requests: paths of rows that are there, values that somebody would send, callers who may."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from backwright.model.rules import always
from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    PathParameter,
    RecordType,
    ReferenceType,
    ScalarType,
    ShowRow,
)
from backwright.reference.evaluate import Row
from backwright.reference.read import paged, query_fields
from backwright.reference.sessions import CSRF, SAFE, Session
from backwright.verify import fixtures, values
from backwright.verify.aims import Aim, Column, Search, aim, links
from backwright.verify.draft import MEDIA, Draft
from backwright.verify.values import Situation
from backwright.verify.world import World, moment

OFFERED = 6
"""How many rows a reference is chosen from."""


class Page(msgspec.Struct, frozen=True):
    """A page that was answered, and the cursor of the next."""

    operation: str
    path: str
    query: tuple[tuple[str, str], ...]
    session: Session | None
    cursor: str
    needs: tuple[int, ...]


class Solved(msgspec.Struct):
    """The rows that an operation is to be about, and what its inputs have to be for that, as text."""

    rows: dict[str, tuple[str, Row]] = {}
    given: dict[tuple[str, str], str] = {}

    def near(self) -> list[tuple[str, Row]]:
        return list(self.rows.values())


class Reader(msgspec.Struct, frozen=True):
    """Who is to see the rows that a request names; None: nobody in particular."""

    person: Any


class Composer:
    """Makes requests of a model out of what the world has."""

    def __init__(self, model: Model, world: World) -> None:
        self.model = model
        self.aims = [aim(operation, model) for operation in model.operations]
        self.pages: list[Page] = []
        self.number = 0
        self._world = world
        self._random = world.random
        self._links = links(model)
        self._unique = {(e.name, f) for e in model.entities for f in unique_fields(e)}
        self._made = 0

    # The whole ---------------------------------------------------------------------------------------

    def good(self, aim: Aim, session: Session | None, sessions: Sequence[Session]) -> Draft:
        """A request that may well be accepted, by this caller or by one that the rows have to do with."""
        operation = aim.operation
        page = self._following(operation)
        if page is not None:
            return page
        rows_first = session is not None and self._random.random() < 0.5
        solved = self.solve(aim, None if rows_first else self._account(session))
        if rows_first and solved.rows:
            session = self._concerned(solved, sessions) or session
        draft = Draft(operation)
        draft.rows = solved.near()
        self._sign(draft, session)
        for parameter in operation.path_parameters:
            hole = f"{{{parameter.wire or parameter.name}}}"
            draft.path = draft.path.replace(hole, self._segment(parameter, aim, solved), 1)
        draft.query = self._query(aim, solved, session)
        if operation.body is not None:
            draft.members = self._members(aim, solved, session)
            draft.headers["content-type"] = MEDIA[operation.body.media]
        self._conditions(draft, aim, solved)
        if draft.session is not None and draft.session.csrf is not None and draft.method not in SAFE:
            is_form = operation.body is not None and operation.body.media != "json"
            draft.prove(draft.session.csrf, as_member=is_form and self._random.random() < 0.5)
        return draft

    def _following(self, operation: Operation) -> Draft | None:
        """The next page of a list that was shown."""
        pages = [page for page in self.pages[-12:] if page.operation == operation.name]
        if not pages or self._random.random() > 0.35:
            return None
        page = self._random.choice(pages)
        names = {usual: wire for wire, usual in paged(operation).items()}
        draft = Draft(operation)
        draft.path = page.path
        self._world.used.update(page.needs)
        draft.query = [
            *(pair for pair in page.query if pair[0] != names["after"]),
            (names["after"], page.cursor),
        ]
        self._sign(draft, page.session)
        return draft

    def _account(self, session: Session | None) -> Any:
        return None if session is None else session.subject

    def _concerned(self, solved: Solved, sessions: Sequence[Session]) -> Session | None:
        accounts = self._world.concerned(solved.near())
        able = [session for session in sessions if session.subject in accounts]
        return self._random.choice(able) if able else None

    def _sign(self, draft: Draft, session: Session | None) -> None:
        """The credentials of a caller, where the operation looks at any."""
        if session is None or self.model.auth is None or draft.operation.caller == "none":
            return
        draft.session = session
        self._world.use_session(session)
        draft.headers |= credentials(session, self.model)

    # Rows --------------------------------------------------------------------------------------------

    def solve(self, aim: Aim, person: Any) -> Solved:
        """Rows for every search of the operation that go together, the last one first."""
        solved = Solved({}, {})
        for search in reversed(aim.searches):
            if search.bind not in solved.rows:
                row = self._chosen(search, solved, person)
                if row is None:
                    continue
                solved.rows[search.bind] = (search.entity, row)
            entity, row = solved.rows[search.bind]
            self._world.use(entity, row)
            for tie in search.ties:
                self._tie(search, tie.field, tie.source, tie.name, row, solved, aim)
        return solved

    def _tie(
        self, search: Search, field: str | None, source: str, name: str, row: Row, solved: Solved, aim: Aim
    ) -> None:
        """What follows for inputs and other rows from the choice of one."""
        entity = self.model.entity(search.entity)
        stored = entity.field(field or entity.key)
        if source in ("params", "body"):
            text = self._world.text(entity.name, stored, row)
            if text is not None:
                solved.given.setdefault((source, name), text)
        elif source == "binding" and name not in solved.rows and isinstance(stored.type, ReferenceType):
            other = next((each for each in aim.searches if each.bind == name), None)
            found = None if other is None else self._world.find(stored.type.entity, row[stored.name])
            if other is not None and found is not None:
                solved.rows[name] = (other.entity, found)

    def _chosen(self, search: Search, solved: Solved, person: Any) -> Row | None:
        """A row that fits what is decided already, as far as there is one."""
        rows = list(self._world.rows(search.entity))
        for tie in search.ties:
            field = tie.field or self.model.entity(search.entity).key
            wanted: Any = None
            if tie.source == "caller":
                wanted = None if person is None else str(person)
            elif tie.source == "binding" and tie.name in solved.rows:
                entity, row = solved.rows[tie.name]
                wanted = str(row[self.model.entity(entity).key])
            elif (tie.source, tie.name) in solved.given:
                wanted = solved.given[tie.source, tie.name]
            if wanted is not None:
                rows = [row for row in rows if str(row[field]) == wanted] or rows
        if search.required and self._random.random() < 0.75:
            fitting = [
                row
                for row in rows
                if self._world.fulfils(search.bind, row, search.required, moment(self.number))
            ]
            rows = fitting or rows
        return self._world.choose(search.entity, solved.near(), person, rows)

    def _value_of(self, columns: Sequence[Column], solved: Solved) -> str | None:
        """A value that some column has, as text: of the rows at hand where they have one."""
        entity, field = self._random.choice(list(columns))
        found = self.model.entity(entity)
        near = [row for name, row in solved.near() if name == entity]
        row = (
            near[0]
            if near and self._random.random() < 0.5
            else self._world.choose(entity, solved.near(), None)
        )
        return None if row is None else self._world.text(entity, found.field(field), row)

    # Inputs ------------------------------------------------------------------------------------------

    def situation(
        self, solved: Solved, *, multipart: bool = False, reader: Reader | None = None
    ) -> Situation:
        """What values depend on; references keep to the rows at hand, and to those that the reader sees."""

        def keys(entity: str) -> list[str]:
            if entity == self._world.identity and self._random.random() < 0.7:
                concerned = self._world.concerned(solved.near())
                rows = [
                    row for row in self._world.rows(entity) if row[self.model.entity(entity).key] in concerned
                ]
                if rows:
                    return [self.key_source(entity, row) for row in rows]
            rows = self._readable(entity, reader)
            found = []
            for _ in range(min(OFFERED, len(rows))):
                row = self._world.choose(entity, solved.near(), None, rows)
                if row is not None:
                    found.append(self.key_source(entity, row))
            return list(dict.fromkeys(found))

        return Situation(self._random, moment(self.number), keys, multipart)

    def _readable(self, entity: str, reader: Reader | None) -> list[Row]:
        """The rows that somebody sees, where there are any."""
        rows = list(self._world.rows(entity))
        if reader is None or always(self.model.entity(entity).access["read"]):
            return rows
        at = moment(self.number)
        return [row for row in rows if self._world.sees(entity, row, reader.person, at)] or rows

    def at_hand(self, rows: Sequence[tuple[str, Row]], multipart: bool) -> Situation:
        """The situation of a request that is about some rows."""
        return self.situation(Solved({str(i): row for i, row in enumerate(rows)}, {}), multipart=multipart)

    def key_source(self, entity: str, row: Row) -> str:
        """The key of a row as JSON source."""
        text = self._world.key(entity, row)
        return text if self._world.is_number(entity) else values.source(text)

    def _segment(self, parameter: PathParameter, aim: Aim, solved: Solved) -> str:
        given = solved.given.get(("params", parameter.name))
        columns = aim.hints.get(("params", parameter.name))
        if given is None and columns and self._random.random() < 0.9:
            given = self._value_of(columns, solved)
        if given is None:
            given = values.parameter(parameter.type, self.situation(solved))[0]
        return given or "x"

    def _query(self, aim: Aim, solved: Solved, session: Session | None) -> list[tuple[str, str]]:
        names = paged(aim.operation)
        known = self._proof(aim, session, "params")
        found: list[tuple[str, str]] = []
        for field in query_fields(aim.operation):
            match names.get(field.wire):
                case None if field.name in known:
                    found.append((field.wire, known[field.name]))
                case "after":
                    pass
                case "limit" if self._random.random() < 0.6:
                    found.append((field.wire, str(self._random.randint(1, min(5, most(field) or 5)))))
                case "offset" if self._random.random() < 0.4:
                    found.append((field.wire, str(self._random.choice((0, 0, 1, 2, 3, 50)))))
                case "page" if self._random.random() < 0.4:
                    found.append((field.wire, str(self._random.choice((1, 1, 2, 2, 3, 40)))))
                case "limit" | "offset" | "page":
                    pass
                case _:
                    if field.required or self._random.random() < 0.35:
                        found += [(field.wire, text) for text in self._parameter(field, aim, solved)]
        return found

    def _parameter(self, field: InputField, aim: Aim, solved: Solved) -> list[str]:
        if ("params", field.name) in solved.given:
            return [solved.given["params", field.name]]
        columns = aim.hints.get(("params", field.name))
        if columns and self._random.random() < 0.7:
            text = self._value_of(columns, solved)
            if text is not None:
                return [text]
        return values.parameter(field.type, self.situation(solved), field.matches)

    def _members(self, aim: Aim, solved: Solved, session: Session | None) -> list[tuple[str, str]]:
        body = aim.operation.body
        assert body is not None
        known = self._proof(aim, session, "body")
        reader = Reader(self._account(session))
        at = self.situation(solved, multipart=body.media == "multipart", reader=reader)
        chosen = []
        for field in body.fields:
            nothing = isinstance(field.type, ReferenceType) and not self._world.rows(field.type.entity)
            wanted = self._random.random() < (0.5 if body.partial else 0.6)
            if field.required or field.name in known or (wanted and not nothing):
                value = (
                    self._as_source(field, known[field.name])
                    if field.name in known
                    else self.value(field, aim.stores.get(field.name, ()), at, solved, aim)
                )
                chosen.append((field.wire, value))
        self._random.shuffle(chosen)
        return chosen

    def _proof(self, aim: Aim, session: Session | None, source: str) -> dict[str, str]:
        """What an account proves itself with: the caller's own, or anybody's where somebody signs in."""
        names = {} if aim.proves is None else aim.proves.of(source)
        if not names or self._world.identity is None:
            return {}
        accounts = self._world.accounts()
        own = (
            None if session is None or aim.begins else self._world.find(self._world.identity, session.subject)
        )
        account = own or (self._random.choice(accounts) if accounts else None)
        if account is None:
            return {}
        self._world.use(self._world.identity, account)
        entity = self.model.entity(self._world.identity)
        found = {name: self._shown(entity, field, account) for name, field in names.items()}
        return {name: text for name, text in found.items() if text is not None}

    def _shown(self, entity: Entity, field: str, account: Row) -> str | None:
        """A value of an account as it proves itself with it; a number of the service's own by its name."""
        stored = entity.field(field)
        if stored.generated == "sequence":
            return self._world.text(entity.name, stored, account)
        return None if account[field] is None else str(account[field])

    def value(
        self,
        field: InputField,
        stores: Sequence[Column],
        at: Situation,
        solved: Solved,
        aim: Aim | None = None,
    ) -> str:
        """A value for one member of a body, as JSON source."""
        columns = () if aim is None else aim.hints.get(("body", field.name), ())
        given = None if aim is None else solved.given.get(("body", field.name))
        unique = [column for column in stores if column in self._unique]
        if given is None and columns and self._random.random() < 0.5:
            given = self._value_of(columns, solved)
        if given is None and unique and self._random.random() < 0.06:
            given = self._value_of(unique, solved)
        linked = [other for column in stores for other in self._links.get(column, ())]
        if given is None and linked and self._random.random() < 0.5:
            given = self._value_of(linked, solved)
        if given is None and stores and not unique and self._random.random() < 0.12:
            given = self._value_of(stores, solved)
        if given is not None and isinstance(field.type, ListType):
            return f"[{self._as_source(field, given)}]"
        if given is not None and not isinstance(field.type, ManyType | RecordType):
            return self._as_source(field, given)
        made = values.member(field, at)
        return self._another(field, made) if unique else made

    def _as_source(self, field: InputField, text: str) -> str:
        kind: FieldType = field.type.element if isinstance(field.type, ListType) else field.type
        number = isinstance(kind, ScalarType) and kind.scalar in ("integer", "double", "boolean")
        number = number or (isinstance(kind, ReferenceType) and self._world.is_number(kind.entity))
        return text if number else values.source(text)

    def _another(self, field: InputField, made: str) -> str:
        """A value that is not there yet, as far as the type lets us make one."""
        if field.matches is not None or not isinstance(field.type, ScalarType):
            return made
        self._made += 1
        try:
            text = json.loads(made)
        except ValueError:
            return made
        if isinstance(text, int) and not isinstance(text, bool):
            least, most = field.type.min or 1, field.type.max or 10**9
            return str(least + self._made % max(1, most - least))
        if not isinstance(text, str) or field.type.scalar in ("date", "timestamp", "uuid", "decimal", "enum"):
            return made
        if field.type.scalar == "email":
            domain = self._random.choice(("example.com", "Example.org"))
            return values.source(f"Caller{self._made}@{domain}")
        longest = field.type.max or 255
        return values.source(f"{self._made}-{text}"[:longest].ljust(field.type.min or 0, "x"))

    # Headers -----------------------------------------------------------------------------------------

    def _conditions(self, draft: Draft, aim: Aim, solved: Solved) -> None:
        """The headers that name a version, or a request that may be sent twice."""
        operation = aim.operation
        if operation.idempotent != "no" and self._random.random() < (
            0.95 if operation.idempotent == "required" else 0.6
        ):
            self._made += 1
            draft.headers["idempotency-key"] = f"key-{self._made}"
        for search in aim.searches:
            version = self._version(search, solved)
            if version is None:
                continue
            if search.version and operation.if_match != "no" and self._random.random() < 0.85:
                draft.headers["if-match"] = version
            elif (
                operation.method == "GET"
                and isinstance(operation.respond.show, ShowRow)
                and self._random.random() < 0.15
            ):
                draft.headers["if-none-match"] = version

    def _version(self, search: Search, solved: Solved) -> str | None:
        """The tag of the row that was found."""
        name = self.model.entity(search.entity).version
        if name is None or search.bind not in solved.rows:
            return None
        return f'"{solved.rows[search.bind][1][name]}"'

    # Rows that are put in ----------------------------------------------------------------------------

    def row(self, entity: Entity) -> bytes:
        """The content of a row that somebody puts in: what is required, and some of the rest."""
        solved = Solved({}, {})
        members: list[str] = []
        for field in fixtures.takes(entity):
            needed = not field.nullable and field.default is None
            if not needed and self._random.random() < 0.4:
                continue
            made = fixtures.member(field, entity, self.model)
            if isinstance(field.type, ReferenceType):
                other = self._world.choose(field.type.entity, solved.near(), None)
                if other is None:
                    continue
                self._world.use(field.type.entity, other)
                if field.type.entity != self._world.identity:
                    solved.rows[field.name] = (field.type.entity, other)
                value = self.key_source(field.type.entity, other)
            else:
                given = msgspec.structs.replace(made, type=field.type, matches=field.matches)
                value = self.value(given, ((entity.name, field.name),), self.situation(solved), solved)
            members.append(f"{values.source(field.name)}: {value}")
        return f"{{{', '.join(members)}}}".encode("utf-8", "surrogatepass")


def credentials(session: Session, model: Model) -> dict[str, str]:
    """The headers that a signed-in caller sends."""
    auth = model.auth
    assert auth is not None
    if auth.cookie is None:
        return {"authorization": f"{auth.scheme} {session.token}"}
    return {"cookie": f"{auth.cookie}={session.token}; {CSRF}={session.csrf}"}


def unique_fields(entity: Entity) -> list[str]:
    """The fields that are unlike in every row by themselves."""
    single = [index.terms[0].field for index in entity.indexes if index.unique and len(index.terms) == 1]
    named = [field.name for field in entity.fields if field.unique]
    return [*named, *single, *(() if entity.composite else (entity.key,))]


def assignable(field: Field, entity: Entity) -> Sequence[str | bool]:
    """The values of a field of few values that callers cannot just send: who may do what hangs on it."""
    closed = not field.input or field.write is not None
    in_key = field.unique or any(
        t.field == field.name for index in entity.indexes if index.unique for t in index.terms
    )
    state = entity.states is not None and entity.states.field == field.name
    if not closed or in_key or state or field.set is not None or not isinstance(field.type, ScalarType):
        return ()
    return (False, True) if field.type.scalar == "boolean" else field.type.values


def most(field: InputField) -> int | None:
    """The largest value or length that the field takes, where it has one."""
    return field.type.max if isinstance(field.type, ScalarType) else None
