"""Random specifications that the checker accepts build, are clean, migrate, and answer as they are meant.

The sample is fixed. `BACKWRIGHT_MODELS=200` tries that many seeds from `BACKWRIGHT_SEED` on (1000), on both databases,
with every gate.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from model_trial import Defect, accepted, trial
from spec_random import specification, yaml

from backwright.verify.gate import DatabaseName

MANY = int(os.environ.get("BACKWRIGHT_MODELS", "0"))
FIRST = int(os.environ.get("BACKWRIGHT_SEED", "1000"))
SAMPLE = range(FIRST, FIRST + MANY) if MANY else (10, 27, 34, 58, 85, 98)
GATES = (
    ("lint", "types", "contract", "migrations", "unit", "behaviour")
    if MANY
    else ("lint", "contract", "migrations", "behaviour")
)
DATABASES: tuple[DatabaseName, ...] = ("sqlite", "postgresql") if MANY else ("sqlite",)


def told(seed: int, defects: list[Defect]) -> str:
    """What went wrong, and the specification it went wrong with."""
    found = "\n".join(f"{each.stage}: {each.what}\n{each.detail}" for each in defects)
    return f"seed {seed}\n{found}\n{yaml(specification(seed))}"


@pytest.mark.parametrize("seed", SAMPLE)
def test_an_accepted_model_builds_and_behaves(seed: int, tmp_path: Path) -> None:
    model = accepted(yaml(specification(seed)), tmp_path)
    if model is None:
        assert MANY, f"seed {seed} is of the sample, but not accepted any more"
        return
    defects = [model] if isinstance(model, Defect) else trial(tmp_path, GATES, DATABASES, 300)
    assert not defects, told(seed, defects)


def test_random_specifications_are_the_same_every_time_and_half_of_them_are_accepted(tmp_path: Path) -> None:
    seeds = range(60)
    texts = [yaml(specification(seed)) for seed in seeds]
    assert texts == [yaml(specification(seed)) for seed in seeds]
    found = [accepted(text, tmp_path / str(seed)) for seed, text in enumerate(texts)]
    broken = [(seed, each) for seed, each in enumerate(found) if isinstance(each, Defect)]
    assert broken == []
    assert sum(each is not None for each in found) >= 20
