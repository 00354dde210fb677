"""Every outcome of an operation that a test should show, each with the smallest scene that has it.

Everything starts from one success. A condition that held there is made false in each simple way, an alternative
of a rule is made the only one that holds, and so on; the reference says what each such scene answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from backwright.emit.testing.afterwards import later_tests
from backwright.emit.testing.alternatives import alternatives
from backwright.emit.testing.bulk import bulk_tests
from backwright.emit.testing.cases import (
    Case,
    Full,
    Handed,
    Repeated,
    Table,
    Test,
    content,
    difference,
    outcome,
    shortened,
    signature,
)
from backwright.emit.testing.frames import Frame, Spot, frame_at, subject, value
from backwright.emit.testing.inputs import input_tests
from backwright.emit.testing.keys import key_tests
from backwright.emit.testing.largest import largest_tests
from backwright.emit.testing.lists import list_tests
from backwright.emit.testing.literally import literal_tests
from backwright.emit.testing.protocol import protocol_tests, unreadable_bodies
from backwright.emit.testing.reach import closest, effective, enriched, listed, reached, steered
from backwright.emit.testing.reading import reading_tests
from backwright.emit.testing.refusals import refused_twice
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Condition, Scene, Trial, tried
from backwright.emit.testing.values import NOBODY, Unfit
from backwright.emit.testing.world import Setting
from backwright.expr.typed import Compare, Conditional, Expression, Input, Quantified, Within
from backwright.expr.walk import nodes
from backwright.model.operations import expressions, views_of
from backwright.model.types import (
    Call,
    Create,
    Find,
    Operation,
    ReferenceType,
    ScalarType,
    Select,
    ShapeMember,
    Step,
    Upsert,
    Value,
    VerifyPassword,
)
from backwright.reference.calling import errors, outputs

LONGEST = 80
"""How long the names of an operation and its case are together, so that a test's heading fits into a line."""
WAYS = 3
"""In how many ways one condition is made false."""


