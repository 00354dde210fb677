"""Learns from a contract how its things are made, so that each operation can be sent as somebody who may.

`prepare` makes what a path needs from left to right: `/orders/{id}/lines/{line}` creates an order, takes its id from
the answer, creates a line in it, and takes that one's id. What the contract has no creation for is taken from what
earlier answers showed. A body is tried in several ways, from the contract's examples to what was accepted before.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from backwright.verify.observed import Caller, Exchange, Observed
from backwright.verify.target.calling import Client, Sent, Unreachable
from backwright.verify.target.contract import Body, Operation, Parameter, base_path, operations_of, texts_of
from backwright.verify.target.encoding import encoded, queried, simple
from backwright.verify.target.files import File, likely
from backwright.verify.target.leading import Leads
from backwright.verify.target.made import Made
from backwright.verify.target.naming import (
    aliases,
    before,
    best,
    filled,
    members,
    names_of,
    noun_of,
    referred,
)
from backwright.verify.target.order import PRESENT, changes_password, ends, late, token_of
from backwright.verify.target.references import dangling, referring, replaced
from backwright.verify.target.sampling import Modest, Sampler

ASTRAY = {400, 404, 409, 422}
"""Statuses that may be about what the body names."""
DEEPEST = 8
WAYS = 7
OTHER_FILES = ("image/png", "application/pdf", "text/csv")
CHOICES = 4
"""How many known things are tried for one path."""


class World:
    """What is known of a running backend, growing with each request."""

    def __init__(self, seen: Observed, client: Client, seed: int = 1, patience: float = 20.0) -> None:
        self.seen = seen
        self.patience = patience  # how long one probe may take, in seconds
        self.client = client
        self.operations = operations_of(seen.contract)
        self.base = base_path(seen.contract)
        self.fixed = frozenset(texts_of(seen.contract))  # what is no mark of a thing: anybody may send it
        self.made: list[Made] = []
        self.sampler = Sampler(seen.contract, seed)
        self._modest = Modest(seen.contract, seed + 1)
        self.leads = Leads(self)
        self._by_name = {operation.name: operation for operation in self.operations}
        self._anew = False  # are things being made that a body is to name?
        self._working: dict[str, int] = {}  # which way of making a body was accepted
        self._known_bodies: dict[str, list[Any]] = {}
        for exchange in seen.accepted():
            body = _decoded(exchange.content) or _form(exchange)
            if body is not None:
                self._known_bodies.setdefault(exchange.operation, []).append(body)

    @property
    def callers(self) -> tuple[Caller, ...]:
        return self.seen.callers

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of the contract, if there is such."""
        return self._by_name.get(f"{method} {path}")

    # Requests -------------------------------------------------------------------------------------

    def send(
        self,
        operation: Operation,
        caller: Caller | None,
        path: Mapping[str, str],
        body: Any = None,
        query: Mapping[str, Any] | None = None,
    ) -> Made:
        """Send an operation with these values and keep the answer. Raises Unreachable."""
        sent = self.request(operation, caller, path, body, query)
        made = Made(
            operation=operation,
            caller=caller.name if caller else "",
            sent=sent,
            answer=self.client.send(sent),
            path=path,
            body=body,
        )
        self.made.append(made)
        return made

    def request(
        self,
        operation: Operation,
        caller: Caller | None,
        path: Mapping[str, str],
        body: Any = None,
        query: Mapping[str, Any] | None = None,
    ) -> Sent:
        """The operation as a request, with what its contract requires beside path and body."""
        headers = self.credentials(operation, caller)
        asked: dict[str, Any] = {}
        for parameter in operation.parameters:
            if not parameter.required or parameter.where == "path":
                continue
            value = (
                parameter.examples[0]
                if parameter.examples
                else self.sampler.value(parameter.schema, parameter.name)
            )
            if parameter.where == "query":
                asked[parameter.name] = value
            elif parameter.where == "header" and parameter.name.lower() not in _lower(headers):
                shown = (
                    self._version(operation, caller, path) if parameter.name.lower() == "if-match" else None
                )
                headers[parameter.name] = shown or simple(parameter, value)
        asked |= query or {}
        target = self.base + filled(operation.path, path)
        if asked:
            known = {each.name: each for each in operation.parameters if each.where == "query"}
            target += "?" + queried(known, asked)
        content = None
        if body is not None and operation.body is not None:
            files = {name: likely(name, said) for name, said in operation.body.files.items()}
            content, media = encoded(body, operation.body.media, files)
            headers["Content-Type"] = media
        return Sent(method=operation.method, target=target, headers=headers, content=content)

    def credentials(self, operation: Operation, caller: Caller | None) -> dict[str, str]:
        """The caller's headers, but not for what the contract opens to everybody, as signing in: a session that is sent
        along with it may end by it. A contract that asks for credentials nowhere says nothing of this.
        """
        entering = operation.open and operation.method == "POST" and not operation.path_names
        if caller is None or (entering and any(each.secured for each in self.operations)):
            return {}
        return dict(caller.headers)

    def _version(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> str | None:
        """The ETag of what the operation is about, as it can be read now."""
        reading = self.operation("GET", operation.path)
        if reading is None:
            return None
        # Who may not read it has to be refused for that, and not for a version that is wrong.
        readers = [caller, *(each for each in self.callers if each != caller)]
        tags = (self.send(reading, each, path).answer.headers.get("etag") for each in readers)
        return next((tag for tag in tags if tag is not None), None)

    # Exploring ------------------------------------------------------------------------------------

    def explore(self) -> tuple[str, ...]:
        """Bring every operation to an accepted exchange as the first caller who may; the names of the others."""
        missing = sorted(self.operations, key=late)
        for _ in range(2):  # what was shown in the first round fills what lacked in it
            missing = [operation for operation in missing if self.reach(operation) is None]
        return tuple(operation.name for operation in missing)

    def reach(self, operation: Operation) -> Made | None:
        """An accepted exchange of the operation: as one of the callers, else as nobody."""
        who: list[Caller | None] = [*self.callers_for(operation)]
        for caller in [*who, None] if not operation.secured or not who else who:
            made = self.leads.between(operation, caller) or self.perform(operation, caller)
            if made is not None and not made.done and self.beside(operation):
                made = self.ready(operation, caller)
            if made is not None and not made.done:
                made = self.leads.find(operation, caller, made) or made
            if made is not None and not made.done and self.beside(operation, acts=True):
                made = self.ready(operation, caller, acts=True)
            if made is not None and made.done:
                return made
        return None

    def callers_for(self, operation: Operation) -> tuple[Caller, ...]:
        """Who may be asked for: the callers; where it would end their session, somebody who is signed in for it."""
        lasting = not ends(operation) and not changes_password(operation)
        if not self.callers or self.seen.renew is None or lasting:
            return self.callers
        spent = self.seen.renew()
        return (spent,) if spent is not None else ()

    def beside(self, operation: Operation, *, acts: bool = False) -> tuple[Operation, ...]:
        """What else can be made in the thing that the operation is about: a deposit, before a transfer is.

        What is sent without a body acts on the thing, and may end it: it is done only where nothing else helps.
        """
        above, names = operation.path.rpartition("/")[0], operation.path_names
        return tuple(
            each
            for each in self.operations
            if names and each.method == operation.method == "POST" and each.path != operation.path
            and each.path.rpartition("/")[0] == above and each.path_names == names
            and (acts or each.body is not None)
        )  # fmt: skip

    def prepared(
        self, operation: Operation, caller: Caller | None, *, acts: bool = False
    ) -> dict[str, str] | None:
        """Values for the path, with what else can be made there made before."""
        path = self.path_for(operation, caller)
        if path is not None:
            self.prepare(operation, caller, path, acts=acts)
        return path

    def prepare(
        self, operation: Operation, caller: Caller | None, path: Mapping[str, str], *, acts: bool = False
    ) -> bool:
        """Make what else can be made there; false where there is nothing."""
        beside = self.beside(operation, acts=acts)
        for each in beside:
            self.attempt(each, caller, path)
        return bool(beside)

    def ready(self, operation: Operation, caller: Caller | None, *, acts: bool = False) -> Made | None:
        """The operation on a thing that was prepared for it. The last answer, as of `attempt`."""
        path = self.prepared(operation, caller, acts=acts)
        return self.attempt(operation, caller, path) if path is not None else None

    def perform(self, operation: Operation, caller: Caller | None, depth: int = 0) -> Made | None:
        """Make what the path needs as this caller, then send; bodies are tried until one is accepted.

        The last answer, accepted or not; None where the path cannot be filled or nobody answers.
        """
        last: Made | None = None
        for path in self.paths(operation, caller, depth):
            made = self.attempt(operation, caller, path)
            last = made or last
            if made is not None and made.done:
                break
        return last

    def paths(self, operation: Operation, caller: Caller | None, depth: int = 0) -> Iterator[dict[str, str]]:
        """Values for the path, the likeliest first: where nothing can be made, several things may be known."""
        tried: list[dict[str, str]] = []
        for choice in range(CHOICES):
            path = self.path_for(operation, caller, depth, choice)
            if path is None or path in tried:
                return
            yield path
            tried.append(path)

    def attempt(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> Made | None:
        """Send with these values of the path; bodies are tried until one is accepted. The last answer."""
        last = self._tried(operation, caller, path)
        if last is None or last.done or last.answer.status not in ASTRAY or self._anew:
            return last
        return self._with_new(operation, caller, path) or last

    def _with_new(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> Made | None:
        """The operation about things that are made for it, as little of them as may be asked: those that are known may
        be gone, another's, or used up. None where its body names nothing that can be made, or it is refused again.
        """
        names = members(self._modest.value(operation.body.schema)) if operation.body is not None else ()
        nouns = {referred(name) for name, _ in names} - {""}
        creations = [
            each
            for each in self.operations
            if each.method == "POST" and not each.path_names and names_of(each.path) & nouns
        ]
        if not creations or operation in creations:
            return None
        self._anew = True
        for each in creations:
            self.attempt(each, caller, {})
        self._anew = False
        try:
            made = self.send(operation, caller, path, self.small(operation))
        except Unreachable:
            return None
        return made if made.done else None

    def _tried(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> Made | None:
        last: Made | None = None
        for number, body in self._likeliest(operation, caller):
            try:
                last = self.send(operation, caller, path, self.known_by(caller, operation, body))
            except Unreachable:
                continue
            if last.done:
                self._working[operation.name] = number
                return last
            if last.answer.status in _hopeless(operation) and not self._refers(last):
                break  # another body would not help; a login answers 401 to the wrong one
        return last

    def _likeliest(self, operation: Operation, caller: Caller | None) -> Iterator[tuple[int, Any]]:
        """The bodies to try: first one about things that were supplied for it, where it was seen to need such."""
        if operation.name in self.leads.furnished:
            yield WAYS, self.leads.body(operation, caller)
        yield from self.bodies(operation)

    def known_by(self, caller: Caller | None, operation: Operation, body: Any) -> Any:
        """The body with the caller's present password, where that is to be changed, and with its token, where that is
        to be ended; of those whose credentials everything else is asked with, they are not.
        """
        if caller is None or caller in self.callers or not isinstance(body, dict):
            return body
        if changes_password(operation) and caller.password:
            return {name: caller.password if PRESENT.search(name) else each for name, each in body.items()}
        if ends(operation):
            return {name: token_of(caller, name) or each for name, each in body.items()}
        return body

    def _refers(self, last: Made) -> bool:
        """Was it answered that there is none, and the body names something that may be meant?"""
        return last.answer.status == 404 and bool(self.dangling(last.operation, last.body))

    def body(self, operation: Operation) -> Any:
        """A new body, made in the way that was accepted before; None where the operation takes none."""
        if operation.name in self.leads.furnished:
            return self.leads.body(operation, next(iter(self.callers), None))
        return next(iter(self.bodies(operation)), (0, None))[1]

    def small(self, operation: Operation) -> Any:
        """A body with the smallest numbers: what is taken away by them lasts for long."""
        return (
            referring(self.made, self._modest.value(operation.body.schema))
            if operation.body is not None
            else None
        )

    def bodies(self, operation: Operation) -> Iterator[tuple[int, Any]]:
        """Bodies with the number of the way in which they were made; the way that worked comes first."""
        if operation.body is None:
            yield 0, None
            return
        known = self._working.get(operation.name)
        ways = list(range(WAYS))
        for number in sorted(ways, key=lambda each: (each != known, each)):
            yield from ((number, body) for body in self._way(operation, number))

    def _way(self, operation: Operation, number: int) -> Iterator[Any]:
        assert operation.body is not None
        schema, sampler = operation.body.schema, self.sampler
        match number:
            case 0:
                yield referring(self.made, sampler.value(schema))
            case 1:
                yield referring(self.made, sampler.value(schema, all_members=False))
            case 2:
                # Somebody who is known: a login takes what a registration took.
                yield from self._echoes(sampler.value(schema, all_members=False))
            case 3:
                for body in self._known_bodies.get(operation.name, ())[:2]:
                    yield self._renewed(body)
                    yield body
            case 4:
                yield from operation.body.examples[:2]
            case 5:
                body = sampler.value(schema)
                if unknown := self.dangling(operation, body):
                    yield referring(
                        self.made, {key: each for key, each in body.items() if key not in unknown}
                    )
            case _:
                body = referring(self.made, self._modest.value(schema))
                yield body
                yield from self._other_files(operation.body, body)

    def _other_files(self, described: Body, body: Any) -> Iterator[Any]:
        """The body with files of other types, where the contract does not say of which type they are."""
        unsaid = [name for name, said in described.files.items() if not said]
        for media in OTHER_FILES if unsaid and isinstance(body, dict) else ():
            files = {name: File(self.sampler.word(), media) for name in unsaid if name in body}
            lists = {name: [each] if isinstance(body[name], list) else each for name, each in files.items()}
            yield {**body, **lists}

    def _renewed(self, body: Any) -> Any:
        """A body that was accepted, with other words in it: names have to be new."""
        match body:
            case dict():
                return {name: self._renewed(each) for name, each in body.items()}
            case str() if re.fullmatch(r"[\w .-]{3,40}", body):
                return f"{body[:24]}{self.sampler.word()}"
            case str() if re.fullmatch(r"[\w.+-]+@[\w.-]+", body):
                return f"{self.sampler.word()}@{body.partition('@')[2]}"
            case _:
                return body

    def _echoes(self, body: Any) -> Iterator[Any]:
        """The body with the values of an accepted body that has the same members, the newest first."""
        wanted = set(dict(members(body)))
        earlier = [
            each.body for each in reversed(self.made) if each.answer.accepted and each.body is not None
        ]
        for other in [*earlier, *itertools.chain(*self._known_bodies.values())][:20]:
            values = dict(members(other))
            if wanted and wanted <= set(values):
                yield replaced(body, values)
                return

    def dangling(self, operation: Operation, body: Any) -> frozenset[str]:
        """The members of a body that name something of which nothing is known, and that may be left out."""
        if operation.body is None:
            return frozenset()
        return dangling(self.made, body, self.sampler.merged(operation.body.schema).get("required") or ())

    # Paths ----------------------------------------------------------------------------------------

    def path_for(
        self, operation: Operation, caller: Caller | None, depth: int = 0, choice: int = 0
    ) -> dict[str, str] | None:
        """Values for the path, newly made as this caller where the contract says how. None: nothing is known.

        `choice` counts through what is known, where nothing can be made.
        """
        path: dict[str, str] = {}
        for name in operation.path_names:
            value = self._new(operation, name, path, caller, depth)
            if value is None:
                known = list(itertools.islice(_distinct(self._known(operation, name, path)), choice + 1))
                value = known[-1] if known else None
            if value is None:
                return None
            path[name] = value
        self.leads.before(operation, caller, path)
        return path

    def creation(self, operation: Operation, name: str) -> Operation | None:
        """The operation that makes what a parameter of the path names: POST on what stands before it, or where such
        things are made in another: `/orders/{id}/lines` for `/lines/{id}`.
        """
        found = self.operation("POST", place := before(operation.path, name))
        if found is not None:
            return None if found is operation else found
        kind = place.rpartition("/")[2]
        elsewhere = [
            each
            for each in self.operations
            if each.method == "POST" and each.path.endswith(f"}}/{kind}") and name not in each.path_names
        ]
        flat = place.count("/") == 1 and "{" not in place and len(elsewhere) == 1
        return elsewhere[0] if flat and elsewhere[0] is not operation else None

    def _new(
        self, operation: Operation, name: str, path: Mapping[str, str], caller: Caller | None, depth: int
    ) -> str | None:
        creation = self.creation(operation, name)
        if creation is None or depth > DEEPEST:
            return None
        above: Mapping[str, str] | None = path
        if not set(creation.path_names) <= set(path):
            above = self.path_for(creation, caller, depth + 1)
        if above is None:
            return None
        above = {each: above[each] for each in creation.path_names}
        made = self.attempt(creation, caller, above)
        if made is not None and not made.answer.accepted and self.prepare(creation, caller, above):
            made = self.attempt(creation, caller, above)
        if made is None or not made.answer.accepted:
            return None
        return self.named(made, operation, name)

    def named(self, made: Made, operation: Operation, name: str) -> str | None:
        """What an answer calls the thing that a parameter of the path names."""
        linked = made.answer.headers.get("location", "")
        noun = noun_of(operation.path, name)
        value = best(made.answer.json(), name, noun)
        if value is not None:
            return value
        return unquote(linked.rstrip("/").rpartition("/")[2]) or None if "/" in linked else None

    def _known(self, operation: Operation, name: str, path: Mapping[str, str]) -> Iterator[str]:
        """Values for such a parameter: accepted before, shown at the same place, shown anywhere; newest first."""
        place, noun = before(operation.path, name), noun_of(operation.path, name)
        accepted = [each for each in reversed(self.made) if each.answer.accepted]
        yield from (each.path[name] for each in accepted if each.operation == operation and name in each.path)
        for each in accepted:
            if not each.operation.path.startswith(place):
                continue
            if all(each.path.get(key, value) == value for key, value in path.items()):
                value = each.path.get(name) or best(each.answer.json(), name, noun)
                if value is not None:
                    yield value
        own = aliases(name, noun)[0]
        for each in accepted:
            for member, shown in members(each.answer.json()):
                if member in own and isinstance(shown, str | int) and shown != "":
                    yield str(shown)
        parameter = next((p for p in operation.parameters if p.where == "path" and p.name == name), None)
        if parameter is not None:
            yield from map(str, parameter.examples)
            if operation.method == "PUT" or parameter.schema.get("enum") or _numbered(parameter):
                yield str(self.sampler.value(parameter.schema, name))


def _hopeless(operation: Operation) -> set[int]:
    """Statuses after which no other body helps. A login answers 401 or 404 to somebody whom it does not know."""
    missing = {404} if operation.path_names or operation.secured else set[int]()
    return {405, 429} | missing | ({401, 403} if operation.secured else set())


def _numbered(parameter: Parameter) -> bool:
    """Does the contract say between which numbers it is? Then there is no need to make one."""
    return "minimum" in parameter.schema and "maximum" in parameter.schema


def _distinct(values: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value not in seen:
            seen.add(value)
            yield value


def _decoded(content: bytes | None) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _form(exchange: Exchange) -> Any:
    """The members of a form; None where it is none."""
    media = next((value for name, value in exchange.headers.items() if name.lower() == "content-type"), "")
    if "form-urlencoded" not in media:
        return None
    return dict(parse_qsl((exchange.content or b"").decode("utf-8", "replace"))) or None


def _lower(headers: Mapping[str, str]) -> Sequence[str]:
    return [name.lower() for name in headers]
