"""Defects that show only after several steps: each is found by its probe, and the right backend by none."""

from __future__ import annotations

from pathlib import Path

import outside
import pytest

from backwright.verify.observed import Bounds
from backwright.verify.probes import balances, bulk, clocks, objects, properties, repetition, signing_in
from backwright.verify.probes.probe import Outcome, Probe, world_of

BOUNDS = Bounds(seed=1, seconds=300)
PLANTED: list[tuple[str, Probe, str]] = [
    ("slow_for_known", signing_in, "takes much longer for a known name"),
    ("ahead", clocks, "`created_at` of what was made just now is 2.0 hours ahead"),
    ("key_for_other", repetition, "answers another body with what was done before"),
    ("bulk", bulk, "does to what ann made what bob asks for"),
    ("reads", objects, "shows bob what ann made"),
    ("takes_balance", properties, "takes `balance`"),
    ("no_credit", balances, "changes `balance` of `from_wallet_id` and not of the other"),
    ("debit_first", balances, "is answered 404, and changes `balance` all the same"),
    ("overdraft", balances, "`balance` is -1 then"),
    ("oversold", balances, "`stock` is -"),
    ("overpaid", balances, "`paid` is more than `total` then"),
    ("kept_stock", balances, "gives nothing back of what POST /orders/{order_id}/place took"),
]


def asked(folder: Path, probe: Probe, *defects: str) -> Outcome:
    with outside.stores(folder, *defects) as seen, world_of(seen, BOUNDS) as world:
        return probe.run(world)


@pytest.mark.parametrize(("defect", "probe", "said"), PLANTED, ids=[each[0] for each in PLANTED])
def test_what_is_planted_is_found(defect: str, probe: Probe, said: str, tmp_path: Path) -> None:
    assert said in " ".join(finding.what for finding in asked(tmp_path, probe, defect).findings)


@pytest.mark.parametrize("probe", [balances, bulk, clocks, objects, properties, repetition])
def test_nothing_is_found_in_the_right_one(probe: Probe, tmp_path: Path) -> None:
    outcome = asked(tmp_path, probe)
    assert (outcome.findings, outcome.tried > 0) == ((), True)


def test_what_may_be_below_zero_is(tmp_path: Path) -> None:
    assert asked(tmp_path, balances, "overdraft", "limited").findings == ()


def test_the_right_login_takes_as_long_for_whom_nobody_knows(tmp_path: Path) -> None:
    told = [finding.what for finding in asked(tmp_path, signing_in).findings]
    assert not [what for what in told if "longer" in what]


def test_what_needs_others_first_is_reached(tmp_path: Path) -> None:
    with outside.stores(tmp_path) as seen:
        assert seen.unreached == ()
