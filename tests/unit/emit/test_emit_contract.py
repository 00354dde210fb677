"""The contract that is emitted is valid, and what the reference answers is what it says."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from contract_check import Contract, HeldSubject
from openapi_spec_validator import OpenAPIV31SpecValidator
from random_requests import Traffic

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.acceptance import execute
from backwright.verify.scenarios import Scenario, read_scenarios, scenario_files

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/backwright.yaml"))
SEMANTICS = sorted(path.parent for path in ROOT.glob("tests/cases/semantics/*/backwright.yaml"))
REQUESTS = sorted(path.parent for path in ROOT.glob("tests/cases/requests/*/backwright.yaml"))
SPECIFIED = [*EXAMPLES, *SEMANTICS, *REQUESTS]


def model_of(folder: Path) -> Model:
    return build(read(Project(folder)))


def scenarios_of(folder: Path) -> list[Scenario]:
    files = scenario_files(Project(folder)) if folder in EXAMPLES else [folder / "scenarios.yaml"]
    return [scenario for file in files for scenario in read_scenarios(file)]


def named(folder: Path) -> str:
    return folder.name


@pytest.mark.parametrize("folder", SPECIFIED, ids=named)
def test_the_contract_is_valid_openapi(folder: Path) -> None:
    errors = OpenAPIV31SpecValidator(Contract(model_of(folder)).document).iter_errors()
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("folder", [*EXAMPLES, *SEMANTICS], ids=named)
def test_every_answer_of_every_scenario_is_as_the_contract_says(folder: Path) -> None:
    model = model_of(folder)
    subject = HeldSubject(model)
    results = execute(scenarios_of(folder), model, subject)
    assert [each.detail for each in results if each.detail] == []
    assert subject.wrong == []
    assert subject.contract.held


@pytest.mark.parametrize("folder", SPECIFIED, ids=named)
def test_every_answer_to_random_requests_is_as_the_contract_says(folder: Path) -> None:
    model = model_of(folder)
    for seed in range(4):
        subject = HeldSubject(model)
        traffic = Traffic(model, subject.reference, Random(seed))
        for operation in traffic.random.choices(model.operations, k=150):
            subject.send(traffic.request(operation))
        assert subject.wrong == []
