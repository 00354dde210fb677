"""The acknowledgement of a task: what was understood, what is delivered, what is open, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

import msgspec

from backwright.model.types import Assumption, Entity, Model
from backwright.spec.diagnostics import Diagnostic
from backwright.task.cards import MISSING_FIELD, Card
from backwright.task.events import (
    BuildFinished,
    CheckFinished,
    GateFinished,
    Log,
    MigrationApplied,
    PlanMade,
    Role,
)
from backwright.task.features import Feature
from backwright.task.questions import Question
from backwright.task.wording import clean, code, count, listing

ROLES: tuple[Role, ...] = ("architect", "product-manager", "security", "team-lead")
NOT_ESTIMATED = "not estimated"


class Deliverable(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that will be handed over, and which of them."""

    kind: str
    items: tuple[str, ...]


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the execution plan. `after` are the steps that have to be finished before it."""

    id: str
    text: str
    after: tuple[str, ...] = ()
    seconds: float | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a task card. `estimate` is computed from recorded durations, or says "not estimated"."""

    task: str
    name: str
    requirement: str
    missing: tuple[str, ...]
    notes: tuple[Diagnostic, ...]
    understanding: tuple[str, ...]
    in_scope: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    deliverables: tuple[Deliverable, ...]
    assumptions: tuple[Assumption, ...]
    questions: tuple[Question, ...]
    steps: tuple[PlannedStep, ...]
    estimate: str


def acknowledge(
    card: Card,
    model: Model | None,
    features: Iterable[Feature],
    questions: Iterable[Question],
    log: Log,
) -> Acknowledgement:
    """What is said to a card as things stand. `model` is None while the specification cannot be built."""
    features = tuple(features)
    questions = tuple(questions)
    steps = tuple(_steps(log, blocked=any(q.open and q.blocking for q in questions)))
    inside, outside = _scope(features, questions)
    return Acknowledgement(
        task=card.id,
        name=card.name,
        requirement=card.requirement,
        missing=card.missing,
        notes=(*card.diagnostics, *(d for feature in features for d in feature.diagnostics)),
        understanding=tuple(_understanding(card, model, features)),
        in_scope=tuple(inside),
        out_of_scope=tuple(outside),
        deliverables=tuple(_deliverables(model)) if model else (),
        assumptions=model.assumptions if model else (),
        questions=tuple(question for question in questions if question.open),
        steps=steps,
        estimate=_estimate(steps),
    )


def markdown(ack: Acknowledgement) -> str:
    """The acknowledgement as people read it."""
    lines = [f"# Acknowledgement of {clean(ack.task)}: {clean(ack.name or 'unnamed')}", ""]
    if ack.requirement:
        lines += [f"Serves: {clean(ack.requirement)}", ""]
    if ack.missing:
        lines += [f"The card does not say its {listing(ack.missing)}.", ""]
    lines += _notes(ack.notes)
    lines += _section("What was understood", ack.understanding)
    lines += _section("In scope", ack.in_scope, "No requirement is written down.")
    lines += _section("Not in this delivery", ack.out_of_scope, "Nothing was left out by decision.")
    delivered = [f"{d.kind}: {', '.join(d.items)}" for d in ack.deliverables]
    lines += _section("What will be delivered", delivered, "Unknown until the specification can be built.")
    assumed = [f"{a.subject}: {a.text} ({a.role} decides otherwise)" for a in ack.assumptions]
    lines += _section("Assumptions", assumed, "None.")
    lines += ["## Questions", ""]
    lines += _questions(ack.questions)
    lines += ["## Plan", ""]
    for number, step in enumerate(ack.steps, start=1):
        waits = f" (after {', '.join(step.after)})" if step.after else ""
        lines.append(f"{number}. **{step.id}**: {step.text}{waits}{_duration(step)}")
    lines += ["", f"Estimate: {ack.estimate}", ""]
    return "\n".join(lines)


def _notes(notes: tuple[Diagnostic, ...]) -> list[str]:
    """What of the files cannot be taken as it stands. What the card lacks is said already."""
    found = [note for note in notes if note.code != MISSING_FIELD.code]
    if not found:
        return []
    lines = [f"{note.code} {note.place.file}:{note.place.line}: {note.message}" for note in found]
    return _section("What of the files could not be taken as it stands", lines)


def _duration(step: PlannedStep) -> str:
    """From recorded durations; people are not estimated."""
    if step.id == "questions":
        return ""
    return f" — {NOT_ESTIMATED}" if step.seconds is None else f" — about {step.seconds:.0f} s"


def _questions(questions: tuple[Question, ...]) -> list[str]:
    lines: list[str] = []
    for role in ROLES:
        mine = [question for question in questions if question.role == role]
        if mine:
            lines += [f"### {role}", ""]
            for question in mine:
                mark = "blocks the build" if question.blocking else "does not block"
                lines.append(f"- **{question.id}** ({mark}): {clean(question.text)}")
            lines.append("")
    return lines or ["None.", ""]


def _section(title: str, items: Iterable[str], otherwise: str = "Nothing.") -> list[str]:
    items = list(items) or [otherwise]
    return [f"## {title}", "", *(f"- {clean(item)}" for item in items), ""]


