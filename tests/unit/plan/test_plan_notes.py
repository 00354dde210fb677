"""The notes of a plan: what readers, clients and operators are told, and what the way back costs."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace
from plan_parts import SEQUENCE, at_least, entity, model, number, string

from backwright.plan import plan
from backwright.plan.approval import Approval
from backwright.plan.changes import identity
from backwright.plan.notes import notes

OLD = replace(string("old", 1, 9), nullable=True)
BEFORE = model(entity("Item", number("size", 0, 99), OLD, string("code", 1, 20)))
AFTER = model(
    entity(
        "Item",
        number("size", 0, 9),
        number("code", 0, 9),
        number("more", 0, 9, default=1),
        checks=(at_least("big", "Item", number("size"), 1),),
    )
)


def test_each_reader_is_told_what_concerns_them() -> None:
    made = plan(BEFORE, AFTER)
    drop = next(identity(change) for change in made.changes if change.hazard == "destructive")
    given = Approval(
        plan=made.hash,
        changes=(drop,),
        by="ann <a@example.com>",
        reason="nobody\nreads it",
        rollback="migrate down",
        at=datetime(2030, 1, 2, tzinfo=UTC),
    )
    text = notes(made, replace(AFTER.service, version="2.0.0", kept_days=30), [given])
    assert text.startswith(f"# Version 2.0.0, plan {made.short}\n\n## Changelog\n\n### Added\n\n- ")
    for line in (
        "- Field Item.more; rows that exist get 1",
        "- Field Item.old",
        "- Breaking: Item.code: type string 1..20 becomes integer 0..9; values without a counterpart stand in the way",
        "- Rows that exist are filled: Item.more is in the specification; rows that exist get 1",
        "- Rows can stand in the way: `this.size >= 1` has to hold of every Item",
        "- Loses data: Item.old is no longer in the specification",
        "- Approved by ann \\<a@example.com> on 2030-01-02: `drop-field Item.old`. nobody reads it",
        "  - If it was wrong: migrate down",
        "- `drop-field Item.more`: what was written there since is lost",
        "- `add-field Item.old`: from the values that the migration keeps for 30 days",
        "- `change-field Item.code`",
        "- `change-field Item.size`",
        "- Rows can stand in the way: Item.size: type integer 0..99 becomes integer 0..9; "
        "values outside of it stand in the way",
        "- Stop the earlier version first, it fails from then on: `drop-field Item.old`, `change-field Item.code`",
    ):
        assert line in text.splitlines(), line


def test_a_plan_of_nothing_says_nothing() -> None:
    assert notes(plan(BEFORE, BEFORE), BEFORE.service).count("Nothing.") == 4


def test_the_way_back_says_what_can_stand_in_it() -> None:
    """What was wider before takes all that is there then; what was narrower does not."""
    way_back = notes(plan(AFTER, BEFORE), BEFORE.service).split("## The way back")[1].splitlines()
    assert "- `change-field Item.size`: values written since can stand in the way" in way_back
    assert "- `drop-check Item.big`" not in way_back
    assert "- `add-check Item.big`: values written since can stand in the way" in way_back


def test_what_is_renamed_is_told_by_both_names_and_both_versions_may_serve() -> None:
    after = model(
        entity("Thing", replace(string("title", 1, 20), was="code"), number("size", 0, 99), OLD, was="Item")
    )
    made = plan(BEFORE, after)
    text = notes(made, after.service)
    assert "- Item is called Thing now (`was: Item`); the rows stay" in text
    assert "- Thing.code is called title now (`was: code`); the values stay" in text
    assert "Stop the earlier version first" in text
    split = replace(after.service, changes="expand_then_contract")
    assert "Stop the earlier version first" not in notes(made, split)


def test_another_key_stops_the_earlier_version() -> None:
    after = model(
        entity(
            "Item",
            number("size", 0, 99),
            OLD,
            string("code", 1, 20),
            key=(replace(SEQUENCE, name="id", column="id"),),
        )
    )
    made = plan(BEFORE, after)
    assert "Item: rows get another `id`, and what refers to them follows" in notes(made, after.service)
    assert "Stop the earlier version first, it fails from then on: " in notes(made, after.service)
