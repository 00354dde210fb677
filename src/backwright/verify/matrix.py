"""The authorization matrix of a model: for every rule of every operation, scenes on each of its sides.

The relations are the rules' own: every alternative as the only one that holds, and every part missing where all the
rest is there. A scene is searched for in memory (`emit/testing`), and only the reference says what it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from backwright.emit.names import names
from backwright.emit.testing.cases import Case
from backwright.emit.testing.frames import Candidate, Frame, Spot, frame_at, subject, value
from backwright.emit.testing.outcomes import tests_of, without_guarded
from backwright.emit.testing.reach import closest, effective, enriched, listed, reached, setting, steered
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Condition, Scene, Trial, tried
from backwright.emit.testing.values import NOBODY, Unfit
from backwright.emit.testing.world import Setting
from backwright.expr.typed import (
    And,
    Conditional,
    Constant,
    Expression,
    Filtered,
    Input,
    Member,
    Name,
    Quantified,
)
from backwright.expr.walk import mentions_caller, nodes
from backwright.model.operations import expressions, views_of
from backwright.model.types import (
    Create,
    DeleteAll,
    Ensure,
    Entity,
    Field,
    Find,
    Group,
    ManyType,
    Model,
    Operation,
    ReferenceType,
    Rule,
    ScalarType,
    Select,
    Step,
    UpdateAll,
)
from backwright.verify.branches import Side, is_signed_in, sides, words
from backwright.verify.coverage import of_step
from backwright.verify.possible import is_possible

WAYS = 4
"""In how many ways one side is brought about before it is given up."""
MORE_WAYS = 24
"""The same for a row as it would be written: the row as it is has to be allowed, and the new one not."""
NOT_FOUND = "no rows and request were found that bring it about"
OWN_VALUES = "the operation itself sets what the rule asks for: no row and no request changes it"
OWN_ROW = "the operation makes the row that it shows: nothing is stored before that a relation could be to"
UNSEEN = "whoever stands so to the row may not read it: no answer shows it to them"
MOST_SHOWN = 24
"""How many conditions of one view are looked at."""
Roles = list[tuple[Field, str | bool]]
LISTS = Select | Group | UpdateAll | DeleteAll


class Asked(msgspec.Struct, frozen=True):
    """A cell that is to be exercised, with its scene; or without one, and the reason.

    `missing` is the same request about a row that is not there: where a row is hidden, its answer has to be the same.
    """

    operation: str
    caller: str
    relation: str
    rule: str = ""
    place: str = ""
    field: str = ""
    scene: Scene | None = None
    missing: Scene | None = None
    reason: str = ""


def matrix(model: Model) -> tuple[Asked, ...]:
    """All cells of a model, operation by operation. Found once for the model that was asked for last."""
    if _LAST and _LAST[0][0] is model:
        return _LAST[0][1]
    common = setting(model, names(model))
    given_roles = roles(model)
    found = tuple(
        asked for operation in model.operations for asked in _Cells(operation, common, given_roles).all()
    )
    _LAST[:] = [(model, found)]
    return found


_LAST: list[tuple[Model, tuple[Asked, ...]]] = []
"""The model of the last search: a gate runs once on each database."""


class _Cells:
    """The cells of one operation."""

    def __init__(self, operation: Operation, common: Setting, given_roles: Roles) -> None:
        self.operation = operation
        self.common = common
        self.model = common.model
        self.roles = given_roles
        self.done: set[tuple[int, str, bool]] = set()

    def all(self) -> Iterator[Asked]:
        best = closest(self.operation, self.common)
        if best is None or not best.succeeded:
            yield self._asked("", "the operation succeeds", None, reason=NOT_FOUND)
            if best is not None:
                yield self._asked(self._caller(best.scene), "the closest to a success", best.scene)
            yield from self._unseen()
            return
        plain = effective(listed(best))
        yield from self._callers(plain)
        yield from self._nothing_there(plain)
        yield from self._access(plain)
        for trial in self._successes(plain):
            yield from self._steps(trial)
        yield from self._lists(plain)
        yield from self._unseen()
        yield from self._shown(enriched(plain))

    def _successes(self, plain: Trial) -> Iterator[Trial]:
        """The plain success, and others that ask for rules which it did not."""
        yield plain
        lean = without_guarded(plain)
        if lean is not None:
            yield lean
        if self._left():
            for test in tests_of(self.operation, self.common)[0]:
                if isinstance(test, Case) and len(test.trials) == 1 and test.trial.succeeded:
                    yield test.trial

    # Who asks ----------------------------------------------------------------------------------------

    def _callers(self, plain: Trial) -> Iterator[Asked]:
        """Who succeeds, nobody, a stranger, and every role, all with the same rows and the same request."""
        scene = plain.scene
        yield self._asked(self._caller(scene), "as in a success", scene)
        if self.common.identity is None:
            return
        if scene.caller is not None:
            nobody = scene.copy()
            nobody.caller = None
            yield self._asked("anonymous", "the same request", nobody)
        stranger = scene.copy()
        try:
            at = stranger.world.person()
        except Unfit as error:
            yield self._asked("stranger", "the same request", None, reason=f"no second account: {error}")
            return
        stranger.caller = stranger.world.rows[at].variable
        yield self._asked("stranger", "the same request", stranger)
        for field, given in self.roles:
            for base, who in ((scene, "the same account"), (stranger, "a stranger")):
                made = base.copy()
                if made.caller is None:
                    continue
                made.world.rows[made.world.variable(made.caller)].values[field.name] = given
                role = f"{field.name}={given}"
                if made.world.is_sound():
                    yield self._asked(role, f"the same request by {who}", made)
                else:
                    reason = "no such account can be stored"
                    yield self._asked(role, f"the same request by {who}", None, reason=reason)

    def _nothing_there(self, plain: Trial) -> Iterator[Asked]:
        """The same request about a row that is not there: who is told 403 of it is told that others are."""
        if any(isinstance(step, Find) for step in self.operation.steps):
            scene = self._without_row(plain.scene)
            if scene is not None:
                yield self._asked(self._caller(scene), "the row is not there", scene)

    def _caller(self, scene: Scene) -> str:
        if scene.caller is None:
            return "anonymous"
        row = scene.world.rows[scene.world.variable(scene.caller)]
        held = [field.name for field, _ in self.roles]
        said = ", ".join(f"{name}={row.values[name]}" for name in dict.fromkeys(held))
        if said:
            return said
        key = row.values[self.model.entity(row.entity).key]
        known = any(
            key in other.values.values()
            for other in scene.world.rows
            if other is not row and _plain(other.values)
        )
        return "account" if known else "stranger"

    # Rules -------------------------------------------------------------------------------------------

    def _access(self, plain: Trial) -> Iterator[Asked]:
        rule = self.operation.access
        if rule is None or is_signed_in(rule.condition):
            return
        for side in sides(rule.condition):
            scene = next(self._access_scenes(side, plain), None)
            yield self._sided(side, rule.source, str(rule.place), "", scene)

    def _access_scenes(self, side: Side, plain: Trial) -> Iterator[Scene]:
        for made in islice(satisfied(side.condition, True, plain.scene, Frame()), WAYS):
            if not side.holds:
                yield made
                continue
            answer = reached(made, lambda scene: value(side.condition, scene, Frame()) is True)
            if answer is not None:
                yield answer.scene

    def _steps(self, trial: Trial) -> Iterator[Asked]:
        for at, step, asked, frame in _rules(trial):
            written = isinstance(frame.this, Candidate)
            key = (at, asked.source, written)
            if key in self.done:
                continue
            self.done.add(key)
            if isinstance(asked.expression, Constant) or is_signed_in(asked.expression):
                continue
            place, field = self._where(step, asked)
            for side in sides(asked.expression):
                scene = next(self._scenes(side, trial, at, step, frame), None)
                missing = None
                if scene is not None and not side.holds and isinstance(step, Find):
                    missing = self._without_row(scene)
                why = OWN_VALUES if _is_own(frame.this, asked.expression) else NOT_FOUND
                yield self._sided(side, asked.source, place, field, scene, missing, why)
                yield from self._counted(side, asked.source, place, step, scene)

    def _lists(self, trial: Trial) -> Iterator[Asked]:
        """What a list takes of its rows by who asks, as the feed of those whom one follows: shown and counted."""
        for at, step in enumerate(self.operation.steps):
            where = step.where.meaning if isinstance(step, LISTS) and step.where is not None else None
            if where is None or not mentions_caller(where):
                continue
            for side in _failing(where):
                scene = next(self._beside(side, trial, at, step), None)
                yield self._sided(side, words(where), "", "", scene)
                yield from self._counted(side, words(where), "", step, scene)

    def _counted(self, side: Side, rule: str, place: str, step: Step, scene: Scene | None) -> Iterator[Asked]:
        """The same with pages of one row: only then is counted what is not shown."""
        if scene is None or side.holds or not isinstance(step, Select) or step.paging.style == "none":
            return
        made = scene.copy()
        made.query.append((step.paging.limit_name, "1"))
        yield self._sided(side, rule, place, "a page of one", made)

    def _scenes(self, side: Side, trial: Trial, at: int, step: Step, frame: Frame) -> Iterator[Scene]:
        """Scenes on a side, the telling ones first: of success, or of a failure at this very step."""
        if isinstance(step, LISTS):
            yield from self._beside(side, trial, at, step)
        earlier: list[Scene] = []
        moved = isinstance(frame.this, Candidate) and frame.this.base is not None and not side.holds
        for made in islice(self._made(side, trial, at, frame), MORE_WAYS if moved else 2 * WAYS):
            if side.holds:
                answer = reached(made, lambda scene: value(side.condition, scene, frame) is True)
            else:
                answer = steered(made, at)
            telling = answer is not None and (not moved or _was_allowed(answer, at))
            if answer is not None and telling and value(side.condition, answer.scene, frame) is True:
                yield answer.scene
            else:
                earlier.append(made)  # something that comes before answers: that, too, is an answer to check
        yield from earlier

    def _made(self, side: Side, trial: Trial, at: int, frame: Frame) -> Iterator[Scene]:
        """Scenes on a side; first those in which the rules that are asked of the row before would hold.

        Whoever may not even read a row says nothing of the rule for changing it.
        """
        scene = trial.scene if isinstance(frame.this, Candidate) else _without_references(trial)
        before = [
            asked.expression
            for step, _, asked, other in _rules(trial)
            if step < at and isinstance(frame.this, Spot) and other.this == frame.this
        ]
        if before:
            wanted = And(type=side.condition.type, parts=(side.condition, *dict.fromkeys(before)))
            yield from islice(satisfied(wanted, True, scene, frame), WAYS)
        yield from satisfied(side.condition, True, scene, frame)

    def _beside(self, side: Side, trial: Trial, at: int, step: Any) -> Iterator[Scene]:
        """A second row beside those that the step goes through, on the side that is wanted."""
        scene = trial.scene.copy()
        try:
            place = scene.world.add(step.entity)
        except Unfit:
            return
        frame = frame_at(trial, scene, at).about(Spot(place))
        others = [step.where.meaning] if step.where is not None else []
        for conditioned in (others, []):
            wanted = And(type=side.condition.type, parts=(side.condition, *conditioned))
            for made in islice(satisfied(wanted, True, scene, frame), WAYS):
                if tried(made).succeeded or not side.holds:
                    yield made

    def _without_row(self, scene: Scene) -> Scene | None:
        """The same request about a row that is not there."""
        path = self.operation.path_parameters
        last = path[-1] if path else None
        if last is None or last.type.scalar not in ("uuid", "integer", "string", "text", "slug"):
            return None
        made = scene.copy()
        match last.type.scalar:
            case "uuid":
                made.params[last.name] = NOBODY
            case "integer":
                made.params[last.name] = min(999_999, last.type.max or 999_999)
            case _:
                made.params[last.name] = "nothing-there"
        return made

    # What is shown ------------------------------------------------------------------------------------

    def _shown(self, trial: Trial) -> Iterator[Asked]:
        """Fields and nested rows of an answer that not every caller may see, seen and not seen."""
        scene = trial.scene
        if trial.recording is None:
            return
        frame = frame_at(trial, scene, len(self.operation.steps) - 1) if self.operation.steps else Frame()
        views = {view.name: view for view in self.model.views}
        for name in sorted(views_of(self.operation.respond, views)):
            view = views[name]
            places = scene.world.of(view.entity)
            for wire, condition, rows in islice(_guards(view.shape), MOST_SHOWN):
                about = frame.about(Spot(places[0])) if places else self._about_made(view.entity, trial)
                for side in (Side(words(condition), condition, holds=True), *_failing(condition)):
                    made = None if about is None else next(self._guarded(side, rows, scene, about), None)
                    field = f"{name}.{wire}"
                    why = self._why(side, about, nested=rows is not None)
                    if rows is None and not self._is_seen(side, view.entity):
                        made, why = None, UNSEEN
                    yield self._sided(side, words(condition), str(view.place), field, made, None, why)

    def _about_made(self, entity: str, trial: Trial) -> Frame | None:
        """Where an operation makes the row that it shows: about the row as it would be written."""
        for at, step in enumerate(self.operation.steps):
            if isinstance(step, Create | Ensure) and step.entity == entity and trial.recording is not None:
                made = trial.recording.bindings.get(step.bind)
                frame = frame_at(trial, trial.scene, at)
                place = subject(step, made, trial.scene, frame) if isinstance(made, dict) else None
                return None if place is None else frame.about(place)
        return None

    def _why(self, side: Side, about: Frame | None, *, nested: bool) -> str:
        """Why nothing shows a member on a side, if nothing does."""
        if about is None or (nested and isinstance(about.this, Candidate)):
            return OWN_ROW
        return OWN_VALUES if _is_own(about.this, side.condition) else NOT_FOUND

    def _is_seen(self, side: Side, entity: str) -> bool:
        """Whether a row on a side could be read; yes where the operation reads past the rule."""
        rule = self.model.entity(entity).access.get("read")
        reads = [step for step in self.operation.steps if getattr(step, "entity", None) == entity]
        past = any(getattr(step, "readable", None) is None for step in reads)
        if rule is None or past or not reads:
            return True
        return is_possible(And(type=side.condition.type, parts=(side.condition, rule.condition)))

    def _guarded(self, side: Side, rows: Filtered | None, scene: Scene, frame: Frame) -> Iterator[Scene]:
        """Scenes in which one field, or one nested row, is on a side."""
        wanted = side.condition
        if rows is not None:
            inside = Quantified(
                type=wanted.type, quantifier="exists", of=rows.of, variable=rows.variable, condition=wanted
            )
            wanted = inside
        for made in islice(satisfied(wanted, True, scene, frame), WAYS):
            answer = reached(made, lambda scene: value(wanted, scene, frame) is True)
            if answer is not None:
                yield answer.scene
        yield from islice(satisfied(wanted, True, scene, frame), 1)

    # Words ---------------------------------------------------------------------------------------------

    def _sided(
        self,
        side: Side,
        rule: str,
        place: str,
        field: str,
        scene: Scene | None,
        missing: Scene | None = None,
        why: str = NOT_FOUND,
    ) -> Asked:
        relation = side.words if side.holds else f"not allowed: {side.words}"
        caller = "" if scene is None else self._caller(scene)
        reason = why if scene is None else ""
        return Asked(self.operation.name, caller, relation, rule, place, field, scene, missing, reason)

    def _asked(self, caller: str, relation: str, scene: Scene | None, reason: str = "") -> Asked:
        return Asked(self.operation.name, caller, relation, scene=scene, reason=reason)

    def _where(self, step: Step, asked: Condition) -> tuple[str, str]:
        """Where a rule stands, and the field that it is about."""
        for _, rule in of_step(step):
            if isinstance(rule, Rule) and rule.condition == asked.expression:
                return str(rule.place), ""
        for field in self._fields(step):
            if field.write is not None and field.write.condition == asked.expression:
                return str(field.write.place), field.name
        return "", ""

    def _fields(self, step: Step) -> Sequence[Field]:
        name = getattr(step, "entity", None)
        entity: Entity | None = self.model.entity(name) if isinstance(name, str) else None
        return () if entity is None else entity.fields

    def _left(self) -> list[tuple[int, str, Rule]]:
        """Rules of the steps that no success has asked for yet."""
        return [
            (at, what, rule)
            for at, step in enumerate(self.operation.steps)
            for what, rule in of_step(step)
            if isinstance(rule, Rule)
            and not {(at, rule.source, True), (at, rule.source, False)} & self.done
            and not isinstance(rule.condition, Constant)
            and not is_signed_in(rule.condition)
        ]

    def _unseen(self) -> Iterator[Asked]:
        for _, what, rule in self._left():
            reason = "no request was found that comes to this rule"
            yield Asked(self.operation.name, "", what, rule.source, str(rule.place), reason=reason)


def roles(model: Model) -> Roles:
    """The values of few that an account has and some rule asks for: its roles."""
    identity = model.auth.identity if model.auth is not None else None
    if identity is None:
        return []
    entity = model.entity(identity)
    asked = {
        node.field
        for part in (model.operations, model.views)
        for expression in expressions(part)
        for node in nodes(expression)
        if isinstance(node, Member) and isinstance(node.of, Name) and node.of.root == "caller"
    }
    found: Roles = []
    for field in entity.fields:
        if field.name in asked and isinstance(field.type, ScalarType):
            values: Sequence[str | bool] = (
                (True, False) if field.type.scalar == "boolean" else field.type.values
            )
            found += [(field, each) for each in values]
    return found


def _guards(part: object) -> Iterator[tuple[str, Expression, Filtered | None]]:
    """The conditions on the caller that decide what members of a view show: wire name, condition, rows it filters."""
    seen: set[Expression] = set()
    for member in part if isinstance(part, tuple) else ():
        for expression in expressions(member):
            for node in nodes(expression):
                match node:
                    case Conditional(when=condition):
                        rows = None
                    case Filtered(condition=condition):
                        rows = node
                    case _:
                        continue
                if mentions_caller(condition) and condition not in seen and not is_signed_in(condition):
                    seen.add(condition)
                    yield member.wire, condition, rows


def _failing(condition: Expression) -> list[Side]:
    return [side for side in sides(condition) if not side.holds]


def _rules(trial: Trial) -> Iterator[tuple[int, Step, Condition, Frame]]:
    """The rules that held in a success, each once for a stored row, and once for a row as it would be written."""
    recording = trial.recording
    for at, asked in recording.asked if recording is not None else ():
        if at < 0 or not asked.is_rule or not asked.held:
            continue
        step, frame = trial.scene.operation.steps[at], frame_at(trial, trial.scene, at)
        place = subject(step, asked.row, trial.scene, frame)
        if asked.row is None or place is not None:
            yield at, step, asked, frame.about(place)


def _without_references(trial: Trial) -> Scene:
    """The same request without references in its body, where it succeeds so: a reference to what the caller may not
    read is refused before the rule is asked.
    """
    body = trial.scene.operation.body
    named = (
        {field.name for field in body.fields if isinstance(field.type, ReferenceType | ManyType)}
        if body is not None
        else set()
    )
    if not named & (trial.scene.body or {}).keys():
        return trial.scene
    made = trial.scene.copy()
    made.body = {name: sent for name, sent in (trial.scene.body or {}).items() if name not in named}
    return made if tried(made).succeeded else trial.scene


def _was_allowed(trial: Trial, at: int) -> bool:
    """Whether a rule held at a step that failed: the row could be changed, but not into this."""
    asked = trial.recording.asked if trial.recording is not None else ()
    return any(where == at and each.is_rule and each.held for where, each in asked)


def _is_own(this: Spot | Candidate | None, condition: Expression) -> bool:
    """Whether all that a rule asks of a row is set by the operation, and not by a body."""
    if not isinstance(this, Candidate):
        return False
    fields = {
        node.field
        for node in nodes(condition)
        if isinstance(node, Member) and isinstance(node.of, Name) and node.of.root == "this"
    }
    inputs = {
        name
        for name in fields
        if name not in this.values or any(isinstance(n, Input) for n in nodes(this.values[name].meaning))
    }
    return bool(fields) and not inputs


def _plain(values: dict[str, Any]) -> bool:
    return all(not isinstance(value, list) for value in values.values())
