"""A scene (stored rows, a caller, one request) on both sides: the reference, and a backend over HTTP.

The rows are put into both past every rule, the caller is signed in by a token of the service's own kind, and the one
request is answered by both. Every scene begins with empty tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import msgspec

from backwright.emit.testing.trial import Scene
from backwright.emit.testing.values import NOW, ONCE
from backwright.emit.testing.world import Stored
from backwright.model.types import Auth, Entity, ManyType, Model, ReferenceType
from backwright.reference import Reference
from backwright.reference.http import Opaque, Response
from backwright.reference.sessions import SAFE, Session
from backwright.reference.writing import stored
from backwright.verify.backends import Backend
from backwright.verify.compare import Seen
from backwright.verify.conversation import Conversation, Inspect
from backwright.verify.coverage import Coverage
from backwright.verify.traffic import Sent
from backwright_runtime.settings import TokenKey
from backwright_runtime.tokens import Tokens

KEY = TokenKey("replay", "no-secret-signs-tokens-of-backends-under-test-so-that-scripts-can-hold-them")
TOKEN_KEYS = f"{KEY.kid}:{KEY.secret}"
SIGNED_IN = 900_000
"""The number of the request that callers were signed in by, as far as names of tokens go."""
NUMBER = 0
"""The number of the scene's first request: it happens at the very moment for which the scene was made."""

SignIn = Callable[[Any], tuple[str, str | None]]
"""Signs an account in on the backend's side: its token, and what proves that a page sends it (cookie sessions)."""


class Unstorable(Exception):
    """A database cannot hold the rows of a scene. The message says why."""


class Again(msgspec.Struct, frozen=True):
    """A scene without what it was searched with: rows, accounts in the order of their tokens' names, and requests."""

    rows: tuple[Stored, ...]
    subjects: tuple[Any, ...]
    requests: tuple[Sent, ...]


class Played(msgspec.Struct, frozen=True):
    """What came of a scene: the request as the backend got it, both answers, and how they or the rows differ.

    `statements` are its rows as SQL, and `earlier` the requests that came before this one, as the backend got them.
    `again` is what it takes to play it once more.
    """

    sent: Sent
    expected: Response
    observed: Seen | None
    differences: tuple[str, ...]
    statements: tuple[str, ...] = ()
    earlier: tuple[Sent, ...] = ()
    again: Again | None = None


