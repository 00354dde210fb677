"""Packs are addressed to the tasks that are named, or that wait for the one at hand."""

from __future__ import annotations

import pytest

from backwright.handover import addresses
from backwright.spec.diagnostics import SpecificationError
from backwright.task.cards import Card, parse


def card(text: str) -> Card:
    return parse(text, file="card.md")


HANDING = card("# BE-001: Do\n\n**Hand-over**: FE-007 (the client), OPS-1, FE-002; FE-007\n")


def tasks(found: object) -> dict[str, tuple[str, ...]]:
    assert isinstance(found, tuple)
    return {address.kind: address.tasks for address in found}


def test_a_card_says_to_whom_it_hands_over() -> None:
    for text in (
        "# BE-001: Do\n\n## Hand over to\n\n- FE-001: use it\n- QA-002\n",
        "---\nid: BE-001\nhand_over: [FE-001, QA-002]\n---\n",
        "| field | value |\n| --- | --- |\n| ID | BE-001 |\n| Blocks | FE-001, QA-002 |\n",
    ):
        assert [each[:6] for each in card(text).hand_over] == ["FE-001", "QA-002"]


def test_no_card_lacks_it() -> None:
    assert "hand-over" not in " ".join(card("# BE-001: Do\n").missing)


def test_packs_are_for_the_tasks_that_the_card_names() -> None:
    assert tasks(addresses(HANDING, [], ()))["FE"] == ("FE-002", "FE-007")


def test_packs_are_for_the_tasks_whose_cards_depend_on_it() -> None:
    waiting = card("# FE-003: Show\n\n**Dependencies**: BE-001 and BE-002\n")
    other = card("# FE-004: Show more\n\n**Dependencies**: BE-0012\n")
    assert tasks(addresses(HANDING, [HANDING, waiting, other], ()))["FE"] == ("FE-002", "FE-003", "FE-007")


def test_without_a_card_packs_are_for_whoever_needs_them() -> None:
    assert set(tasks(addresses(None, [], ())).values()) == {()}


def test_only_the_named_tasks_get_packs() -> None:
    assert tasks(addresses(HANDING, [], ("fe-9", "FE-1"))) == {"FE": ("FE-1", "FE-9")}


@pytest.mark.parametrize("task", ["BE-001", "FE", "FE-1 FE-2", "../FE-1", "", "NFE-1"])
def test_nothing_is_handed_over_to_others(task: str) -> None:
    with pytest.raises(SpecificationError, match="BW940"):
        addresses(None, [], (task,))