class Found:
    """The tests of one operation so far: an outcome that is there already is not added again."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.tests: list[Test] = []
        self.names: set[str] = set()
        self.seen: set[tuple[Any, ...]] = set()
        self.scenes: set[str] = set()

    def add(self, test: Test) -> None:
        """Add a test under a name of its own."""
        name, number = shortened(test.name, LONGEST - len(self.operation.name)), 1
        test.name = name
        while test.name in self.names:
            number += 1
            test.name = f"{name}_{number}"
        self.names.add(test.name)
        self.tests.append(test)

    def case(self, name: str, trial: Trial, about: str = "", *, is_brief: bool = False) -> None:
        """Add a test of one request, unless one of that name answers the same."""
        key, asked = (name, *signature(trial)), f"{content(trial.scene)} {trial.ask!r}"
        if key not in self.seen and asked not in self.scenes:
            self.seen.add(key)
            self.scenes.add(asked)
            self.add(Case(name, [trial], about, is_brief))

    def particular(self, usual: Scene, trial: Trial, about: str = "") -> None:
        """Add a test that is named after what is particular about its scene."""
        what, how = difference(usual, trial.scene) or "otherwise", outcome(trial)
        room = LONGEST - len(self.operation.name) - len(how) - 1
        self.case(f"{shortened(what, room)}_{how}", trial, about)


def tests_of(operation: Operation, common: Setting) -> tuple[list[Test], list[str]]:
    """The tests of one operation, and what none of them reaches."""
    found = Found(operation)
    best = closest(operation, common)
    if best is None:
        return [], ["any answer"]
    if not best.succeeded:
        found.case(f"{outcome(best)}", best, "Nobody can do more")
        _others(best, found)
        for test in unreadable_bodies(best):
            found.add(test)
        return found.tests, ["success"]
    plain = effective(listed(best))
    rich = enriched(plain)
    found.case("", rich)
    _others(rich, found)
    _shown(rich, found)
    for make in (_refusals, _choices, _missing, _optional):
        make(plain, found)
    lean = without_guarded(plain)
    if lean is not None:
        _others(lean, found)
        _refusals(lean, found)
    _said(plain, found)
    for tests in (
        key_tests,
        input_tests,
        literal_tests,
        list_tests,
        bulk_tests,
        later_tests,
        largest_tests,
        reading_tests,
        protocol_tests,
    ):
        for test in tests(plain):
            if isinstance(test, Case) and len(test.trials) == 1 and not test.is_telling:
                found.case(test.name, test.trial, test.about, is_brief=test.is_brief)
            else:
                found.add(test)
    for test in refused_twice(plain.scene, found.tests):
        found.add(test)
    return found.tests, unreached(operation, found.tests)


def unreached(operation: Operation, tests: list[Test]) -> list[str]:
    """The declared errors that no test answers."""
    reached: set[str] = set()
    for test in tests:
        reached |= {trial.failure.category for trial in trials_of(test) if trial.failure is not None}
    common = {"malformed", "payload_too_large", "unsupported_media_type"}
    return [error for error in operation.errors if error not in reached | common]


def trials_of(test: Test) -> list[Trial]:
    """The requests of a test that say something."""
    match test:
        case Case(trials=trials):
            return trials
        case Table(values=values):
            return [value.trial for value in values]
        case Repeated(refused=refused):
            return [refused]
        case Full(trial=trial) | Handed(trial=trial):
            return [trial]


# Custom logic -------------------------------------------------------------------------------------------


def _said(trial: Trial, found: Found) -> None:
    """Each error of the custom logic that is called, and each other output that changes the answer."""
    scene, model = trial.scene, trial.scene.world.setting.model
    seen = {trial.response.status}
    for step in scene.operation.steps:
        if not isinstance(step, Call):
            continue
        logic = model.function(step.logic)
        for outcome_ in (*outputs(logic)[1:], *errors(logic)):
            made = scene.copy()
            made.says[logic.name] = outcome_
            answer = tried(made)
            is_new = answer.response.status not in seen or outcome_.error is not None
            if signature(answer) != signature(trial) and (is_new or len(seen) == 1):
                seen |= {answer.response.status, 0}
                found.particular(scene, answer)


# Who asks -----------------------------------------------------------------------------------------------


def _others(trial: Trial, found: Found) -> None:
    """Nobody, and somebody else who has nothing."""
    scene = trial.scene
    if scene.caller is None:
        return
    anonymous = scene.copy()
    anonymous.caller = None
    asked = tried(anonymous)
    found.case(f"by_nobody_{outcome(asked)}", asked)
    stranger = scene.copy()
    try:
        at = stranger.world.person()
    except Unfit:
        return
    stranger.caller = stranger.world.rows[at].variable
    asked = tried(stranger)
    if asked.failure is not None or signature(asked) != signature(trial) or scene.operation.method != "GET":
        found.case(f"by_somebody_else_{outcome(asked)}", asked)


def without_guarded(trial: Trial) -> Trial | None:
    """The same success without the members that not everyone may send: their rules would answer for others."""
    scene, body = trial.scene, trial.scene.operation.body
    guarded = {field.name for field in body.fields if field.write is not None} if body is not None else set()
    if not guarded & (scene.body or {}).keys():
        return None
    made = scene.copy()
    made.body = {name: sent for name, sent in (scene.body or {}).items() if name not in guarded}
    lean = tried(made)
    return lean if lean.succeeded else None


# Conditions ---------------------------------------------------------------------------------------------


def conditions(trial: Trial) -> Iterator[tuple[int, Step, Condition, Frame]]:
    """The conditions that were asked of a row, or of none, at each step of a success; each once."""
    recording = trial.recording
    if recording is None:
        return
    seen: set[tuple[int, str, bool]] = set()
    for at, asked in recording.asked:
        key = (at, asked.source, asked.held)
        if at < 0 or key in seen:
            continue
        seen.add(key)
        step, frame = trial.scene.operation.steps[at], frame_at(trial, trial.scene, at)
        place = subject(step, asked.row, trial.scene, frame)
        if asked.row is None or place is not None:
            yield at, step, asked, frame.about(place)


def _refusals(trial: Trial, found: Found) -> None:
    """Each condition that held, made false: as the only thing that changes, where that can be."""
    scene, operation = trial.scene, trial.scene.operation
    if operation.access is not None:
        for made in islice(satisfied(operation.access.condition, False, scene, Frame()), WAYS):
            refused = tried(made)
            if refused.failure is not None and refused.recording is None:
                found.particular(scene, refused, f"Needs {operation.access.source}")
                _before_it_is_found(refused, found, operation.access.source)
    for at, step, asked, frame in conditions(trial):
        if not asked.held or isinstance(step, Select) or _finds_by_path(step, asked, operation):
            continue
        for made in islice(satisfied(asked.expression, False, scene, frame), WAYS):
            answer = steered(made, at)
            if answer is not None:
                found.particular(scene, answer, f"Needs {asked.source}")
    for step in operation.steps:
        if isinstance(step, VerifyPassword):
            _wrong_password(trial, step, found)


def _before_it_is_found(refused: Trial, found: Found, source: str) -> None:
    """Who may not call an operation at all is not told whether what the path names is there."""
    for parameter in refused.scene.operation.path_parameters:
        made = refused.scene.copy()
        made.params[parameter.name] = _no_row(parameter.type)
        answer = tried(made)
        if answer.failure is not None and answer.recording is None:
            name = f"{outcome(answer)}_whatever_the_{parameter.wire or parameter.name}"
            found.case(name, answer, f"Needs {source}")


def _finds_by_path(step: Step, asked: Condition, operation: Operation) -> bool:
    """Whether a condition finds the row that the path names: then the path is what changes."""
    if not isinstance(step, Find) or asked.is_rule:
        return False
    named = {parameter.name for parameter in operation.path_parameters}
    return any(
        getattr(node, "source", "") == "params" and getattr(node, "name", "") in named
        for node in nodes(asked.expression)
    )


def _wrong_password(trial: Trial, step: VerifyPassword, found: Found) -> None:
    for node in nodes(step.given.meaning):
        made = trial.scene.copy()
        given = made.given(node) if isinstance(node, Input) else {}
        if isinstance(node, Input) and node.name in given:
            given[node.name] = str(given[node.name])[::-1]
            answer = tried(made)
            if answer.failure is not None:
                found.case(f"with_a_wrong_{node.name}_{outcome(answer)}", answer)


def _choices(trial: Trial, found: Found) -> None:
    """Each alternative of a rule as the only one that holds, and each way through an `if`."""
    scene, operation = trial.scene, trial.scene.operation
    for _, step, asked, frame in conditions(trial):
        if asked.held and asked.is_rule and not isinstance(step, Select):
            for wanted in alternatives(asked.expression):
                _alternative(wanted, trial, frame, found, f"Because of {asked.source}")
    if operation.access is not None:
        for wanted in alternatives(operation.access.condition):
            _alternative(wanted, trial, Frame(), found, f"Because of {operation.access.source}")
    for at, step in enumerate(operation.steps):
        if step.when is not None and trial.recording is not None:
            frame = frame_at(trial, scene, at)
            for want in (True, False):
                _flipped(step.when.meaning, want, trial, frame, found, step.when.source)


def _alternative(wanted: Expression, trial: Trial, frame: Frame, found: Found, about: str) -> None:
    for made in islice(satisfied(wanted, True, trial.scene, frame), WAYS):
        answer = reached(made, lambda scene: value(wanted, scene, frame) is True)
        if answer is not None and difference(trial.scene, answer.scene):
            found.particular(trial.scene, answer, about)
            return


def _flipped(
    condition: Expression, want: bool, trial: Trial, frame: Frame, found: Found, source: str
) -> None:
    for made in islice(satisfied(condition, want, trial.scene, frame), WAYS):
        answer = tried(made)
        if difference(trial.scene, made) and signature(answer) != signature(trial):
            found.particular(trial.scene, answer, source if want else f"Not {source}")
            return


def _shown(trial: Trial, found: Found) -> None:
    """Each choice that the answer makes, made the other way: a status, or what a caller may see of a row."""
    scene, operation = trial.scene, trial.scene.operation
    if trial.recording is None:
        return
    frame = frame_at(trial, scene, len(operation.steps) - 1) if operation.steps else Frame()
    for choice in _conditionals((operation.respond,)):
        for want in (True, False):
            _flipped(choice.when, want, trial, frame, found, "What is answered")
    model = scene.world.setting.model
    for name in sorted(views_of(operation.respond, {view.name: view for view in model.views})):
        view = model.view(name)
        places = scene.world.of(view.entity)
        for choice in islice(_conditionals(view.shape), 8) if places else ():
            for want in (True, False):
                about = frame.about(Spot(places[0]))
                _flipped(choice.when, want, trial, about, found, f"What {name} shows")
        for asked in islice(_asked(view.shape), 8) if places else ():
            about = frame.about(Spot(places[0]))
            for want in (True, False):
                _flipped(asked, want, trial, about, found, f"What {name} shows")


def _asked(shape: tuple[ShapeMember, ...]) -> Iterator[Expression]:
    """The members of a view that are true or false by a condition of their own."""
    for member in shape:
        if isinstance(member.shape, Value) and isinstance(
            member.shape.value.meaning, Quantified | Compare | Within
        ):
            yield member.shape.value.meaning


def _conditionals(part: object) -> Iterator[Conditional]:
    seen: set[Conditional] = set()
    for expression in expressions(part):
        for node in nodes(expression):
            if isinstance(node, Conditional) and node not in seen:
                seen.add(node)
                yield node


# Rows that are not there ----------------------------------------------------------------------------------


def _missing(trial: Trial, found: Found) -> None:
    """Paths that name no row: none of that key, none that could have it, one that was deleted."""
    scene, operation = trial.scene, trial.scene.operation
    for parameter in operation.path_parameters:
        name = parameter.wire or parameter.name
        other = _no_row(parameter.type)
        made = scene.copy()
        made.params[parameter.name] = other
        answer = tried(made)
        if answer.failure is not None:
            found.case(f"of_a_missing_{name}_{outcome(answer)}", answer)
        if parameter.type.scalar in ("uuid", "integer", "date", "timestamp"):
            made = scene.copy()
            made.segments[name] = "no-key"
            answer = tried(made)
            found.case(f"of_an_impossible_{name}_{outcome(answer)}", answer)
    for at, step in enumerate(operation.steps):
        if not isinstance(step, Find) or trial.recording is None:
            continue
        entity = scene.world.setting.model.entity(step.entity)
        later = trial.recording.bound[at + 1 : at + 2]
        bound = (later[0] if later else trial.recording.bindings)[step.bind]
        if entity.soft_delete is None or bound is None:
            continue
        place = scene.world.at(entity.name, bound[entity.key])
        if place is not None and not _is_referred_to(scene, entity.name, bound[entity.key]):
            made = scene.copy()
            made.world.rows[place].gone = True
            made.world.rows[place].values[entity.soft_delete] = bound[entity.soft_delete]
            answer = tried(made)
            if answer.failure is not None:
                found.case(f"of_a_deleted_{step.bind}_{outcome(answer)}", answer)


def _is_referred_to(scene: Scene, entity: str, key: Any) -> bool:
    model = scene.world.setting.model
    return any(
        isinstance(field.type, ReferenceType)
        and field.type.entity == entity
        and row.values[field.name] == key
        for row in scene.world.rows
        for field in model.entity(row.entity).fields
    )


def _no_row(kind: ScalarType) -> Any:
    match kind.scalar:
        case "uuid":
            return NOBODY
        case "integer":
            return 999_999 if kind.max is None or kind.max >= 999_999 else kind.max
        case "date" | "timestamp" | "enum" | "boolean":
            return None
        case _:
            return "nothing-there"


def _optional(trial: Trial, found: Found) -> None:
    """Bodies with only what has to be there, and null where that may be."""
    scene, body = trial.scene, trial.scene.operation.body
    if body is None or scene.body is None:
        return
    makes = any(isinstance(step, Create | Upsert) for step in scene.operation.steps)
    required = {field.name for field in body.fields if field.required}
    if makes and required != scene.body.keys() and not body.partial:
        made = scene.copy()
        made.body = {name: value for name, value in scene.body.items() if name in required}
        found.case("with_only_what_is_required", tried(made))
    if body.partial and len(scene.body) > 1:
        made = scene.copy()
        made.body = dict(list(scene.body.items())[:1])
        found.case("leaves_what_is_absent", tried(made))
    nullable = [field.name for field in body.fields if field.nullable and field.name in scene.body]
    if body.partial and nullable and body.media == "json":
        made = scene.copy()
        assert made.body is not None
        made.body |= dict.fromkeys(nullable)
        answer = tried(made)
        if answer.succeeded:
            found.case("clears_what_is_null", answer)
