"""Makes one thing about a good request wrong or unusual."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

import msgspec

from backwright.model.types import InputField, ManyType, Model, Operation, ReferenceType
from backwright.reference.read import paged, query_fields
from backwright.reference.sessions import SAFE, Session
from backwright.verify import values
from backwright.verify.composing import Composer, credentials
from backwright.verify.draft import Draft, wrapped
from backwright.verify.wire import BOUNDARY
from backwright.verify.world import World, moment

ODD_KEYS = (
    "0", "not-a-key", "with space", "é", "00000000-0000-0000-0000-000000000000", "%", "null", "..x", "-1",
    "99999999999999999999", "a+b", "1.0", "%2F",
)  # fmt: skip
ODD_BODIES = (
    b"", b"{", b"[]", b"null", b'"text"', b"{]", b'{"a":}', b"\xff\xfe", b"{}{}", b"nul", b'{"a":1,}', b"\x00",
    b"[" * 40, b'{"a":' * 34 + b"1" + b"}" * 34, b'{"a":' * 33 + b"1" + b"}" * 33, b'{"a": NaN}', b"\xef\xbb\xbf{}",
)  # fmt: skip
ODD_FORMS = (b"", b"&&", b"a=%zz", b"a=%ff", b"\xff=1", b"=", b"a", "é=1".encode(), b"a=b=c")
ODD_PARTS = (b"", b"--", f"--{BOUNDARY}".encode(), f"--{BOUNDARY}--\r\n".encode(), b"no parts at all")
ODD_TYPES = (
    "text/plain",
    "application/jsonx",
    None,
    "multipart/form-data",
    "application/x-www-form-urlencodedx",
)
JSON_TYPES = ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8")
GARBAGE = ("{} nonsense", "{}", "Basic YWJjOmRlZg==", "nonsense", "", "{} a.b.c", "{} a b", "{}  a")
COOKIES = ("{}=nonsense", "{}=", "other=1", "{}", "; ;", "{}=a; {}=b")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VERSIONS = ('"0"', '"99"', "*", '"1", "2", "3"', "1", 'W/"1"', "", '"x"', '"1"')
IDEMPOTENCY = ("", " ", "k" * 256, "two words", "é")
EVERYTHING = 1_100_000
LONGEST_PARAMETER = 1000
"""Servers refuse request lines that are longer than some thousand bytes by themselves."""


class Edge(msgspec.Struct, frozen=True):
    """A value at the limit of an input of an operation."""

    operation: Operation
    name: str
    value: str
    in_query: bool

    def apply(self, draft: Draft) -> None:
        """Give the input this value."""
        if self.in_query:
            text = json.loads(self.value)
            written = text if isinstance(text, str) else self.value
            draft.query = [pair for pair in draft.query if pair[0] != self.name] + [(self.name, written)]
        else:
            kept = [pair for pair in draft.members or [] if pair[0] != self.name]
            draft.members = [*kept, (self.name, self.value)]


def edges(model: Model) -> list[Edge]:
    """Every limit of every input: what chance would often miss is tried once in each sequence."""
    found = []
    for operation in model.operations:
        for field in query_fields(operation):
            short = [value for value in values.edges(field.type) if len(value) < LONGEST_PARAMETER]
            found += [Edge(operation, field.wire, value, True) for value in short]
        for field in operation.body.fields if operation.body else ():
            found += [Edge(operation, field.wire, value, False) for value in values.edges(field.type)]
    return found


class Spoiler:
    """Knows the ways in which requests of a model can be spoiled."""

    def __init__(self, model: Model, random: Random, world: World, composer: Composer) -> None:
        self._model = model
        self._random = random
        self._world = world
        self._composer = composer

    def spoil(self, draft: Draft) -> None:
        """Make one thing wrong or unusual."""
        self._random.choice(self._ways(draft))(draft)

    def _ways(self, draft: Draft) -> list[Callable[[Draft], None]]:
        """What can be made wrong with this request; what matters more is there more often."""
        operation = draft.operation
        found: list[Callable[[Draft], None]] = [self._method]
        if operation.caller != "none":
            found += [self._credentials] * 2 + [self._nobody, self._somebody_else]
        if draft.session is not None and draft.session.csrf is not None and draft.method not in SAFE:
            found += [self._csrf] * 2
        if operation.path_parameters:
            found += [self._path] * 2
        if query_fields(operation):
            found += [self._parameter] * 5
        if operation.if_match != "no":
            found += [self._version] * 6
        if operation.idempotent != "no":
            found += [self._idempotency] * 2
        if draft.members is not None:
            found += [self._member] * (6 if draft.members else 1)
            found += [self._varied] * (5 if draft.members else 0)
            found += [self._content, self._content_type, self._unknown_member, self._missing, self._nothing]
            if self._references(draft):
                found += [self._elsewhere] * 6
            if self._random.random() < 0.02:
                found.append(self._too_much)
        return found

    # Who ---------------------------------------------------------------------------------------------

    def _sessions(self) -> list[Session]:
        return self._world.old_sessions()

    def _credentials(self, draft: Draft) -> None:
        """Something else where the credentials stand: nonsense, a changed token, one that may be old."""
        auth = self._model.auth
        if auth is None:
            return
        draft.headers.pop("x-csrf-token", None)
        sessions = self._sessions()
        name = "authorization" if auth.cookie is None else "cookie"
        garbage = GARBAGE if auth.cookie is None else COOKIES
        choices = [text.replace("{}", auth.cookie or auth.scheme) for text in garbage]
        if sessions:
            token = self._random.choice(sessions).token
            whole = f"{auth.scheme} " if auth.cookie is None else f"{auth.cookie}="
            choices += [f"{whole}{token}x", f"{whole}{token}", f"{whole.lower()}{token}", f"{whole}{token}"]
        draft.headers[name] = self._random.choice(choices)

    def _nobody(self, draft: Draft) -> None:
        for name in ("authorization", "cookie", "x-csrf-token"):
            draft.headers.pop(name, None)

    def _somebody_else(self, draft: Draft) -> None:
        sessions = self._sessions()
        if not sessions:
            return
        self._nobody(draft)
        draft.session = self._random.choice(sessions)
        draft.headers |= credentials(draft.session, self._model)
        if draft.session.csrf is not None and draft.method not in SAFE:
            draft.headers["x-csrf-token"] = draft.session.csrf

    def _csrf(self, draft: Draft) -> None:
        """No proof, nonsense, or the proof of another session."""
        draft.headers.pop("x-csrf-token", None)
        if draft.members is not None:
            draft.members = [pair for pair in draft.members if pair[0] != "csrf_token"]
        others = [session.csrf for session in self._sessions() if session.csrf is not None]
        proof = self._random.choice(["", "nonsense", *others[-4:]])
        if proof and self._random.random() < 0.7:
            draft.headers["x-csrf-token"] = proof

    # Where -------------------------------------------------------------------------------------------

    def _method(self, draft: Draft) -> None:
        draft.method = self._random.choice([m for m in METHODS if m != draft.method])
        draft.label = "other method"

    def _path(self, draft: Draft) -> None:
        """Another value in the place of one parameter."""
        parts, segments = draft.operation.path.split("/"), draft.path.split("/")
        places = [i for i, part in enumerate(parts) if part.startswith("{") and i < len(segments)]
        if not places or len(parts) != len(segments):
            return
        place = self._random.choice(places)
        known = segments[place]
        fresh = [*ODD_KEYS, values.unknown_key(self._random), *self._world.gone[-5:]]
        segments[place] = self._random.choice(
            (self._random.choice(fresh), known.upper(), known.replace("-", "") or "x")
        )
        draft.path = "/".join(segments)

    def _parameter(self, draft: Draft) -> None:
        field = self._random.choice([*query_fields(draft.operation), None])
        name = field.wire if field else "unknown"
        cursors = [page.cursor for page in self._composer.pages[-8:]]
        if paged(draft.operation).get(name) == "after" and cursors and self._random.random() < 0.7:
            value = self._random.choice(cursors) + self._random.choice(("", "", "x"))
        else:
            value = values.unusual_parameter(field.type if field else None, self._situation())
        if self._random.random() < 0.75:
            draft.query = [pair for pair in draft.query if pair[0] != name]
        draft.query.insert(self._random.randint(0, len(draft.query)), (name, value))

    # What --------------------------------------------------------------------------------------------

    def _situation(self, draft: Draft | None = None) -> values.Situation:
        body = None if draft is None else draft.operation.body
        return self._composer.at_hand(
            draft.rows if draft else (), body is not None and body.media == "multipart"
        )

    def _member(self, draft: Draft) -> None:
        """Another value for one or two members; sometimes beside the good one (the last wins)."""
        assert draft.members is not None
        fields = draft.operation.body.fields if draft.operation.body else ()
        for field in self._random.sample(fields, min(len(fields), self._random.choice((1, 1, 2)))):
            if self._random.random() < 0.9:
                draft.members = [pair for pair in draft.members if pair[0] != field.wire]
            draft.members.append((field.wire, values.unusual(field.type, self._situation(draft))))

    def _varied(self, draft: Draft) -> None:
        """Another good value for one or two members: what is left to refuse it is a rule or a check."""
        assert draft.members is not None
        fields = draft.operation.body.fields if draft.operation.body is not None else ()
        for field in self._random.sample(fields, min(len(fields), self._random.choice((1, 1, 2)))):
            draft.members = [pair for pair in draft.members if pair[0] != field.wire]
            draft.members.append((field.wire, values.member(field, self._situation(draft))))

    def _references(self, draft: Draft) -> list[InputField]:
        fields = draft.operation.body.fields if draft.operation.body is not None else ()
        return [field for field in fields if isinstance(field.type, ReferenceType | ManyType)]

    def _elsewhere(self, draft: Draft) -> None:
        """A reference to a row that has nothing to do with the rows at hand: the caller's own, one that they may
        read and that is not theirs (what is left to refuse it is what may become of the row), or any."""
        assert draft.members is not None
        field = self._random.choice(self._references(draft))
        assert isinstance(field.type, ReferenceType | ManyType)
        person = None if draft.session is None else draft.session.subject
        entity = field.type.entity
        at_hand = {pair for name, row in draft.rows for pair in self._world.refers(name, row)}
        rows = [
            row for row in self._world.rows(entity) if at_hand.isdisjoint(self._world.refers(entity, row))
        ]
        own = [row for row in rows if self._world.belongs(entity, row, person)]
        if not rows:
            return
        at = moment(self._composer.number)
        seen = [row for row in rows if row not in own and self._world.sees(entity, row, person, at)]
        key = self._composer.key_source(
            entity, self._random.choice(self._random.choice([kind for kind in (own, seen, rows) if kind]))
        )
        draft.members = [pair for pair in draft.members if pair[0] != field.wire]
        draft.members.append((field.wire, f"[{key}]" if isinstance(field.type, ManyType) else key))

    def _missing(self, draft: Draft) -> None:
        if draft.members:
            draft.members.pop(self._random.randrange(len(draft.members)))

    def _nothing(self, draft: Draft) -> None:
        draft.members = []

    def _unknown_member(self, draft: Draft) -> None:
        """Members that are no input: unknown ones, and fields that only the system sets."""
        assert draft.members is not None
        stored = [field.name for entity in self._model.entities for field in entity.fields]
        name = self._random.choice(["unknown", "id", "__proto__", "Ünknown", *stored])
        draft.members.insert(self._random.randint(0, len(draft.members)), (name, '"x"'))

    def _content(self, draft: Draft) -> None:
        body = draft.operation.body
        assert body is not None
        choices: Sequence[bytes] = ODD_BODIES
        if body.media == "form":
            choices = ODD_FORMS
        elif body.media == "multipart":
            choices = ODD_PARTS
        elif body.bare is not None:
            choices = (*ODD_BODIES, b"[]", b"[[]]", b"[null]", b"{}", b'"x"')
        elif body.wrap is not None:
            odd = [wrapped(text, body.wrap) for text in ("null", "[]", '"x"', "{}")]
            choices = (*ODD_BODIES, *odd, *odd, b"{}")
        draft.content = self._random.choice(choices)

    def _content_type(self, draft: Draft) -> None:
        found = self._random.choice((*ODD_TYPES, *JSON_TYPES))
        draft.headers.pop("content-type", None)
        if found is not None:
            draft.headers["content-type"] = found

    def _too_much(self, draft: Draft) -> None:
        most = draft.operation.max_body or self._model.service.max_body
        draft.content = b'{"a": "' + b"x" * min(most, EVERYTHING) + b'"}'

    def _version(self, draft: Draft) -> None:
        draft.headers.pop("if-match", None)
        if self._random.random() < 0.8:
            draft.headers["if-match"] = self._random.choice(VERSIONS)

    def _idempotency(self, draft: Draft) -> None:
        draft.headers.pop("idempotency-key", None)
        if self._random.random() < 0.7:
            draft.headers["idempotency-key"] = self._random.choice(IDEMPOTENCY[:-1])
