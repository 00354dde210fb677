"""What the rules say that no acceptance criterion does."""

from __future__ import annotations

from backwright.spec.diagnostics import SpecificationError
from backwright.verify import acceptance
from backwright.verify.criteria import survivors
from backwright.verify.gate import GateInput, NotRun, Verdict
from backwright.verify.scenarios import Scenario

NAME = "criteria"
TITLE = "Rules that no criterion notices"
WHY = "A rule that could be dropped without any scenario failing is somebody's assumption, and nobody's example."
EXAMPLE = (
    "`this.role == 'admin'` is dropped and every scenario holds: listed as unspecified by any criterion."
)
DATABASE = False


def judge(given: GateInput) -> Verdict:
    """Each rule is weakened in turn, and the scenarios are executed on the meaning of the weaker model.

    What survives is information, and listed with its place: it says what to write a scenario for, and nothing of
    the backend. So the gate passes wherever it could look; without scenarios it is not run.
    """
    scenarios: list[Scenario] = []
    try:
        for path in acceptance.scenario_files(given.project):
            scenarios += acceptance.read_scenarios(path, given.project)
    except SpecificationError as error:
        raise NotRun("the scenarios have mistakes: see the acceptance gate") from error
    if acceptance.check(scenarios, given.model):
        raise NotRun("the scenarios have mistakes: see the acceptance gate")
    if not scenarios:
        raise NotRun("there are no scenarios (specs/<feature>/acceptance.yaml)")
    left, tried = survivors(given.model, scenarios)
    figures: dict[str, int | float | str] = {"weakenings": tried, "noticed": tried - len(left)}
    if left:
        told = [
            f"{each.place}: `{each.source}` "
            + ("dropped" if each.lost == each.source else f"without `{each.lost}`")
            for each in left
        ]
        figures["unspecified by any criterion"] = "; ".join(told)
    summary = f"{tried - len(left)} of {tried} weakened rules are noticed by a scenario"
    return Verdict(status="passed", summary=summary, figures=figures)
