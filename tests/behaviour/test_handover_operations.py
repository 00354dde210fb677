"""What operations are handed: figures that exist, expressions that are PromQL, commands that do what is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from handover_packs import ROOT, packs_of, specified
from npm import installed
from production import environment, serving
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from backwright.handover.alerts import alerts, rules_file
from backwright.model.types import Model, Performance
from backwright.project import Project

EXAMPLES = ("todos", "conduit", "forum")
PARSER = ("@prometheus-io/lezer-promql@0.315.0", "@lezer/highlight@1.2.3", "@lezer/lr@1.4.5")
SELECTOR = re.compile(r'([a-z_]+)\{((?:[a-z]+(?:=~|!~|!=|=)"(?:[^"\\]|\\.)*",?)*)\}')
LABEL = re.compile(r'([a-z]+)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")')
OF_PROMETHEUS = {"up"}
PARSE = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const { parser } = await import(pathToFileURL(process.argv[2]).href);
const wrong = JSON.parse(readFileSync(0, "utf8")).filter((text) => {
  let errors = 0;
  parser.parse(text).iterate({ enter: (node) => { if (node.type.isError) errors += 1; } });
  return errors > 0;
});
console.log(JSON.stringify(wrong));
"""


def model_of(example: str) -> Model:
    return specified(Project(ROOT / "examples" / example))


def with_targets(model: Model) -> Model:
    """The model with a target of its own for the service and for one operation."""
    first, *others = model.operations
    own = msgspec.structs.replace(first, p95_ms=40)
    targets = Performance(p95_ms=250, count=5)
    return msgspec.structs.replace(model, operations=(own, *others), performance=targets)


def selectors(text: str) -> list[tuple[str, dict[str, tuple[str, str]]]]:
    """The figures that an expression asks for, with how it chooses among them."""
    return [
        (name, {label: (sign, json.loads(value)) for label, sign, value in LABEL.findall(chosen)})
        for name, chosen in SELECTOR.findall(text)
    ]


def unknown(expressions: list[str], told: dict[str, list[dict[str, str]]]) -> set[str]:
    """What the expressions ask for and the service does not tell: figures, or labels of them."""
    found = set()
    for name, chosen in [each for text in expressions for each in selectors(text)]:
        if name in OF_PROMETHEUS:
            continue
        labels = {label for sample in told.get(name, []) for label in sample}
        found |= {f"{name}{{{label}}}" for label in chosen.keys() - {"job"} - labels}
        found |= set() if name in told else {name}
    return found


def figures(text: str) -> dict[str, list[dict[str, str]]]:
    told: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told.setdefault(sample.name, []).append(sample.labels)
    return told


def rules(pack: Path) -> list[Any]:
    """The rules as whoever reads YAML sees them."""
    (group,) = YAML(typ="safe").load((pack / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def test_every_figure_of_the_alerts_is_told(postgres_url: str) -> None:
    pack = packs_of("todos") / "do"
    expressions = [rule["expr"] for rule in rules(pack)]
    with serving(pack.parents[1], "todos", postgres_url) as address:
        account = {"email": "ann@example.com", "password": "wrong and long"}
        assert httpx.post(f"{address}/auth/login", json=account).status_code == 401
        told = figures(httpx.get(f"{address}/metrics").text)
    assert unknown(expressions, told) == set()
    assert unknown([each.replace("http_requests_total", "requests_total") for each in expressions], told)
    assert unknown([each.replace("status=", "code=") for each in expressions], told)
    refused = next(rule["expr"] for rule in rules(pack) if "SignIns" in rule["alert"])
    ((name, chosen),) = selectors(refused)
    wanted = {label: value for label, (_, value) in chosen.items() if label != "job"}
    assert any(wanted.items() <= sample.items() for sample in told[name])


def test_every_expression_is_promql(tmp_path: Path) -> None:
    models = [with_targets(model_of(name)) for name in EXAMPLES]
    expressions = [alert.holds for model in models for alert in alerts(model)]
    (tmp_path / "parse.mjs").write_text(PARSE)
    module = installed(*PARSER) / "@prometheus-io" / "lezer-promql" / "dist" / "index.es.js"
    broken = "sum(rate(http_requests_total[5m])) / > 1"
    done = subprocess.run(
        ["node", "parse.mjs", str(module)],
        cwd=tmp_path,
        input=json.dumps([*expressions, broken]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [broken]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_alert_says_what_it_means_and_what_to_do(example: str) -> None:
    model = with_targets(model_of(example))
    (group,) = YAML(typ="safe").load(rules_file(model))["groups"]
    told = [(rule["alert"], rule["expr"], rule["for"]) for rule in group["rules"]]
    found = alerts(model)
    assert told == [(each.name, each.holds, f"{each.minutes}m") for each in found]
    assert len({each.name for each in found}) == len(found)
    assert all(each.about.endswith(".") or each.about.endswith(")") for each in found)
    assert all(each.do for each in found)
    own = next(each for each in found if each.name.startswith("Slow") and each.name != "Slow")
    (chosen,) = [labels for _, labels in selectors(own.holds)]
    assert chosen["route"] == ("=", model.operations[0].path)
    others = next(each for each in found if each.name == "Slow")
    pattern = selectors(others.holds)[0][1]["route"][1]
    left_out = {each.path for each in model.operations if re.fullmatch(pattern, each.path)}
    assert left_out == {model.operations[0].path}
    assert "> 0.04" in own.holds
    assert "> 0.25" in others.holds


def test_the_commands_of_the_runbook_end_as_it_says(tmp_path: Path) -> None:
    pack = packs_of("todos") / "do"
    text = (pack / "README.md").read_text()
    command = re.compile(r"^\| `python (-m todos migrate [^`]+)`", re.MULTILINE)
    status, up, down = (found.split() for found in command.findall(text))
    variables = environment(f"sqlite:///{tmp_path}/service.db")

    def ended(arguments: list[str], **more: str) -> int:
        ran = [sys.executable, *arguments]
        given = {**variables, **more}
        return subprocess.run(
            ran, cwd=pack.parents[1], env=given, capture_output=True, check=False
        ).returncode

    assert [ended(up), ended(down), ended(status), ended(status, TOKEN_KEYS="short")] == [0, 0, 1, 2]


def test_the_runbook_has_every_variable_and_no_claim_without_a_run() -> None:
    pack = packs_of("conduit") / "do"
    text = (pack / "README.md").read_text()
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    example = set(re.findall(r"^#?([A-Z_]+)=", (pack.parents[1] / ".env.example").read_text(), re.MULTILINE))
    assert named == example - {"POSTGRES_PASSWORD"}
    assert "**not run** for this build" in text
    assert "passed" not in text
