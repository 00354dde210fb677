"""What is taken in one place is given in another, and not more of it than there is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.involved import Thing, above, changed, named, numbers
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.leading import like, number
from backwright.verify.target.naming import members
from backwright.verify.target.order import ends
from backwright.verify.target.references import replaced

IDS: tuple[str, ...] = ()
NAME = "balances"
WHY = "The debit was stored and the credit was not, or the order was refused and its stock is gone: nobody finds it."
UNDOING = re.compile(
    r"(^|[/_-])(cancel|void|revert|undo|return|release|refund|reverse)(lation|ation|s)?$", re.IGNORECASE
)
SETTLED = re.compile(r"/(total|grand_total|amount|capacity)(_?(cents|amount|price|minor))?$", re.IGNORECASE)
SO_FAR = re.compile(
    r"/((amount|quantity|total)_)?(paid|used|taken|booked|reserved|spent|refunded|captured|sold|redeemed|returned|allocated"
    r"|consumed|claimed)(_?(cents|amount|total|minor|count|quantity))?$",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"amount|quantity|value|cents|sum$|points|credits|units", re.IGNORECASE)
STOCK = re.compile(
    r"balance|stock|available|remaining|quantity|on_?hand|seats|inventory|credits|points", re.IGNORECASE
)
"""Numbers of which there cannot be less than none, unless the thing says how much less."""
ALLOWED = re.compile(r"overdraft|credit_?limit|limit|floor|allowance|back_?order", re.IGNORECASE)
UNCERTAIN = re.compile(r"^(state|status|pending)$", re.IGNORECASE)
"""Members that say that it may not be done yet."""

Shown = Mapping[str, Any]


def run(world: World) -> Outcome:
    """What acts on things (in the path, or named in the body) is sent, and they are read before and after.

    Refused, because something that it names does not exist, it has to have changed nothing. Between two things of one
    kind (`from_…`, `to_…`), a number that changes in one by the amount of the body has to change in the other, unless
    the answer says that it is not done yet. Asked for more than a thing shows, where the contract names 409, it must
    not be accepted with a balance or a stock below zero afterwards (unless the thing has a limit for that), or with
    more paid than the total. What is cancelled gives back what it took of others.
    """
    notes = Notes(world)
    for operation in world.operations:
        if operation.method != "POST" or ends(operation) or notes.late(operation.name):
            continue
        caller = next(iter(world.callers_for(operation)), None) if operation.secured else None
        try:
            if operation.body is not None:
                _refused(world, notes, operation, caller)
                _between(world, notes, operation, caller)
            if "409" in operation.statuses:
                _beyond(world, notes, operation, caller)
            if UNDOING.search(operation.path):
                _undone(world, notes, operation, caller)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _read(world: World, things: Sequence[Thing], caller: Caller | None) -> list[Shown]:
    return [thing.read(world, caller) for thing in things]


def _refused(world: World, notes: Notes, operation: Operation, caller: Caller | None) -> None:
    path = world.path_for(operation, caller)
    body = world.body(operation)
    for missing in named(world, body) if path is not None else ():
        astray = replaced(body, {missing.member: _nowhere(missing, body)})
        things = [
            *above(world, operation, path or {}),
            *(t for t in named(world, astray) if t.member != missing.member),
        ]
        before = _read(world, things, caller)
        tried = world.send(operation, caller, path or {}, astray)
        after = _read(world, things, caller)
        if not things or not all(before) or not 400 <= tried.answer.status < 500:
            continue
        notes.tried += 1
        if before == after:
            continue
        again = _read(world, things, caller)
        places = set().union(*map(changed, before, after, again))
        if places:
            names = ", ".join(sorted(f"`{place.rpartition('/')[2]}`" for place in places))
            what = f"is answered {tried.answer.status}, and changes {names} all the same"
            notes.found(operation.name, f"{what}: `{missing.member}` names nothing", tried.sent)


def _nowhere(thing: Thing, body: Any) -> Any:
    """An id of the same form that no thing has."""
    value = next(value for name, value in members(body) if name == thing.member)
    if isinstance(value, str) and not value.isdigit():
        return re.sub(r"[0-9a-f]", lambda found: "0" if found[0] != "0" else "1", value)
    return type(value)(987654321)


def _between(world: World, notes: Notes, operation: Operation, caller: Caller | None) -> None:
    path = world.path_for(operation, caller)
    body = world.body(operation)
    things = list(named(world, body))
    amounts = [abs(each) for name, value in members(body) if AMOUNT.search(name) and (each := number(value))]
    if (
        path is None
        or len(amounts) != 1
        or len(things) != 2
        or things[0].reading is not things[1].reading
        or things[0].path == things[1].path
    ):
        return
    before = _read(world, things, caller)
    tried = world.send(operation, caller, path, body)
    after = _read(world, things, caller)
    told = tried.answer.json()
    uncertain = tried.answer.status == 202 or any(UNCERTAIN.match(name) for name, _ in members(told))
    if not tried.answer.accepted or not all(before) or uncertain:
        notes.unjudged(operation.name, "it was not accepted between two things, or may not be done yet")
        return
    notes.tried += 1
    steps = [_steps(one, other) for one, other in zip(before, after, strict=True)]
    moved = {
        place
        for each in steps
        for place, step in each.items()
        if abs(step) == amounts[0] and (amounts[0] != 1 or STOCK.search(place.rpartition("/")[2]))
    }
    for place in moved:  # a number of messages, or of followers, grows on one side only
        if bool(steps[0].get(place)) != bool(steps[1].get(place)):
            only = things[0 if steps[0].get(place) else 1].member
            what = f"changes `{place.rpartition('/')[2]}` of `{only}` and not of the other"
            notes.found(operation.name, what, tried.sent)


def _steps(before: Shown, after: Shown) -> dict[str, float]:
    """By how much the numbers changed."""
    late = numbers(after)
    return {place: round(late[place] - each, 6) for place, each in numbers(before).items()
            if place in late and late[place] != each}  # fmt: skip


def _beyond(world: World, notes: Notes, operation: Operation, caller: Caller | None) -> None:
    """With one more than the greatest number that is shown: of the operation's own amount, or of what it acts on."""
    path = world.path_for(operation, caller)
    if path is None:
        return
    acting = operation.body is None
    creation = (
        world.creation(operation, operation.path_names[-1]) if acting and operation.path_names else None
    )
    source = creation if acting else operation
    if source is None or source.body is None:
        return
    body = world.body(source)
    things = [*named(world, body), *(() if acting else above(world, operation, path))]
    before = _read(world, things, caller)
    most = max((each for one in before for each in numbers(one).values()), default=None)
    amounts = {name: value for name, value in members(body) if number(value) is not None
               and name not in {thing.member for thing in things}}  # fmt: skip
    if most is None or not amounts or not things:
        return
    body = replaced(body, {name: like(most + 1, value) for name, value in amounts.items()})
    if acting and creation is not None:
        above_it = {name: path[name] for name in creation.path_names}
        made = world.send(creation, caller, above_it, body)
        value = world.named(made, operation, operation.path_names[-1]) if made.answer.accepted else None
        if value is None:
            return
        path, body = {**above_it, operation.path_names[-1]: value}, None
    tried = world.send(operation, caller, path, body)
    if tried.answer.status < 500:
        notes.tried += 1
    if not tried.answer.accepted:
        return
    for thing, one, other in zip(things, before, _read(world, things, caller), strict=True):
        whose = f"`{thing.member}` names" if thing.member else "it acts on"
        for what in _overdrawn(numbers(one), numbers(other)):
            notes.found(
                operation.name, f"is accepted for more than there is: of what {whose}, {what}", tried.sent
            )


