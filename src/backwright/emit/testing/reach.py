"""The shortest way to a success: what has to be stored and sent so that an operation does what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from backwright.emit.names import Names
from backwright.emit.testing.frames import Frame, Spot, frame_at, members, subject
from backwright.emit.testing.satisfy import include, satisfied
from backwright.emit.testing.trial import Scene, Trial, tried
from backwright.emit.testing.values import Unfit, fitting, other
from backwright.emit.testing.world import Setting, World
from backwright.expr.typed import BOOLEAN, TRUE, And, Expression, Input, Linked, Related, Rows
from backwright.expr.walk import nodes
from backwright.model.operations import expressions, views_of
from backwright.model.types import (
    DeleteAll,
    Field,
    FieldType,
    Find,
    Group,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    RecordType,
    ReferenceType,
    Rule,
    ScalarType,
    Select,
    Update,
    UpdateAll,
    VerifyPassword,
)

DEEPEST = 12
"""How many repairs lead to a success at most."""
TRIALS = 80
"""How many requests are tried for one success at most."""
FEW = 16
"""How many requests are tried where a scene only has to be mended."""
FEW_ROWS = 4
"""In how many ways a row that is there already is made to fit."""
WAYS = 5
"""How many repairs of one failure are tried."""


def setting(model: Model, names: Names) -> Setting:
    """What all worlds of a model share, with usual values that satisfy the checks of each entity."""
    found = Setting(model, names)
    if not model.operations:
        return found
    for entity in model.entities:
        if not entity.checks:
            continue
        world = World(found)
        try:
            at = world.add(entity.name)
        except Unfit:
            continue
        checks = both(*(check.condition.meaning for check in entity.checks))
        scene = Scene(model.operations[0], world)
        before = dict(world.rows[at].values)
        for settled in islice(satisfied(checks, True, scene, Frame(this=Spot(at))), 1):
            after = settled.world.rows[at].values
            found.usual[entity.name] = {n: v for n, v in after.items() if v != before[n]}
    return found


def both(*conditions: Expression) -> Expression:
    """All of the conditions."""
    return And(type=BOOLEAN, parts=conditions) if conditions else TRUE


# The beginning ----------------------------------------------------------------------------------------


def beginning(operation: Operation, common: Setting) -> Scene:
    """A plain request in a world with nobody but its caller, and the rows that its body names. Raises Unfit."""
    world = World(common)
    scene = Scene(operation, world)
    if operation.caller != "none" and common.identity is not None:
        scene.caller = world.rows[world.person()].variable
    for parameter in operation.path_parameters:
        field = InputField(wire=parameter.name, name=parameter.name, type=parameter.type)
        scene.params[parameter.name] = fitting(_patterned(field, operation, common), parameter.type)
    for field in operation.query:
        if field.required:
            scene.params[field.name] = sent(field, field.type, world, 0)
    if operation.body is not None:
        scene.body = {field.name: sent(field, field.type, world, 1) for field in operation.body.fields}
    if operation.if_match != "no":
        scene.headers["If-Match"] = '"1"'
    if operation.idempotent == "required":
        scene.headers["Idempotency-Key"] = "once"
    return scene


def _patterned(parameter: InputField, operation: Operation, common: Setting) -> Field | InputField:
    """The field that a parameter is stored in, whose pattern its text should match."""
    for step in operation.steps:
        for each in getattr(step, "values", ()):
            meaning = each.value.meaning
            if (
                getattr(meaning, "source", None) == "params"
                and getattr(meaning, "name", None) == parameter.name
            ):
                return common.model.entity(step.entity).field(each.field)  # type: ignore[union-attr]
    return parameter


def sent(field: InputField, kind: FieldType, world: World, number: int) -> Any:
    """A value for a parameter or a member of the body. Raises Unfit."""
    match kind:
        case ScalarType():
            return fitting(field, kind, number)
        case ReferenceType(entity=entity):
            return world.referred(entity)
        case ManyType(entity=entity):
            return [world.referred(entity)]
        case ListType(element=element):
            return [sent(field, element, world, number + each) for each in range(max(1, kind.min or 0))]
        case RecordType(members=members):
            return {member.name: sent(member, member.type, world, number) for member in members}


# The search -------------------------------------------------------------------------------------------


def closest(operation: Operation, common: Setting) -> Trial | None:
    """A request that succeeds, in the smallest world that was found; else the one that came closest to it.

    None where no request can be made up.
    """
    try:
        scene = beginning(operation, common)
    except Unfit:
        return None
    search = _Search(TRIALS)
    return search.reach(scene, DEEPEST) or search.best


def reached(scene: Scene, accept: Callable[[Scene], bool]) -> Trial | None:
    """The scene, changed a little until the request succeeds and it is acceptable; None where the search gave up."""
    return _Search(FEW, accept).reach(scene, 4)


def mended(scene: Scene) -> Trial | None:
    """The scene, changed a little until the request succeeds; None where the search gave up."""
    return _Search(FEW).reach(scene, 4)


def steered(scene: Scene, step: int, deep: int = 3) -> Trial | None:
    """The scene, changed until its request fails at a step and not before; None where the search gave up."""
    trial = tried(scene)
    if trial.step == step:
        return trial
    if trial.succeeded or deep == 0 or (trial.step is not None and trial.step > step):
        return None
    for repaired in islice(repairs(trial), WAYS):
        found = steered(repaired, step, deep - 1)
        if found is not None:
            return found
    return None


class _Search:
    """Goes from repair to repair, depth first."""

    def __init__(self, trials: int, accept: Callable[[Scene], bool] | None = None) -> None:
        self.left = trials
        self.accept = accept
        self.best: Trial | None = None

    def reach(self, scene: Scene, deep: int) -> Trial | None:
        self.left -= 1
        trial = tried(scene)
        if self.best is None or _progress(trial) > _progress(self.best):
            self.best = trial
        if trial.succeeded:
            return trial if self.accept is None or self.accept(trial.scene) else None
        if deep == 0:
            return None
        for repaired in islice(repairs(trial), WAYS):
            if self.left <= 0:
                return None
            found = self.reach(repaired, deep - 1)
            if found is not None:
                return found
        return None


def _progress(trial: Trial) -> int:
    """How far a trial came: before the input was read, before the first step, at which step."""
    return -2 if trial.recording is None else trial.recording.at


def repairs(trial: Trial) -> Iterator[Scene]:
    """Scenes in which what stood in the way of a trial should be gone."""
    scene, failure = trial.scene, trial.failure
    operation = scene.operation
    category = failure.category if failure is not None else ""
    if trial.recording is None:
        if category == "forbidden" and operation.access is not None:
            yield from satisfied(operation.access.condition, True, scene, Frame())
        if category == "invalid":
            yield from _without_members(scene, [name for name, _ in failure.fields] if failure else [])
        return
    at = trial.recording.at
    if at < 0:
        yield from _readable_references(scene)
        return
    step, frame = operation.steps[at], frame_at(trial, scene, at)
    if isinstance(step, Find):
        yield from found_rows(
            step.entity, both(step.where.meaning, *_conditions(step.readable)), scene, frame
        )
        return
    if isinstance(step, VerifyPassword):
        row = frame.bindings.get(step.bind)
        if isinstance(row, Spot):
            password = scene.world.rows[row.index].values[step.field]
            for node in nodes(step.given.meaning):
                if isinstance(node, Input):
                    made = scene.copy()
                    made.given(node)[node.name] = str(password)
                    yield made
        return
    unmet = [asked for where, asked in trial.recording.asked if where == at and not asked.held]
    for asked in reversed(unmet):
        place = subject(step, asked.row, scene, frame)
        yield from islice(satisfied(asked.expression, True, scene, frame.about(place)), WAYS)
    if category == "forbidden" and scene.body is not None and operation.body is not None:
        entity = scene.world.setting.model.entity(step.entity) if hasattr(step, "entity") else None
        guarded = {f.name for f in entity.fields if f.write is not None} if entity is not None else set()
        guarded |= {field.name for field in operation.body.fields if field.write is not None}
        if guarded & scene.body.keys():
            made = scene.copy()
            made.body = {name: value for name, value in scene.body.items() if name not in guarded}
            yield made
    if category == "conflict" and failure is not None:
        yield from _another_value(scene, [name for name, _ in failure.fields])


def found_rows(entity: str, condition: Expression, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Scenes with a row that satisfies a condition: one that is there, or a new one."""
    for at in scene.world.of(entity):
        yield from islice(satisfied(condition, True, scene, frame.about(Spot(at))), FEW_ROWS)
    made = scene.copy()
    try:
        at = made.world.add(entity)
    except Unfit:
        return
    yield from islice(satisfied(condition, True, made, frame.about(Spot(at))), WAYS)


