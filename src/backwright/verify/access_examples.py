"""What a change of an access rule means, as an example: a caller, a row, and the request that is answered otherwise.

A bounded search over the reference (`emit/testing`): rows and a caller for whom the new rule holds and the old one does
not, or the other way round. What is found is true of both models; that nothing is found proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from shlex import quote
from typing import Any
from typing import Literal as OneOf

import msgspec

from backwright.emit.names import names
from backwright.emit.testing.frames import Frame, Spot, value
from backwright.emit.testing.reach import beginning, reached, sent, setting
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Scene, tried
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import Setting, World
from backwright.expr.typed import BOOLEAN, And, Expression, Input, Linked, Member, Name, Not, Related, Rows
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Field, Find, Model, Operation, PathParameter, ReferenceType, Rule
from backwright.plan.plan import Plan
from backwright.reference.texts import written
from backwright.verify.changed_rules import ChangedRule, changed_rules

WAYS = 6


class AccessExample(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who reaches more (or less) than before.

    `caller` and `row` are what the rules speak of, by name, `beside` the other rows that they look at. `request` is a
    line of curl, empty where no operation shows the difference; `status` is what it is answered now, and `before` was.
    Where the difference is in the answer's body, `shows` is what one of the two has and the other one lacks.
    """

    change: str
    effect: OneOf["can now", "can no longer"]
    words: str
    caller: dict[str, str]
    row: dict[str, str]
    beside: tuple[str, ...] = ()
    request: str = ""
    status: int | None = None
    before: int | None = None
    shows: str = ""

    def text(self) -> str:
        """The example as lines for people."""
        who = ", ".join(f"{name} {text}".strip() for name, text in self.caller.items()) or "nobody signed in"
        lines = [f"{self.words}", f"  caller: {who}"]
        lines += (
            [f"  row: {', '.join(f'{name} {text}' for name, text in self.row.items())}"] if self.row else []
        )
        lines += [f"  with: {each}" for each in self.beside]
        lines += [f"  {self.request}  # {self._answers()}"] if self.request else []
        return "\n".join(lines)

    def _answers(self) -> str:
        words = [f" with {self.shows}", f" without {self.shows}"] if self.shows else ["", ""]
        now, then = words if self.effect == "can now" else reversed(words)
        return f"{self.status}{now}, before: {self.before}{then}"


class _Asked(msgspec.Struct, frozen=True):
    """A request, what it is answered now and what it was, and what only one of the answers shows."""

    request: str = ""
    status: int | None = None
    before: int | None = None
    shows: str = ""


def access_examples(before: Model | None, after: Model, plan: Plan) -> list[AccessExample]:
    """Examples of every changed rule of the plan: what callers can do now, and what they no longer can."""
    changed = [] if before is None else list(changed_rules(before, after, plan))
    if before is None or not changed or not after.operations:
        return []
    both = (setting(before, names(before)), setting(after, names(after)))
    return [found for change in changed for found in _of_rule(change, both)]


def _of_rule(change: ChangedRule, both: tuple[Setting, Setting]) -> Iterator[AccessExample]:
    old, new = change.rules
    # What must not hold comes first: the search then has to find another way to what must.
    wider = (Not(type=BOOLEAN, of=old.condition), new.condition, *change.rows)
    narrower = (Not(type=BOOLEAN, of=new.condition), old.condition, *change.rows)
    if change.effect != "narrows":
        found = _found(change, And(type=BOOLEAN, parts=wider), "can now", both)
        if found is not None:
            yield found
    if change.effect != "widens":
        found = _found(change, And(type=BOOLEAN, parts=narrower), "can no longer", both)
        if found is not None:
            yield found


def _found(
    change: ChangedRule,
    wanted: Expression,
    effect: OneOf["can now", "can no longer"],
    both: tuple[Setting, Setting],
) -> AccessExample | None:
    """The first example in which an operation shows it; else the first at all."""
    before, common = both
    rules = change.rules
    silent: AccessExample | None = None
    for operation in (*change.shown_by(common.model), None):
        for scene, at in _scenes(change.entity, operation, wanted, common):
            asked = None
            if operation is not None:
                asked = _asked(operation, scene, at, wanted, before, change, succeeds=effect == "can now")
            made = AccessExample(
                change=change.name,
                effect=effect,
                words=_words(change, effect, scene, at),
                caller=_caller(scene, rules),
                row=_said(scene, at, rules, "this"),
                beside=tuple(_beside(scene, at, rules)),
                **msgspec.structs.asdict(asked or _Asked()),
            )
            if asked is not None:
                return made
            silent = silent or made
    return silent


