"""Each alert fires in the situation that it is about, stays silent just beside it, and no other one fires."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from handover_packs import ROOT, specified
from promtool import promtool

from backwright.handover.alerts import alerts, rules_file
from backwright.model.types import Model, Performance
from backwright.project import Project
from backwright.verify.signing import login

Series = dict[str, str]
OK = {"method": "GET", "route": "/rides", "status": "200"}
READY = {"method": "GET", "route": "/ready", "status": "503"}


@pytest.fixture(scope="module")
def model() -> Model:
    """A service with accounts, limits, and a target of its own and of one operation."""
    found = specified(Project(ROOT / "examples" / "forum"))
    first, *others = found.operations
    own = msgspec.structs.replace(first, p95_ms=40)
    return msgspec.structs.replace(
        found, operations=(own, *others), performance=Performance(p95_ms=250, count=5)
    )


class Situation(msgspec.Struct, frozen=True):
    """Figures in which an alert fires after so many minutes, and figures in which it does not: one `every` minutes."""

    hot: Series
    minutes: int
    calm: Series
    every: int = 1


def situations(model: Model) -> dict[str, Situation]:
    """A situation for every alert, by its name. `0+2x40` begins with 0 and grows by 2 for 40 minutes."""
    signing = login(model)
    assert signing is not None
    refused = {"method": signing.method, "route": signing.path, "status": "401"}
    own = model.operations[0]

    def figure(name: str, **labels: str) -> str:
        chosen = {"job": model.service.name, "instance": "a", **labels}
        return f"{name}{{{','.join(f'{label}={json.dumps(value)}' for label, value in chosen.items())}}}"

    def requests(**labels: str) -> str:
        return figure("http_requests_total", **labels)

    def slow(method: str, route: str, bound: float, below: int) -> Series:
        """Of a hundred requests a minute so many are answered below the bound, all within twice that."""
        name, labels = "http_request_duration_seconds_bucket", {"method": method, "route": route}
        return {
            figure(name, **labels, le=str(bound)): f"0+{below}x60",
            figure(name, **labels, le=str(2 * bound)): "0+100x60",
            figure(name, **labels, le="+Inf"): "0+100x60",
        }

    up, started = figure("up"), figure("process_start_time_seconds")
    memory, files, most = (
        figure(f"process_{each}") for each in ("resident_memory_bytes", "open_fds", "max_fds")
    )
    awaited, busy, limit = (
        figure("database_connections_awaited"),
        figure("database_connections", state="busy"),
        figure("database_connections_limit"),
    )
    return {
        "ServiceDown": Situation({up: "1x5 0x30"}, 20, {up: "1x5 0x0 1x30"}),
        "Restarting": Situation({started: "1x3 2x3 3x3 4x3 5x20"}, 14, {started: "1x3 2x3 3x30"}),
        "MemoryGrowing": Situation({memory: "100x143 160x20"}, 1510, {memory: "100x143 149x20"}, every=10),
        "FilesUsedUp": Situation({files: "90x40", most: "100x40"}, 20, {files: "80x40", most: "100x40"}),
        "RequestsFail": Situation(
            {requests(**OK): "0+98x40", requests(**OK | {"status": "500"}): "0+2x40"},
            20,
            {
                requests(**OK): "0+999x40",
                requests(**OK | {"status": "500"}): "0+1x40",
                requests(**OK | {"route": "/health", "status": "503"}): "0+500x40",
            },
        ),
        "NotReady": Situation({requests(**READY): "0x3 1+4x40"}, 20, {requests(**READY): "9x40"}),
        "Slow": Situation(slow("GET", "/rides", 0.25, 90), 40, slow("GET", "/rides", 0.25, 96)),
        "SlowOwn": Situation(slow(own.method, own.path, 0.04, 90), 40, slow(own.method, own.path, 0.04, 96)),
        "SignInsRefused": Situation({requests(**refused): "0+70x40"}, 25, {requests(**refused): "0+50x40"}),
        "CallersLimited": Situation(
            {requests(**OK): "0+90x40", requests(**OK | {"status": "429"}): "0+10x40"},
            30,
            {requests(**OK): "0+96x40", requests(**OK | {"status": "429"}): "0+4x40"},
        ),
        "ConnectionsAwaited": Situation({awaited: "2x40"}, 10, {awaited: "2x1 0x1 2x1 0x40"}),
        "ConnectionsUsedUp": Situation({busy: "10x40", limit: "10x40"}, 20, {busy: "9x40", limit: "10x40"}),
        "OperationsOvertaken": Situation(
            {figure("operation_retries_total"): "0+20x40", requests(**OK): "0+100x40"},
            25,
            {figure("operation_retries_total"): "0+9x40", requests(**OK): "0+100x40"},
        ),
    }


def named(model: Model) -> dict[str, Situation]:
    """The situations by the names that the rules have; the operation's own one is called after it."""
    own = next(each.name for each in alerts(model) if re.fullmatch("Slow.+", each.name))
    return {own if name == "SlowOwn" else name: each for name, each in situations(model).items()}


def _case(model: Model, name: str, each: Situation, *, fires: bool) -> dict[str, Any]:
    up = f'up{{job={json.dumps(model.service.name)},instance="a"}}'
    figures = {up: f"1x{each.minutes}"} | (each.hot if fires else each.calm)
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1}] if fires else []
    return {
        "interval": f"{each.every}m",
        "input_series": [{"series": series, "values": values} for series, values in figures.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{each.minutes}m",
                "exp_samples": expected,
            }
        ],
    }


def run(model: Model, rules: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of all situations at once: of those with one interval by one file."""
    (folder / "alerts.yaml").write_text(rules, encoding="utf-8")
    found = named(model)
    files = []
    for every in sorted({each.every for each in found.values()}):
        cases = [
            _case(model, name, each, fires=fires)
            for name, each in found.items()
            for fires in (True, False)
            if each.every == every
        ]
        tests = {"rule_files": ["alerts.yaml"], "evaluation_interval": f"{every}m", "tests": cases}
        files.append(f"tests_{every}.yaml")
        (folder / files[-1]).write_text(json.dumps(tests), encoding="utf-8")
    command = [promtool(), "test", "rules", *files]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)


def test_every_alert_has_a_situation(model: Model) -> None:
    assert sorted(named(model)) == sorted(each.name for each in alerts(model))


def test_each_fires_when_it_should_and_no_other(model: Model, tmp_path: Path) -> None:
    done = run(model, rules_file(model), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("becomes", "expected"), [(" > 1000000 + ", "fires"), (" > -1000000 + ", "stays silent")]
)
def test_rules_that_are_never_or_always_so_are_noticed(
    model: Model, tmp_path: Path, becomes: str, expected: str
) -> None:
    """Each alert by its own situation: those that a rule should fire in, or those that it should not."""
    broken = rules_file(model).replace(" > ", becomes).replace(" == 0 or absent", f"{becomes}2 or absent")
    done = run(model, broken, tmp_path)
    told = re.findall(r"exp: (nil|\{alertname=\"(\w+)\"\})", done.stdout + done.stderr)
    if expected == "fires":
        assert sorted(name for _, name in told) == sorted(named(model))
    else:
        assert [each for each, _ in told].count("nil") == len(named(model))