def _conditions(rule: Rule | None) -> tuple[Expression, ...]:
    return () if rule is None else (rule.condition,)


def _readable_references(scene: Scene) -> Iterator[Scene]:
    """Scenes in which the caller may read the rows that the body names."""
    model = scene.world.setting.model
    made: list[Scene] = [scene]
    for name, key in named_rows(scene):
        at = scene.world.at(name, key)
        if at is not None:
            rule = model.entity(name).access["read"].condition
            made += islice(satisfied(rule, True, made[-1], Frame(this=Spot(at))), 1)
    if len(made) > 1:
        yield made[-1]


def named_rows(scene: Scene) -> Iterator[tuple[str, Any]]:
    """The rows that the body names: entity and key."""
    body = scene.operation.body
    for field in body.fields if body is not None else ():
        yield from _named(field.type, (scene.body or {}).get(field.name))


def _named(kind: FieldType, value: Any) -> Iterator[tuple[str, Any]]:
    match kind:
        case _ if value is None:
            return
        case ReferenceType(entity=entity):
            yield entity, value
        case ManyType(entity=entity):
            yield from ((entity, key) for key in value)
        case ListType(element=element):
            for item in value:
                yield from _named(element, item)
        case RecordType(members=members):
            for member in members:
                yield from _named(member.type, value.get(member.name))
        case _:
            return