def _scenes(
    entity: str, operation: Operation | None, wanted: Expression, common: Setting
) -> Iterator[tuple[Scene, int]]:
    """Scenes in which the condition holds of a row: for the caller of the scene, for another, for nobody."""
    usual = operation or common.model.operations[0]
    try:
        plain = beginning(usual, common)
    except Unfit:
        plain = Scene(usual, World(common))
    callers = [plain.caller] if common.identity is None else [_signed_in(plain), None]
    for caller in callers:
        scene = plain.copy()
        scene.caller = caller
        try:
            at = scene.world.add(entity)
        except Unfit:
            continue
        if caller is not None:
            scene.world.person()
        for made in islice(satisfied(wanted, True, scene, Frame(this=Spot(at))), WAYS):
            yield made, at


def _signed_in(scene: Scene) -> str:
    if scene.caller is None:
        scene.caller = scene.world.rows[scene.world.person()].variable
    return scene.caller


def _asked(
    operation: Operation,
    scene: Scene,
    at: int,
    wanted: Expression,
    before: Setting,
    change: ChangedRule,
    *,
    succeeds: bool,
) -> _Asked | None:
    """A request that is answered otherwise than before; None where this operation has none."""
    row = scene.world.rows[at]
    entity = scene.world.setting.model.entity(row.entity)
    made = scene.copy()
    for parameter in operation.path_parameters:
        field = _field_of(parameter, operation, entity)
        if field is not None:
            made.params[parameter.name] = row.values[field]
    common = scene.world.setting

    if change.sent is not None and not _sends(change.sent, made):
        return None

    def shows(other: Scene) -> bool:
        sends = change.sent is None or change.sent.name in (other.body or {})
        return sends and value(wanted, other, Frame(this=Spot(at))) is True

    here, there = (common, before) if succeeds else (before, common)
    first = _in(made, here)
    if first is None:
        return None
    accepted = reached(first, shows)
    other = None if accepted is None else _in(accepted.scene, there)
    if accepted is None or other is None:
        return None
    trial, former = (accepted, tried(other)) if succeeds else (tried(other), accepted)
    if change.shown is not None:
        bodies = [each.response.body for each in (trial, former)]
        now_told, told_before = (_tells(body, entity.wire(change.shown.name)) for body in bodies)
        if now_told is not succeeds or told_before is succeeds:
            return None
        name = entity.wire(change.shown.name)
        return _Asked(_curl(operation, trial.scene), trial.response.status, former.response.status, name)
    now, then = (each.response.status for each in (trial, former))
    if now < 400 <= then if succeeds else then < 400 and now in (403, 404):
        return _Asked(_curl(operation, trial.scene), now, then)
    key = str(row.values[entity.key])
    has, had = (key in str(each.response.body) for each in (trial, former))
    if operation.method == "GET" and now < 400 and then < 400 and (has, had) == (succeeds, not succeeds):
        return _Asked(_curl(operation, trial.scene), now, then, f"this {entity.name}")
    return None


def _sends(field: Field, scene: Scene) -> bool:
    """Puts the field into the body; False where the operation does not take it."""
    taken = scene.operation.body.fields if scene.operation.body is not None else ()
    member = next((each for each in taken if each.name == field.name), None)
    if member is None:
        return False
    try:
        scene.given(Input(type=BOOLEAN, source="body", name=field.name)).setdefault(
            field.name, sent(member, member.type, scene.world, 1)
        )
    except Unfit:
        return False
    return True


def _tells(body: Any, name: str) -> bool:
    """Whether a member of this name is there and not null, anywhere in an answer."""
    match body:
        case dict():
            return body.get(name) is not None or any(_tells(each, name) for each in body.values())
        case list():
            return any(_tells(each, name) for each in body)
        case _:
            return False


