"""Random request sequences by several callers, made from a model: most of them sensible, many of them not.

A seed gives the same sequence every time. The reference is asked beforehand what a request would get, so that most
requests do something, and so that answers which nobody has seen yet are looked for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence as Choices
from random import Random
from urllib.parse import urlencode

import msgspec

from backwright.model.types import Entity, Model, SignOut
from backwright.reference.http import Response
from backwright.reference.sessions import SAFE, Session
from backwright.verify import traffic
from backwright.verify.aims import Aim
from backwright.verify.composing import Composer, Page, assignable
from backwright.verify.conversation import Outcome
from backwright.verify.coverage import declared, of_a_race
from backwright.verify.draft import Draft
from backwright.verify.oracle import Oracle
from backwright.verify.spoil import Edge, Spoiler, edges
from backwright.verify.traffic import Assigned, Event, Put, Sent, Together
from backwright.verify.world import World, moment

WANTED, MEANT_WELL, MEANT_BETTER = 0.55, 0.72, 0.88
"""The share of requests that should do something; of those that are meant to; and of these where too few did."""
TRIES = 12
OTHERS = 4
IN_VAIN = 0.1
RARE = 3
FORGOTTEN = 6
HOPELESS = 20
"""After so many refusals without a success an operation is tried only now and then."""
NEARLY_RIGHT = 0.7
"""The share of spoiled requests that would have been accepted: what is spoiled is then all that is wrong."""
AT_ONCE = 0.02
BURSTS = 0.008
FEW = 40
"""How many requests of one kind may follow each other at once, to meet a limit."""
LOOKED_FOR = 0.12
LONGEST_QUERY = 60_000
EDGES = 0.1
MINUTE, DAY = 60_000, 86_400_000


class Sequence:
    """Makes the requests of one sequence of `length`. Tell it what came of each with `learn`."""

    def __init__(self, model: Model, seed: int, length: int, oracle: Oracle) -> None:
        self._model = model
        self._random = Random(seed)  # noqa: S311  (repeatable on purpose)
        self._length = length
        self._oracle = oracle
        self._made = 0
        self._did = 0
        self._number = 0
        self.world = World(model, oracle, self._random)
        self._composer = Composer(model, self.world)
        self._spoiler = Spoiler(model, self._random, self.world, self._composer)
        self._edges = edges(model)
        self._random.shuffle(self._edges)
        self._last: tuple[dict[int, Draft], Event] | None = None
        self._size = 0
        self._repeatable: list[tuple[Draft, Sent]] = []
        self._seen: dict[str, Counter[int]] = {aim.operation.name: Counter() for aim in self._composer.aims}
        self._burst: list[Aim] = []
        self._limited = [
            aim for aim in self._composer.aims if any(rate.count <= FEW for rate in aim.operation.rates)
        ]
        self._in_vain: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._declared = {
            aim.operation.name: declared(aim.operation, model) - of_a_race(aim.operation, model)
            for aim in self._composer.aims
        }
        audits = {entity.audit.into for entity in model.entities if entity.audit is not None}
        self._puttable = [entity for entity in model.entities if entity.name not in audits]

    @property
    def finished(self) -> bool:
        return self._made >= self._length

    def events(self, deadline: float, most: int | None = None) -> Iterator[Event]:
        """Everything that happens, one after the other, until there are enough requests or it is too late.

        Of `most` requests it is the beginning of the same sequence: how long the sequence is decides what it holds.
        """
        while not self.finished and time.monotonic() < deadline:
            if most is not None and self._made >= most:
                return
            yield self.next()

    def next(self) -> Event:
        """What happens next."""
        self._number += 1 + self._passing_time()
        self._size = self.world.size()
        happening = self._happening()
        if happening is not None:
            self._last = ({}, happening)
            return happening
        self._made += 1
        if self._random.random() < AT_ONCE and not self._burst and self._made + 2 <= self._length:
            self._last = self._at_once()
            self._made += len(self._last[0]) - 1
        else:
            draft, sent = self._request()
            self._last = ({sent.number: draft}, sent)
        return self._last[1]

    def learn(self, outcome: Outcome) -> None:
        """What came of it: the reference's answers, and the rows that are new."""
        assert self._last is not None
        drafts, event = self._last
        self.world.learn(event.number, outcome.put, None)
        for each in outcome.answers:
            draft = drafts[each.sent.number]
            person = None if draft.session is None else draft.session.subject
            self.world.learn(each.sent.number, each.made, person)
            self._did += each.answer.status < 400
            self._answered(draft, each.sent, each.answer)
        self.world.removed(self._size)

    def _answered(self, draft: Draft, sent: Sent, answer: Response) -> None:
        if draft.label != draft.operation.name:
            return
        self._seen[draft.label][answer.status] += 1
        if answer.status < 400:
            for _, cursor in traffic.opaque(answer.body):
                if cursor.startswith("cursor"):
                    query = (*sent.query, *draft.told())
                    self._composer.pages.append(
                        Page(draft.label, sent.path, query, draft.session, str(cursor), sent.needs)
                    )
            del self._composer.pages[:-40]
            if "idempotency-key" in dict(sent.headers):
                self._repeatable.append((draft, sent))

    # Time, and what others do ------------------------------------------------------------------------

    def _passing_time(self) -> int:
        """Milliseconds that pass: mostly few, sometimes until the tokens are nearly or just expired, or for days."""
        auth, chance = self._model.auth, self._random.random()
        if self._burst:
            return 0
        if auth is not None and self._made == self._length * 70 // 100:
            return auth.token_seconds * 1000 - MINUTE
        if auth is not None and self._made == self._length * 75 // 100:
            return 2 * MINUTE
        if chance < 0.003:
            return self._random.randint(1, 4) * DAY
        if chance < 0.03:
            return self._random.randint(1, 90 * MINUTE if auth is None else max(1, auth.token_seconds * 30))
        return self._random.choice((0, 0, 1, 7, 60))

    def _happening(self) -> Put | Assigned | None:
        """What somebody does at the database: puts in rows that no operation makes, or gives somebody a role."""
        entity = self._to_put()
        for _ in range(TRIES if entity is not None else 0):
            assert entity is not None
            self._begin()
            content = self._composer.row(entity)
            put = Put(entity=entity.name, number=self._number, content=content, needs=self._needs())
            if self._oracle.fits(put):
                return put
        return self._assigned() if self._random.random() < (0.2 if self._made < 80 else 0.04) else None

    def _begin(self) -> None:
        """Begin to make something: nothing is used yet."""
        self.world.used.clear()
        self._composer.number = self._number

    def _needs(self) -> tuple[int, ...]:
        return tuple(sorted(self.world.used))

    def _to_put(self) -> Entity | None:
        """An entity of which a row is put in."""
        for entity in self._puttable:
            wanted = len(self._oracle.rows[entity.name]) < 4 and self._is_hard_to_make(entity.name)
            if wanted and self._random.random() < 0.4:
                return entity
        return (
            self._random.choice(self._puttable) if self._puttable and self._random.random() < 0.02 else None
        )

    def _is_hard_to_make(self, entity: str) -> bool:
        """Whether no operation makes such a row, or those that do were refused so far."""
        makers = [aim for aim in self._composer.aims if entity in aim.makes]
        if entity == self.world.identity and not any(aim.operation.caller != "required" for aim in makers):
            return True
        seen = [status for aim in makers for status in self._seen[aim.operation.name].elements()]
        return not makers or (len(seen) > 4 * len(makers) and min(seen) >= 400)

    def _assigned(self) -> Assigned | None:
        choices = [
            (entity, field, choices)
            for entity in self._puttable
            for field in entity.fields
            if (choices := assignable(field, entity)) and self._oracle.rows[entity.name]
        ]
        if not choices:
            return None
        people = [choice for choice in choices if choice[0].name == self.world.identity]
        entity, field, offered = self._random.choice(
            people if people and self._random.random() < 0.7 else choices
        )
        self._begin()
        rows = self._oracle.rows[entity.name][:8]
        signed_in = (
            {session.subject for session in self._sessions()} if entity.name == self.world.identity else set()
        )
        row = self._random.choice([row for row in rows if row[entity.key] in signed_in] or rows)
        grants = offered[-1:] if self._random.random() < 0.3 else list(offered)
        keys, value = self.world.keys(entity.name, row), self._random.choice(list(grants))
        return Assigned(
            number=self._number,
            entity=entity.name,
            keys=keys,
            field=field.name,
            value=value,
            needs=self._needs(),
        )

    # Choosing ----------------------------------------------------------------------------------------

    def _request(self) -> tuple[Draft, Sent]:
        if self._burst:
            return self._finished(self._good(self._burst.pop()))
        chance = self._random.random()
        if chance < BURSTS and self._limited:
            aim = self._random.choice(self._limited)
            self._burst = [aim] * (1 + min(rate.count for rate in aim.operation.rates))
        if chance < 0.015:
            return self._finished(self._unknown_route())
        if chance < 0.03 and self._repeatable:
            return self._again()
        if chance < 0.03 + LOOKED_FOR:
            return self._looked_for()
        if chance < 0.03 + LOOKED_FOR + EDGES and self._edges:
            edge = self._edges.pop()
            aim = next(aim for aim in self._composer.aims if aim.operation is edge.operation)
            return self._at_the_edge(aim, edge)
        few = self._did < WANTED * self._made
        if self._random.random() < (MEANT_BETTER if few else MEANT_WELL):
            return self._meant_well()
        if self._random.random() < NEARLY_RIGHT:
            (draft, _), _ = self._tried(self._chosen())
        else:
            draft = self._good(self._chosen())
        if self._random.random() < 0.9:
            self._spoiler.spoil(draft)
        return self._finished(draft)

    def _meant_well(self) -> tuple[Draft, Sent]:
        """A request that the reference accepts; now and then one that somebody tries in vain."""
        for _ in range(OTHERS):
            found, accepted = self._tried(self._chosen())
            if accepted or self._random.random() < IN_VAIN:
                break
        return found

    def _at_once(self) -> tuple[dict[int, Draft], Event]:
        """Two or three requests at the same time that would be accepted alone: the same one, or others of its rows."""
        (draft, sent), accepted = self._tried(self._chosen())
        if not accepted or sent.method in SAFE or self._counts(draft):
            return {sent.number: draft}, sent
        drafts, requests = {sent.number: draft}, [sent]
        for _ in range(self._random.choice((1, 1, 2))):
            self._number += 1
            other, again = self._beside(draft, sent)
            drafts[again.number] = other
            requests.append(again)
        return drafts, Together(requests=tuple(requests))

    def _beside(self, draft: Draft, sent: Sent) -> tuple[Draft, Sent]:
        """Another request about the same rows: another operation at the same address, or the same once more."""
        same = [
            aim
            for aim in self._composer.aims
            if aim.operation.path == draft.operation.path and aim.operation is not draft.operation
        ]
        if same and self._random.random() < 0.4:
            other = self._good(self._random.choice(same))
            other.path = draft.path
            if not self._counts(other):
                return self._finished(other)
        return draft, msgspec.structs.replace(sent, number=self._number)

    def _counts(self, draft: Draft) -> bool:
        """Whether the operation takes numbers from a sequence, or signs in: which gets which cannot be told."""
        aim = next(aim for aim in self._composer.aims if aim.operation is draft.operation)
        made = [field for entity in aim.makes for field in self._model.entity(entity).fields]
        return aim.begins or any(field.generated == "sequence" for field in made)

    def _at_the_edge(self, aim: Aim, edge: Edge) -> tuple[Draft, Sent]:
        """A request that would be accepted, with a value at the limit of one input."""
        (draft, _), _ = self._tried(aim)
        edge.apply(draft)
        return self._finished(draft)

    def _tried(self, aim: Aim) -> tuple[tuple[Draft, Sent], bool]:
        """The first of some tries that the reference would accept, or the last; and whether it would."""
        tries = TRIES * 2 if self._accepted(aim) < RARE else TRIES
        in_vain = self._in_vain[aim.operation.name]
        for _ in range(max(2, tries >> in_vain)):
            found = self._finished(self._good(aim))
            answer = self._oracle.foretold(found[1])
            if answer.status == 429 and self._random.random() < 0.85:
                self._number += 1000 * int(answer.headers.get("retry-after", "1"))
            elif answer.status < 400:
                self._in_vain[aim.operation.name] = 0
                return found, True
        self._in_vain[aim.operation.name] = (in_vain + 1) % FORGOTTEN
        return found, False

    def _accepted(self, aim: Aim) -> int:
        """How often the operation was accepted."""
        return sum(n for status, n in self._seen[aim.operation.name].items() if status < 400)

    def _looked_for(self) -> tuple[Draft, Sent]:
        """A request with an answer that its operation says it gives, and that nobody has seen yet.

        The more often it was looked for in vain, the less is tried.
        """
        missing = [aim for aim in self._composer.aims if self._unseen(aim)]
        aim = self._random.choice(missing) if missing else self._chosen()
        name, unseen = aim.operation.name, self._unseen(aim)
        for _ in range(max(1, TRIES >> self._missed[name]) if unseen else 1):
            draft = self._good(aim)
            if self._random.random() < 0.5:
                self._spoiler.spoil(draft)
            found = self._finished(draft)
            if draft.label == name and unseen and self._oracle.foretold(found[1]).status in unseen:
                return found
        self._missed[name] += 1
        return found

    def _unseen(self, aim: Aim) -> frozenset[int]:
        return self._declared[aim.operation.name] - set(self._seen[aim.operation.name])

    def _chosen(self) -> Aim:
        """An operation: one that makes or shows something, rather than one that ends something."""
        if len(self.world.accounts()) < 3 or not self._sessions():
            entrance = self._entrance()
            if entrance is not None and self._random.random() < 0.85:
                return entrance
        aims = self._composer.aims
        return self._possible(self._random.choices(aims, [self._weight(aim) for aim in aims])[0])

    def _entrance(self) -> Aim | None:
        """An operation by which somebody gets an account, or signs in."""
        wanted = "new" if len(self.world.accounts()) < 3 else "known"
        ways = [
            aim
            for aim in self._composer.aims
            if aim.operation.caller != "required" and (aim.begins or self.world.identity in aim.makes)
        ]
        fresh = [aim for aim in ways if self.world.identity in aim.makes]
        signing = [aim for aim in ways if aim.begins and aim.proves is not None]
        choices = (
            fresh
            if wanted == "new" and (not self.world.accounts() or self._random.random() < 0.6)
            else signing
        )
        if not choices and not self.world.accounts():
            return None
        return self._random.choice(choices or ways) if ways else None

    def _possible(self, aim: Aim) -> Aim:
        """Mostly one that has the rows it needs: where there are none, the operation that makes them."""
        for _ in range(3):
            lacking = next((entity for entity in aim.needs if not self._oracle.rows[entity]), None)
            makers = [other for other in self._composer.aims if lacking in other.makes and other is not aim]
            makers = [other for other in makers if not self._is_hopeless(other)]
            if not makers or self._random.random() > 0.9:
                return aim
            aim = self._random.choice(makers)
        return aim

    def _is_hopeless(self, aim: Aim) -> bool:
        """Whether it was refused many times and never accepted: then others get their turn."""
        return not self._accepted(aim) and self._seen[aim.operation.name].total() > HOPELESS

    def _weight(self, aim: Aim) -> float:
        fresh = 4 / (1 + self._accepted(aim))
        if self._is_hopeless(aim):
            return 2.0
        if any(isinstance(step, SignOut) for step in aim.operation.steps):
            return 0.2 + fresh / 4
        if aim.begins:
            return 0.4 + fresh / 4
        if aim.operation.method == "DELETE":
            return 1.0 + fresh / 2
        return (3.5 if aim.makes else 3.0) + fresh + min(aim.demands, 6)

    def _sessions(self) -> list[Session]:
        return self.world.sessions(moment(self._number))

    def _caller(self, aim: Aim, sessions: list[Session]) -> Session | None:
        """Somebody who is signed in; nobody now and then, and where it makes no difference."""
        if not sessions or aim.operation.caller == "none" or self._random.random() < 0.04:
            return None
        return self._random.choice(sessions)

    def _good(self, aim: Aim) -> Draft:
        self._begin()
        sessions = self._sessions()
        return self._composer.good(aim, self._caller(aim, sessions), sessions)

    def _finished(self, draft: Draft) -> tuple[Draft, Sent]:
        if draft.method == "GET" and self._random.random() < 0.03:
            draft.method, draft.label = "HEAD", "HEAD"
        query, headers = draft.apart()
        return draft, Sent(
            number=self._number,
            operation=draft.label,
            method=draft.method,
            path=draft.path,
            query=within_address(query),
            headers=tuple(sorted(headers.items())),
            body=draft.body(),
            needs=self._needs(),
        )

    def _unknown_route(self) -> Draft:
        aims: Choices[Aim] = self._composer.aims
        draft = Draft(self._random.choice(aims).operation)
        draft.label = "unknown route"
        literal = draft.path.replace("{", "").replace("}", "")
        draft.path = self._random.choice(
            (
                f"{literal}/more/of/it/still",
                f"{literal}x/y/z/w",
                "/nothing/here/at/all",
                f"{literal}/",
                "/nothing",
            )
        )
        return draft

    def _again(self) -> tuple[Draft, Sent]:
        """A request with an idempotency key once more: the same one, or another under its key."""
        draft, sent = self._random.choice(self._repeatable[-6:])
        again = msgspec.structs.replace(sent, number=self._number, needs=(*sent.needs, sent.number))
        if self._random.random() < 0.3:
            again = msgspec.structs.replace(again, body=(again.body or b"") + b" ")
        return draft, again


def within_address(query: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The parameters that fit into an address, in which no server reads more than 64 KiB. The longest are left out."""
    found = list(query)
    while found and len(urlencode(found, errors="surrogatepass")) > LONGEST_QUERY:
        found.remove(max(found, key=lambda pair: len(pair[1])))
    return tuple(found)