def _without_members(scene: Scene, places: list[str]) -> Iterator[Scene]:
    """The body without the members that were refused, where they may be absent."""
    body = scene.operation.body
    if body is None or scene.body is None:
        return
    wrong = {field.name for field in body.fields if field.wire in places and not field.required}
    if wrong & scene.body.keys():
        made = scene.copy()
        made.body = {name: value for name, value in scene.body.items() if name not in wrong}
        yield made


def _another_value(scene: Scene, places: list[str]) -> Iterator[Scene]:
    """Other values of the members whose key is taken."""
    body = scene.operation.body
    for field in body.fields if body is not None else ():
        if field.wire in places and isinstance(field.type, ScalarType) and field.name in (scene.body or {}):
            for number in (2, 3):
                made = scene.copy()
                assert made.body is not None
                made.body[field.name] = fitting(field, field.type, number)
                yield made


# Something to see -------------------------------------------------------------------------------------


def listed(trial: Trial) -> Trial:
    """The same success with something in its lists: a row for each step that goes through rows."""
    best = trial
    for position, step in enumerate(trial.scene.operation.steps):
        if not isinstance(step, Select | Group | UpdateAll | DeleteAll) or step.when is not None:
            continue
        where = () if step.where is None else (step.where.meaning,)
        condition = both(*where, *_conditions(step.readable))
        best = _better(best, rows_for(step.entity, condition, best, position))
    return best