def _understanding(card: Card, model: Model | None, features: tuple[Feature, ...]) -> Iterator[str]:
    """The task in our own words: taken from the model, not copied from the card."""
    if model is None:
        yield "The specification cannot be built yet; the questions say why."
    else:
        service = model.service
        yield (
            f"A service {service.name} {service.version} that stores {count(len(model.entities), 'kind')} "
            f"of rows and answers {count(len(model.operations), 'operation')}."
        )
        yield from (_entity(entity) for entity in model.entities)
        if model.auth:
            auth = model.auth
            yield f"Callers are rows of {auth.identity}, known by {auth.by}, and sign in with a password."
    for feature in features:
        yield (
            f"{feature.title}: {count(len(feature.stories), 'story', 'stories')}, "
            f"{count(len(feature.requirements), 'requirement')}, "
            f"{count(len(feature.scenarios), 'executable scenario')}."
        )
        yield from _feature(feature)
    if card.criteria:
        yield f"The card sets {count(len(card.criteria), 'acceptance criterion', 'acceptance criteria')}."


def _feature(feature: Feature) -> Iterator[str]:
    """What else a feature's files say."""
    for story in sorted(feature.stories, key=lambda story: story.priority or "P9"):
        yield f"{story.id}{f' ({story.priority})' if story.priority else ''}: {story.title or 'without a title'}."
    if feature.entities:
        yield f"It is about {listing(feature.entities)}."
    if feature.edge_cases:
        yield f"It names {count(len(feature.edge_cases), 'edge case')}."
    if feature.boxes:
        yield f"Its tasks.md has {count(len(feature.boxes), 'task')}."


def _entity(entity: Entity) -> str:
    rules = "; ".join(f"{verb} {code(rule.source)}" for verb, rule in entity.access.items())
    fields = ", ".join(code(field.name) for field in entity.fields)
    return f"{entity.name} has {fields}. Access is {rules or 'not decided'}."


def _scope(features: tuple[Feature, ...], questions: tuple[Question, ...]) -> tuple[list[str], list[str]]:
    decided = {q.subject: q for q in questions if q.kind == "requirement" and q.answer is not None}
    inside: list[str] = []
    outside: list[str] = []
    for feature in features:
        for requirement in feature.requirements:
            decision = decided.get(f"{feature.name}/{requirement.id}")
            if decision:
                outside.append(
                    f"{requirement.id}: {requirement.text} — {decision.answer} ({decision.answered_by})"
                )
            else:
                inside.append(f"{requirement.id}: {requirement.text}")
    return inside, outside


def _deliverables(model: Model) -> Iterator[Deliverable]:
    package = model.service.package
    yield Deliverable(
        kind="Python package",
        items=tuple(code(f"{package}/{part}") for part in ("routes/", "services/", "repositories/")),
    )
    yield Deliverable(kind="Endpoints", items=tuple(code(f"{o.method} {o.path}") for o in model.operations))
    yield Deliverable(
        kind="Migrations, up and down, for PostgreSQL and SQLite",
        items=tuple(code(entity.table) for entity in model.entities),
    )
    yield Deliverable(kind="Tests", items=("behaviour, acceptance and authorization",))
    yield Deliverable(kind="Contract", items=(code(f"{package}/openapi.json"),))
    yield Deliverable(kind="Report", items=("Markdown", "JSON", "web page"))


def _steps(log: Log, *, blocked: bool) -> Iterator[PlannedStep]:
    """The plan, each step with the median of what it took before."""
    first: tuple[str, ...] = ()
    if blocked:
        first = ("questions",)
        yield PlannedStep(
            id="questions", text="The blocking questions are answered by the roles that decide."
        )
    yield PlannedStep(
        id="check", text="Check the specification.", after=first, seconds=_took(log, CheckFinished)
    )
    yield PlannedStep(
        id="plan",
        text="Plan the changes; destructive or breaking ones wait for an approval.",
        after=("check",),
        seconds=_took(log, PlanMade),
    )
    yield PlannedStep(
        id="build",
        text="Write the migrations and the backend.",
        after=("plan",),
        seconds=_took(log, BuildFinished),
    )
    yield PlannedStep(
        id="migrate",
        text="Run the migrations, take them back and run them again.",
        after=("build",),
        seconds=_took(log, MigrationApplied),
    )
    yield PlannedStep(id="verify", text="Run every gate.", after=("migrate",), seconds=_gates_took(log))
    yield PlannedStep(id="report", text="Write the completion report and hand over.", after=("verify",))


def _took(
    log: Log,
    kind: type[CheckFinished] | type[PlanMade] | type[BuildFinished] | type[MigrationApplied],
) -> float | None:
    durations = [event.seconds for event in log.events if isinstance(event, kind)]
    return median(durations) if durations else None


def _gates_took(log: Log) -> float | None:
    """The sum over gates of each one's median duration."""
    durations: dict[tuple[str, str | None], list[float]] = {}
    for event in log.events:
        if isinstance(event, GateFinished):
            durations.setdefault((event.gate, event.database), []).append(event.seconds)
    return sum(median(values) for values in durations.values()) if durations else None


def _estimate(steps: tuple[PlannedStep, ...]) -> str:
    machine = [step.seconds for step in steps if step.id not in ("questions", "report")]
    known = [seconds for seconds in machine if seconds is not None]
    if len(known) < len(machine):
        return NOT_ESTIMATED
    waiting = " once the questions are answered" if steps[0].id == "questions" else ""
    said = "from the recorded durations of earlier runs; the report's is not recorded"
    return f"{sum(known):.0f} s of machine time{waiting}, {said}"
