"""The backend behaves as its model means, request by request."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from backwright.verify import regressions
from backwright.verify.backends import RunningBackend
from backwright.verify.behaviour import Comparison, compare_backends
from backwright.verify.bursts import ALLOWED, is_long, lowered, play_bursts
from backwright.verify.coverage import Coverage
from backwright.verify.gate import GateInput, NotRun, Verdict, backend, found
from backwright.verify.regressions import Case, Replayed, Unreadable, Unusable
from backwright.verify.results import Finding
from backwright.verify.schemas import Schemas
from backwright.verify.script import script
from backwright.verify.serve_under_test import LOWERED_VARIABLE
from backwright.verify.staged import TOKEN_KEYS, Staging, Unstorable, signing
from backwright.verify.staged_script import staged_script

NAME = "behaviour"
TITLE = "Behaviour agrees with the reference"
WHY = "Tests made from the same code as the backend repeat its mistakes; the reference shares none of it."
EXAMPLE = "A list forgets its read rule when a filter is given: failed, with a script of curl commands."
DATABASE = True
LEAST_ACCEPTED = 33.0
LEAST_COMPARED = 0.1
"""What part of the requests has to be compared before the time is over; less says nothing."""


class Cases(msgspec.Struct):
    """What came of the cases in `tests/regressions/`: agreeing and skipped ones by name, and what is wrong."""

    agreeing: list[str] = []
    skipped: list[str] = []
    findings: list[Finding] = []

    def figures(self) -> dict[str, int | float | str]:
        """The names, where there are any."""
        named = {"regression cases that agree": self.agreeing, "regression cases skipped": self.skipped}
        return {what: "; ".join(names) for what, names in named.items() if names}


def judge(given: GateInput) -> Verdict:
    """Scenes for each declared answer, then random requests by random callers, go to server and reference.

    Compared are status, headers, body and final rows; each answer is also held against openapi.json, and against a
    contract that was handed over. Limits that allow more requests than a scene has are lowered in a process of their
    own, and one request too many is sent. Too few accepted requests would show nothing and fail; if the time is over
    after a tenth of them, the gate did not run. What `verify` finds is kept in `tests/regressions/` and played first by
    every later run, until somebody deletes it; a case that a later specification has left behind is skipped by name.
    """
    schemas, coverage = Schemas(given.project, given.model), Coverage(given.model)
    with (
        backend(given, token_keys=TOKEN_KEYS) as server,
        closing(RunningBackend(given.model, server)) as running,
    ):
        cases = _cases(given, running, schemas)
        if cases.findings:
            return found(cases.findings, "", {"seed": given.seed, **cases.figures()})
        compared = compare_backends(
            given.model,
            running,
            seed=given.seed,
            requests=given.requests,
            seconds=given.seconds,
            inspect=schemas.differences,
            sign_in=signing(given.model),
            coverage=coverage,
        )
        findings = _findings(compared, given, running, schemas)
    if not findings:
        findings = _too_often(given, schemas, coverage)
        compared = msgspec.structs.replace(compared, figures=coverage.told())
    figures = {"seed": given.seed, **compared.figures, **schemas.figures(), **cases.figures()}
    if not findings and int(figures["requests"]) < given.requests * LEAST_COMPARED:
        asked = f"{figures['requests']} of {given.requests} requests"
        raise NotRun(f"the time of {given.seconds:g} s was over after {asked}; --seconds gives it more")
    if not findings and float(figures["accepted %"]) < LEAST_ACCEPTED:
        findings.append(Finding(what=f"only {figures['accepted %']} % of the requests were accepted"))
    told = f"{figures['requests']} requests agree with the reference, {figures['accepted %']} % accepted"
    for names, what in ((cases.agreeing, "agree"), (cases.skipped, "skipped")):
        told += f", {len(names)} regression case{'s' * (len(names) > 1)} {what}" if names else ""
    return found(findings, told, figures)


def _too_often(given: GateInput, schemas: Schemas, coverage: Coverage) -> list[Finding]:
    """What is wrong where operations are asked too often whose limits allow more than a conversation has."""
    long = frozenset(operation.name for operation in given.model.operations if is_long(operation))
    if not long:
        return []
    model = lowered(given.model)
    with (
        backend(given, token_keys=TOKEN_KEYS, extra={LOWERED_VARIABLE: str(ALLOWED)}) as server,
        closing(RunningBackend(model, server)) as running,
    ):
        staging = Staging(model, running, signing(model), schemas.differences, coverage)
        played = play_bursts(model, long, staging)
    if played is None:
        return []
    what = f"{played.sent.operation}: {'; '.join(played.differences)}"
    return [Finding(what=what, where=f"{len(played.earlier) + 1} requests, of which {ALLOWED} are allowed")]


def _findings(
    compared: Comparison, given: GateInput, running: RunningBackend, schemas: Schemas
) -> list[Finding]:
    if compared.disagreement is not None:
        case = regressions.of_sequence(compared.disagreement)
        replay, where = script(compared.disagreement), f"seed {given.seed}"
    elif compared.scene is not None:
        case = regressions.of_scene(compared.scene)
        replay = staged_script(compared.scene, given.model, case.what)
        where = f"{case.operation}, in a scene"
    else:
        return []
    kept = "" if given.first else _repeated(case, given, running, schemas)
    return [Finding(what=case.what, where=where, replay=replay, case=kept)]


# Cases that were found before -------------------------------------------------------------------------


def _repeated(case: Case, given: GateInput, running: RunningBackend, schemas: Schemas) -> str:
    """The case as a text to keep; empty where it does not happen again: it would fail nobody later."""
    try:
        again = _replay(case, given, running, schemas)
    except (Unusable, Unstorable):
        return ""
    return regressions.encoded(regressions.confirmed(case, again)) if again.differences else ""


def _replay(case: Case, given: GateInput, running: RunningBackend, schemas: Schemas) -> Replayed:
    return regressions.replay(case, given.model, running, signing(given.model), schemas.differences)


def _cases(given: GateInput, running: RunningBackend, schemas: Schemas) -> Cases:
    """All cases of the project, played one after the other."""
    told = Cases()
    for number, file in enumerate(regressions.kept(given.project)):
        where = f"{regressions.FOLDER}/{file.name}"
        if number >= regressions.MOST:
            told.findings.append(Finding(what=f"there are more than {regressions.MOST} cases", where=where))
            break
        try:
            case = regressions.read(file)
            again = _replay(case, given, running, schemas)
        except Unreadable as error:
            told.findings.append(Finding(what=f"this is no regression case: {error}", where=where))
        except (Unusable, Unstorable) as reason:
            told.skipped.append(f"{file.name} ({reason})")
        else:
            if again.differences:
                told.findings.append(
                    Finding(what="; ".join(again.differences), where=where, replay=_script(file))
                )
            else:
                told.agreeing.append(file.name)
    return told


def _script(file: Path) -> str:
    """The script beside a case."""
    script = file.with_suffix(".sh")
    is_plain = script.is_file() and not script.is_symlink() and script.stat().st_size <= regressions.LARGEST
    return script.read_text(encoding="utf-8", errors="replace") if is_plain else ""