def effective(trial: Trial) -> Trial:
    """The same success, where what a step sets is not what is stored already."""
    best = trial
    for position, step in enumerate(trial.scene.operation.steps):
        if not isinstance(step, Update) or best.recording is None or position >= len(best.recording.bound):
            continue
        base = frame_at(best, best.scene, position).bindings.get(step.bind)
        if isinstance(base, Spot):
            for name in (*step.changes, *(each.field for each in step.values)):
                best = _better(best, _differing(best, base, name))
    return best


def _differing(trial: Trial, base: Spot, name: str) -> Iterator[Scene]:
    """Scenes in which a step changes a field of a row that it left as it was."""
    scene = trial.scene
    row = scene.world.rows[base.index]
    entity = scene.world.setting.model.entity(row.entity)
    place = scene.world.key(base.index)
    after = next((each for each in trial.rows[row.entity] if each[entity.key] == place), None)
    field = entity.field(name)
    if entity.composite or after is None or after[name] != row.values[name]:
        return
    kind = field.type
    values = list(other(field, kind, row.values[name])) if isinstance(kind, ScalarType) else []
    if isinstance(kind, ReferenceType) and field.nullable and row.values[name] is not None:
        values = [None]
    for value in values:
        made = scene.copy()
        made.world.rows[base.index].values[name] = value
        if made.world.is_sound():
            yield made


def enriched(trial: Trial) -> Trial:
    """The same success with something in each set of rows that its answer goes through."""
    return _better(trial, _answers_rows(trial)) if trial.scene.operation.method == "GET" else trial


def rows_for(entity: str, condition: Expression, trial: Trial, position: int) -> Iterator[Scene]:
    """Scenes with a row more that satisfies a condition at a step."""
    scene = trial.scene
    frame = frame_at(trial, scene, position)
    for at in scene.world.of(entity):
        found = next(satisfied(condition, True, scene, frame.about(Spot(at))), None)
        if found is scene:
            yield scene
            return
    yield from _new_row(entity, condition, scene, frame)


def _new_row(entity: str, condition: Expression, scene: Scene, frame: Frame) -> Iterator[Scene]:
    made = scene.copy()
    try:
        at = made.world.add(entity)
    except Unfit:
        return
    yield from islice(satisfied(condition, True, made, frame.about(Spot(at))), WAYS)


def _better(trial: Trial, scenes: Iterator[Scene]) -> Trial:
    """The first of the scenes that still succeeds; else the trial itself."""
    for scene in islice(scenes, WAYS):
        found = tried(scene)
        if found.succeeded:
            return found
    return trial


def _answers_rows(trial: Trial) -> Iterator[Scene]:
    """Scenes with a row more in each set of rows that the answer goes through."""
    scene = trial.scene
    model, operation = scene.world.setting.model, scene.operation
    last = len(operation.steps) - 1
    frame = frame_at(trial, scene, last) if last >= 0 and trial.recording is not None else Frame()
    made = scene
    for expression in expressions(operation.respond):
        for node in nodes(expression):
            if isinstance(node, Rows):
                made = _with_one(node, made, frame)
    for name in sorted(views_of(operation.respond, {view.name: view for view in model.views})):
        view = model.view(name)
        places = made.world.of(view.entity)
        for expression in expressions(view.shape) if places else ():
            for node in nodes(expression):
                if isinstance(node, Related | Linked) and _is_of_this(node):
                    made = _with_one(node, made, frame.about(Spot(places[0])))
    yield made


def _is_of_this(node: Related | Linked) -> bool:
    return getattr(node.of, "root", None) == "this"


def _with_one(rows: Expression, scene: Scene, frame: Frame) -> Scene:
    """The scene with a row in a set of rows, where a database could hold it."""
    if next(members(rows, scene, frame), None) is not None:
        return scene
    for made, _ in islice(include(rows, scene, frame), 3):
        if made.world.is_sound():
            return made
    return scene
