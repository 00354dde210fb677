"""Plans over whole services: every construct of the language is compared by meaning and said in words."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from backwright.expr.typed import FALSE, TRUE, Constant, Type
from backwright.model import snapshot
from backwright.model.build import build
from backwright.model.types import (
    Cache,
    Check,
    Cookie,
    Deprecation,
    ErrorAnswer,
    ErrorWord,
    Formula,
    Header,
    Model,
    Rate,
    Rule,
    Select,
    ShowNothing,
)
from backwright.plan import Plan, plan
from backwright.plan.changes import ChangeEntity, ChangeField, ChangeOperation, ChangeView, identity, reverse
from backwright.plan.show import as_json, text
from backwright.project import Project
from backwright.spec import read

ROOT = Path(__file__).parents[3]
SERVICES = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for folder in ("examples", "tests/cases/semantics")
    for path in ROOT.glob(f"{folder}/*/backwright.yaml")
)
EXAMPLES = [service for service in SERVICES if service.startswith("examples/")]
PUBLIC, NOBODY = Rule(source="public", condition=TRUE), Rule(source="none", condition=FALSE)
WORD = Formula(source="'x'", meaning=Constant(type=Type("string"), value="x"))


@cache
def model_of(service: str) -> Model:
    return build(read(Project(ROOT / service)))


def shown(made: Plan) -> Plan:
    """The plan, after it was printed in every way, and every change taken back and forth."""
    assert text(made)
    assert as_json(made)
    assert len({identity(change) for change in made.changes}) == len(made.changes)
    for change in made.changes:
        assert identity(reverse(reverse(change))) == identity(change)
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_planned_once(service: str) -> None:
    """Nothing is left to do afterwards, also where the model comes back from its snapshot."""
    model = model_of(service)
    assert shown(plan(None, model)).verdict == "safe"
    assert plan(model, model).verdict == "empty"
    assert plan(snapshot.decode(snapshot.encode(model)), model).verdict == "empty"


@pytest.mark.parametrize(("one", "other"), list(zip(EXAMPLES, [*EXAMPLES[1:], EXAMPLES[0]], strict=True)))
def test_any_service_can_become_any_other(one: str, other: str) -> None:
    made = shown(plan(model_of(one), model_of(other)))
    assert made.verdict == "blocked"


TRACKER, FORUM, CLINIC, CONDUIT, INVENTORY = (
    model_of(f"examples/{name}") for name in ("tracker", "forum", "clinic", "conduit", "inventory")
)


def with_operation(model: Model, name: str, **members: object) -> Model:
    changed = (replace(each, **members) if each.name == name else each for each in model.operations)
    return replace(model, operations=tuple(changed))


def with_entity(model: Model, name: str, **members: object) -> Model:
    changed = (replace(each, **members) if each.name == name else each for each in model.entities)
    return replace(model, entities=tuple(changed))


def with_field(model: Model, owner: str, name: str, **members: object) -> Model:
    fields = (replace(f, **members) if f.name == name else f for f in model.entity(owner).fields)
    return with_entity(model, owner, fields=tuple(fields))


POLICIES: dict[str, tuple[str, object, str]] = {
    "access": ("access", PUBLIC, ""),
    "rates": ("rates", (Rate(count=1, seconds=7, by="address"),), "breaking"),
    "body": ("max_body", 9, "breaking"),
    "idempotency": ("idempotent", "required", "breaking"),
    "precondition": ("if_match", "required", "breaking"),
    "cache": ("cache", Cache(seconds=123), "safe"),
    "deprecation": ("deprecated", Deprecation(since="2031-01-01"), "safe"),
    "failures": ("answers", (ErrorAnswer(category="invalid", status=418),), "breaking"),
    "errors": ("errors", ("gone",), ""),
    "caller": ("caller", "none", ""),
    "steps": ("steps", (), ""),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_setting_of_every_operation_shows_in_the_plan(policy: str) -> None:
    setting, value, hazard = POLICIES[policy]
    for model in (CONDUIT, FORUM):
        for operation in model.operations:
            if getattr(operation, setting) == value or (setting == "access" and operation.access is None):
                continue
            made = shown(plan(model, with_operation(model, operation.name, **{setting: value})))
            (change,) = made.changes
            assert isinstance(change, ChangeOperation), operation.name
            assert not hazard or change.hazard == hazard, change.reason


ANSWERS: dict[str, object] = {
    "status": 299,
    "choose": WORD,
    "show": ShowNothing(),
    "envelope": False,
    "wrap": "inside",
    "headers": (Header(name="x-more", value=WORD),),
    "cookies": (Cookie(name="more", value=WORD),),
}


@pytest.mark.parametrize("part", ANSWERS)
def test_every_part_of_every_answer_shows_in_the_plan(part: str) -> None:
    for model in (CONDUIT, FORUM):
        for operation in model.operations:
            if getattr(operation.respond, part) == ANSWERS[part]:
                continue
            respond = replace(operation.respond, **{part: ANSWERS[part]})
            made = shown(plan(model, with_operation(model, operation.name, respond=respond)))
            assert [type(change) for change in made.changes] == [ChangeOperation], operation.name


def test_a_binding_may_have_another_name() -> None:
    """Nobody outside the operation knows it."""

    from backwright.model.snapshot import encode

    written = json.loads(encode(CONDUIT))
    (favorite,) = (each for each in written["operations"] if each["name"] == "favorite")
    found = json.dumps(favorite)
    renamed = found.replace('"bind": "article"', '"bind": "piece"').replace(
        '"binding": "article"', '"binding": "piece"'
    )
    assert renamed != found
    written["operations"] = [
        json.loads(renamed) if e["name"] == "favorite" else e for e in written["operations"]
    ]
    assert plan(CONDUIT, snapshot.decode(json.dumps(written).encode())).changes == ()


def aspects(before: Model, after: Model) -> tuple[tuple[str, ...], str]:
    """What the one change says, and its hazard."""
    (change,) = shown(plan(before, after)).changes
    assert isinstance(change, ChangeField | ChangeEntity | ChangeOperation | ChangeView)
    return change.aspects, change.hazard


BLOCKED_BY = TRACKER.entity("Task").field("blocked_by")
LABELS = TRACKER.entity("Task").field("labels")
TAGS = CONDUIT.entity("Article").field("tags")


@pytest.mark.parametrize(
    ("before", "after", "words", "hazard"),
    [
        (
            TRACKER,
            with_field(TRACKER, "Task", "blocked_by", type=replace(BLOCKED_BY.type, on_delete="cascade")),
            "when what it refers to is deleted: set_null becomes cascade",
            "destructive",
        ),
        (
            TRACKER,
            with_field(TRACKER, "Task", "blocked_by", same=None),
            "need not share org with what it refers to any more",
            "safe",
        ),
        (
            TRACKER,
            with_field(TRACKER, "Task", "labels", type=replace(LABELS.type, max=20)),
            "type refs Label ..10 becomes refs Label ..20",
            "safe",
        ),
        (
            CONDUIT,
            with_field(CONDUIT, "Article", "tags", type=replace(TAGS.type, max=30)),
            "type list of string 1..50 ..20 becomes list of string 1..50 ..30",
            "safe",
        ),
        (
            CLINIC,
            with_field(CLINIC, "Patient", "diagnosis", read=None),
            "read `this.person == caller || caller.role == 'doctor'` becomes `everybody`",
            "widens_access",
        ),
        (
            CLINIC,
            with_field(CLINIC, "Patient", "diagnosis", write=NOBODY),
            "write `caller.role == 'doctor'` becomes `none`",
            "safe",
        ),
        (
            CONDUIT,
            with_field(CONDUIT, "Article", "updated_at", on_update=None),
            "on update now becomes none",
            "safe",
        ),
        (
            FORUM,
            with_field(FORUM, "Member", "nick", folded=False),
            "keeps its case now",
            "safe",
        ),
        (
            FORUM,
            with_entity(FORUM, "Post", immutable=True),
            "rows are never updated any more",
            "breaking",
        ),
        (TRACKER, with_entity(TRACKER, "Task", after=PUBLIC), "", "widens_access"),
        (TRACKER, with_entity(TRACKER, "Task", states=None), "`state` changes like any field", "widens_access"),
    ],
)  # fmt: skip
def test_a_setting_that_differs_is_said_with_its_hazard(
    before: Model, after: Model, words: str, hazard: str
) -> None:
    found, worst = aspects(before, after)
    assert worst == hazard, found
    assert not words or found == (words,)


def test_moves_are_compared_by_what_they_do() -> None:
    states = TRACKER.entity("Task").states
    assert states is not None
    finish, *rest = states.moves
    open_to_all = replace(states, moves=(replace(finish, may=PUBLIC), *rest))
    found, hazard = aspects(TRACKER, with_entity(TRACKER, "Task", states=open_to_all))
    assert (found, hazard) == (
        ("move start: may `this.assignee == caller` becomes `public`",),
        "widens_access",
    )
    fewer = with_entity(TRACKER, "Task", states=replace(states, moves=tuple(rest)))
    assert aspects(TRACKER, fewer) == (("move start is gone",), "breaking")


def test_checks_come_and_go() -> None:
    stock = INVENTORY.entity("Stock")
    without = with_entity(INVENTORY, "Stock", checks=stock.checks[:1])
    assert [identity(change) for change in plan(INVENTORY, without).changes] == ["drop-check Stock.covered"]
    (added,) = plan(without, INVENTORY).changes
    assert (identity(added), added.hazard) == ("add-check Stock.covered", "limit")
    other = Check(name="enough", condition=stock.checks[1].condition, code="enough")
    swapped = with_entity(INVENTORY, "Stock", checks=(other, stock.checks[1]))
    names = [identity(change) for change in plan(INVENTORY, swapped).changes]
    assert names == ["drop-check Stock.enough", "add-check Stock.enough"]


def test_a_view_is_compared_with_what_it_makes_of_the_row() -> None:
    view = CONDUIT.view("ArticleItem")
    assert view.shape

    def changed(**members: object) -> Model:
        views = tuple(replace(each, **members) if each.name == view.name else each for each in CONDUIT.views)
        return replace(CONDUIT, views=views)

    gone = view.shape[0].wire
    assert aspects(CONDUIT, changed(shape=view.shape[1:])) == ((f"`{gone}` is no longer shown",), "breaking")
    assert aspects(changed(shape=view.shape[1:]), CONDUIT) == ((f"`{gone}` is shown",), "safe")
    other = (replace(view.shape[0], shape=view.shape[1].shape), *view.shape[1:])
    assert aspects(CONDUIT, changed(shape=other)) == ((f"`{gone}` shows something else",), "breaking")


def test_failures_are_answered_otherwise() -> None:
    words = ErrorAnswer(category="invalid", status=400, body=ErrorWord(word="message"))
    after = replace(TRACKER, service=replace(TRACKER.service, answers=(words,)))
    (change,) = shown(plan(TRACKER, after)).changes
    assert change.reason == "service.errors.invalid: as usual becomes status 400, body message"
    assert change.hazard == "breaking"


def test_a_page_of_another_style_breaks_clients() -> None:
    for model in (CONDUIT, FORUM):
        for operation in model.operations:
            steps = list(operation.steps)
            at = next((n for n, step in enumerate(steps) if isinstance(step, Select)), None)
            if at is None or not isinstance(step := steps[at], Select):
                continue
            other = "offset" if step.paging.style == "keyset" else "keyset"
            steps[at] = replace(step, paging=replace(step.paging, style=other))
            found, hazard = aspects(model, with_operation(model, operation.name, steps=tuple(steps)))
            assert hazard == "breaking", found