def _overdrawn(was: Mapping[str, float], now: Mapping[str, float]) -> Iterator[str]:
    """What the numbers of a thing say that cannot be."""
    for place, each in now.items():
        name = place.rpartition("/")[2]
        if each < 0 <= was.get(place, -1) and STOCK.search(name) and not any(map(ALLOWED.search, now)):
            yield f"`{name}` is {each:g} then"
        if not SO_FAR.search(place):
            continue
        parent = place.removesuffix(name)
        whole = next(
            (other for other in now if SETTLED.search(other) and other.rpartition("/")[0] + "/" == parent), ""
        )
        if whole and each > now[whole] >= was.get(place, 0):
            yield f"`{name}` is more than `{whole.rpartition('/')[2]}` then"


def _undone(world: World, notes: Notes, operation: Operation, caller: Caller | None) -> None:
    """What another act took of the things that the thing names has to be there again afterwards."""
    name = operation.path_names[-1] if operation.path_names else ""
    creation = world.creation(operation, name) if name else None
    if creation is None or creation.body is None:
        return
    for act in world.beside(operation, acts=True):
        body = world.body(creation)
        things = list(named(world, body))
        parents = world.path_for(creation, caller) if things else None
        made = world.send(creation, caller, parents, body) if parents is not None else None
        value = world.named(made, operation, name) if made is not None and made.answer.accepted else None
        if made is None or value is None:
            continue
        path = {**made.path, name: value}
        before = _read(world, things, caller)
        done = world.attempt(act, caller, path)
        late = _read(world, things, caller)
        taken = [_taken(one, other) for one, other in zip(before, late, strict=True)]
        if done is None or not done.answer.accepted or not any(taken):
            continue
        tried = world.attempt(operation, caller, path)
        if tried is None or not tried.answer.accepted:
            continue
        notes.tried += 1
        back = [numbers(each) for each in _read(world, things, caller)]
        if all(
            now.get(place) == left
            for now, each in zip(back, taken, strict=True)
            for place, left in each.items()
        ):
            what = f"gives nothing back of what {act.name} took from what `{things[0].member}` names"
            notes.found(operation.name, what, tried.sent)


def _taken(before: Shown, after: Shown) -> dict[str, float]:
    """The numbers that have become less, as they are now."""
    was = numbers(before)
    return {place: each for place, each in numbers(after).items() if each < was.get(place, each)}