class Staging:
    """Plays scenes of one model against one backend. `inspect` may find more wrong with an answer."""

    def __init__(
        self,
        model: Model,
        backend: Backend,
        sign_in: SignIn,
        inspect: Inspect | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        self._model = model
        self._backend = backend
        self._sign_in = sign_in
        self._inspect = inspect
        self._coverage = coverage
        self._seen: Seen | None = None
        self._tokens: dict[Any, tuple[str, str]] = {}
        self.requests = 0

    def play(self, scene: Scene, *later: Scene) -> Played:
        """The scene on both sides, and then `later` requests in its world, up to the first that differs.

        Raises Unstorable.
        """
        rows = in_order(scene.world.copy().rows, self._model)
        conversation = Conversation(self._model, self._backend, self._noted, self._coverage)
        store(rows, self._model, self._backend, conversation.oracle.reference)
        self._tokens.clear()
        asked: list[Sent] = []
        for number, each in enumerate((scene, *later), NUMBER):
            asked.append(self._sent(each, number, conversation))
            answer, found = self._exchanged(asked[-1], conversation)
            if found:
                break
        if not found and any(sent.method not in SAFE for sent in asked):
            found = conversation.row_differences()
        *earlier, last = (_filled(sent, conversation) for sent in asked)
        statements: list[str] = []
        for row in rows if found else ():
            statements += self._backend.statements(self._model.entity(row.entity), row.values)
        again = Again(tuple(rows), tuple(self._tokens), tuple(asked)) if found else None
        return Played(last, answer, self._seen, tuple(found), tuple(statements), tuple(earlier), again)

    def _exchanged(self, sent: Sent, conversation: Conversation) -> tuple[Response, list[str]]:
        """What the reference answers to a request, and how the backend's answer differs."""
        self._seen = None
        outcome = conversation.carry_out(sent)
        self.requests += 1
        answer = outcome.answers[0].answer
        if self._coverage is not None:
            self._coverage.count(sent, answer)
        return answer, list(outcome.differences)

    def _noted(self, sent: Sent, seen: Seen) -> list[str]:
        self._seen = seen
        return [] if self._inspect is None else self._inspect(sent, seen)

    def _sent(self, scene: Scene, number: int, conversation: Conversation) -> Sent:
        """The scene's request, its caller signed in on both sides."""
        ask = scene.ask()
        content, media = ask.content()
        headers = {name.lower(): value for name, value in ask.headers.items()}
        if media is not None:
            headers["content-type"] = media
        if scene.caller is not None:
            subject = scene.world.key(scene.world.variable(scene.caller))
            headers |= self._credentials(subject, conversation, tokenless=scene.tokenless, method=ask.method)
        return Sent(
            number=number,
            operation=scene.operation.name,
            method=ask.method,
            path=ask.path,
            query=tuple((name, str(value)) for name, value in ask.query),
            headers=tuple(headers.items()),
            body=content,
        )

    def _credentials(
        self, subject: Any, conversation: Conversation, *, tokenless: bool, method: str
    ) -> dict[str, str]:
        auth = self._model.auth
        assert auth is not None
        if subject not in self._tokens:
            number = len(self._tokens) + 1
            self._tokens[subject] = signed_in(subject, number, auth, self._sign_in, conversation)
        token, csrf = self._tokens[subject]
        if auth.cookie is None:
            return {"authorization": f"{auth.scheme} {token}"}
        found = {"cookie": f"{auth.cookie}={token}"}
        return found if tokenless or method in SAFE else {**found, "x-csrf-token": csrf}


def store(rows: Iterable[Stored], model: Model, backend: Backend, reference: Reference) -> None:
    """Put rows into both sides, past every rule; each behind those that it refers to. Raises Unstorable."""
    for row in rows:
        entity = model.entity(row.entity)
        if row.gone and entity.soft_delete is not None and row.values[entity.soft_delete] is None:
            row.values[entity.soft_delete] = ONCE
        row.values = {name: stored(value, entity.field(name).type) for name, value in row.values.items()}
        kept = reference.gone if row.gone else reference.rows
        kept[entity.name].append(row.values)
        try:
            backend.insert(entity, row.values)
        except Exception as error:  # whatever the database's driver raises
            raise Unstorable(f"the database refuses the {row.entity}: {error}") from error
        for field in entity.fields:
            if field.generated == "sequence":
                name = (entity.name, field.name)
                reference.sequences[name] = max(reference.sequences.get(name, 0), row.values[field.name])


def signed_in(
    subject: Any, number: int, auth: Auth, sign_in: SignIn, conversation: Conversation
) -> tuple[str, str]:
    """The names of a caller's token, and of what proves that a page sends it; both sides know them from now on."""
    token, csrf = (f"{kind}-v-{SIGNED_IN}-{number}" for kind in ("token", "csrf"))
    conversation.oracle.reference.sessions[token] = Session(
        token=Opaque(token),
        subject=subject,
        expires=NOW + timedelta(seconds=auth.token_seconds),
        csrf=None if auth.cookie is None else csrf,
    )
    theirs, proof = sign_in(subject)
    conversation.theirs.keep(token, theirs)
    if auth.cookie is not None:
        conversation.theirs.keep(csrf, proof or "")
    return token, csrf


def _filled(sent: Sent, conversation: Conversation) -> Sent:
    """A request as the backend gets it: with its own tokens."""
    fill = conversation.theirs.fill
    return msgspec.structs.replace(sent, headers=tuple((name, fill(text)) for name, text in sent.headers))


def signing(model: Model) -> SignIn:
    """Signs accounts in on a backend that runs with TOKEN_KEYS."""
    auth = model.auth
    if auth is None:
        return lambda subject: ("", None)
    tokens = Tokens(model.service.name, [KEY], auth.token_seconds)

    def sign_in(subject: Any) -> tuple[str, str | None]:
        session = tokens.begin(subject, NOW, with_csrf=auth.cookie is not None)
        return session.token, session.csrf

    return sign_in


def in_order(rows: list[Stored], model: Model) -> list[Stored]:
    """The rows, each behind those that it refers to, as foreign keys want it. Raises Unstorable for a circle."""
    found: list[Stored] = []
    left = list(rows)
    while left:
        waiting = {(row.entity, row.values[model.entity(row.entity).key]) for row in left}
        ready = [row for row in left if waiting.isdisjoint(_referred(row, model.entity(row.entity)))]
        if not ready:
            raise Unstorable("its rows refer to each other in a circle")
        found += ready
        left = [row for row in left if not any(row is other for other in ready)]
    return found


def _referred(row: Stored, entity: Entity) -> set[tuple[str, Any]]:
    """The other rows that a row refers to."""
    named: set[tuple[str, Any]] = set()
    for field in entity.fields:
        value = row.values.get(field.name)
        match field.type:
            case ReferenceType(entity=target) if value is not None:
                named.add((target, value))
            case ManyType(entity=target):
                named |= {(target, each) for each in value or ()}
            case _:
                pass
    return named - {(entity.name, row.values[entity.key])}