def _in(scene: Scene, service: Setting) -> Scene | None:
    """The same request to the service as it is, or as it was; None where that has no such operation or rows."""
    route = (scene.operation.method, scene.operation.path)
    operation = next((each for each in service.model.operations if (each.method, each.path) == route), None)
    if operation is None:
        return None
    made = scene.copy()
    made.operation, made.world = operation, World(service, made.world.rows)
    try:
        tried(made)
    except (KeyError, TypeError, AttributeError):  # rows of another shape
        return None
    return made


def _field_of(parameter: PathParameter, operation: Operation, entity: Entity) -> str | None:
    """The field that a path parameter is compared with where the row is found."""
    for step in operation.steps:
        if isinstance(step, Find) and step.entity == entity.name:
            for node in nodes(step.where.meaning):
                sides = (getattr(node, "left", None), getattr(node, "right", None))
                names_ = {getattr(side, "name", None) for side in sides}
                fields = [side.field for side in sides if isinstance(side, Member)]
                if parameter.name in names_:
                    return fields[0] if fields else entity.key
    return None


def _curl(operation: Operation, scene: Scene) -> str:
    ask = scene.ask()
    who = "" if ask.caller is None else f' -H "authorization: … token of {ask.caller} …"'
    content, media = ask.content()
    body = "" if content is None else f" -H 'content-type: {media}' -d '{content.decode('utf-8', 'replace')}'"
    told = "".join(f" -H {quote(f'{name}: {text}')}" for name, text in ask.headers.items())
    return f'curl -X {operation.method}{who}{told}{body} "$BASE{ask.path}"'


# In words -----------------------------------------------------------------------------------------------


def _words(change: ChangedRule, effect: str, scene: Scene, at: int) -> str:
    who = "Somebody who is not signed in"
    if scene.caller is not None:
        own = scene.world.rows[at].variable == scene.caller
        who = "A caller" if not own else "Somebody, of themselves,"
    return f"{who} {effect} {change.does}."


def _caller(scene: Scene, rules: tuple[Rule, Rule]) -> dict[str, str]:
    if scene.caller is None:
        return {}
    at = scene.world.variable(scene.caller)
    return {"": scene.caller, **_said(scene, at, rules, "caller")}


def _said(scene: Scene, at: int, rules: tuple[Rule, Rule], root: str) -> dict[str, str]:
    """What the rules ask of a row: fields, and what is reached or counted from it."""
    found: dict[str, str] = {}
    for rule in rules:
        for node in nodes(rule.condition):
            if isinstance(node, Member) and isinstance(node.of, Name) and node.of.root == root:
                found[node.field] = _shown(
                    scene.world.rows[at].values.get(node.field), node.entity, node.field, scene
                )
    return found


def _beside(scene: Scene, at: int, rules: tuple[Rule, Rule]) -> Iterator[str]:
    """The other rows that the rules look at: `member: org org, account ann, role admin`."""
    looked = {
        node.entity
        for rule in rules
        for node in nodes(rule.condition)
        if isinstance(node, Related | Linked | Rows)
    }
    for place, row in enumerate(scene.world.rows):
        if row.entity not in looked or place == at:
            continue
        asked = {
            node.field
            for rule in rules
            for node in nodes(rule.condition)
            if isinstance(node, Member | Related) and node.entity == row.entity
        }
        entity = scene.world.setting.model.entity(row.entity)
        shown = [
            f"{name} {_shown(row.values[name], row.entity, name, scene)}"
            for name in row.values
            if name in asked and entity.field(name) is not None
        ]
        yield f"{row.variable}: {', '.join(shown)}" if shown else row.variable


def _shown(given: Any, entity: str, name: str, scene: Scene) -> str:
    field = scene.world.setting.model.entity(entity).field(name)
    if field.encrypted or field.personal:
        return "…"
    if isinstance(field.type, ReferenceType) and given is not None:
        at = scene.world.at(field.type.entity, given)
        return scene.world.rows[at].variable if at is not None else "gone"
    return "null" if given is None else written(given)
