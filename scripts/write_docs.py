"""Writes the documentation that comes from the code: manual, diagnostics, JSON Schema. `tests/` holds it current."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import msgspec

import backwright.agent.memory
import backwright.agent.work_items
import backwright.mock
import backwright.pipeline.handing_over
import backwright.pipeline.outside
import backwright.pipeline.whole
import backwright.starter  # noqa: F401  with these, every module that registers a diagnostic is reached
from backwright.model.check import rules
from backwright.review import pages
from backwright.spec import manual, schema
from backwright.spec.diagnostics import registered
from backwright.verify.gates import GATES, NAMED, consistency
from backwright.verify.gates.owasp import OUT_OF_SIGHT, PROBES
from backwright.verify.mutation import show
from backwright.verify.mutation.results import MutationResult
from backwright.verify.outside import OUTSIDE
from backwright.verify.outside_built import OUTSIDE_BUILT
from backwright.verify.target import schema as target

DOCS = Path(__file__).parents[1] / "docs"
CASES = Path(__file__).parents[1] / "tests" / "cases"


def written() -> dict[str, str]:
    """File name to text."""
    return {
        "manual.md": manual.manual(),
        "diagnostics.md": diagnostics(),
        "gates.md": gates(),
        "mutation.md": mutation(),
        "contract-diff.md": pages.contract_diff(CASES / "contract-diff"),
        "review.md": pages.review(CASES / "review"),
        "targets.md": targets(),
        "target.schema.json": json.dumps(target.json_schema(), indent=2) + "\n",
        "backwright.schema.json": json.dumps(schema.json_schema(), indent=2) + "\n",
    }


def diagnostics() -> str:
    """Every code with what it means, why it matters and what triggers it."""
    parts = [
        "# Diagnostics",
        "Codes are stable and never reused. The first digit is the stage: 1 reading, 2 shape, 3 names,\n"
        "4 expressions, 5 access, 6 plan, 7 build, 8 migration, 9 task and acceptance.\n"
        "Written by `scripts/write_docs.py`.",
    ]
    rules()  # they are found, and register their codes, when they are first asked for
    for code in registered():
        parts += [f"## {code.code}: {code.title}", code.why]
        if code.example:
            parts.append("\n".join(f"    {line}" for line in code.example.splitlines()))
    return "\n\n".join(parts) + "\n"


def gates() -> str:
    """Every gate with why it exists, how it decides and an example."""
    parts = [
        "# Gates",
        "In the order in which they run. Each answers passed, failed or not run, and can be run alone:\n"
        "`backwright verify NAME`. A gate that cannot look never passes. Written by `scripts/write_docs.py`.",
    ]
    for gate in (*GATES, *NAMED):
        where = "On each database." if gate.DATABASE else "Once."
        how = inspect.cleandoc(gate.judge.__doc__ or "")
        parts += [f"## `{gate.NAME}`: {gate.TITLE}", gate.WHY, f"{how} {where}", f"Example: {gate.EXAMPLE}"]
    parts.append(
        "# From outside\n\n`backwright verify --target target.yaml` judges a running backend of any make by these: "
        "[targets.md](targets.md).\n\n"
        f"What was built here is judged by {', '.join(f'`{gate.NAME}`' for gate in OUTSIDE_BUILT)} without a target "
        "file, where they are named: `backwright verify owasp`. Callers, contract and start follow from the "
        "specification."
    )
    both = [gate for gate in OUTSIDE if gate in GATES]
    parts.append(f"As above, of a backend of any make: {', '.join(f'`{gate.NAME}`' for gate in both)}.")
    for gate in [gate for gate in OUTSIDE if gate not in both]:
        how = inspect.cleandoc(gate.observe.__doc__ or "")
        parts += [f"## `{gate.NAME}`: {gate.TITLE}", gate.WHY, how, f"Example: {gate.EXAMPLE}"]
    for name, probes in (("consistency", consistency.PROBES), ("owasp", PROBES)):
        parts.append(f"### The probes of `{name}`")
        for probe in probes:
            how = inspect.cleandoc(probe.run.__doc__ or "")
            parts.append(f"**{', '.join([*probe.IDS, probe.NAME])}.** {probe.WHY}\n\n{how}")
    parts += [f"**{number}**: {why}." for number, why in OUT_OF_SIGHT.items()]
    return "\n\n".join(parts) + "\n"


def targets() -> str:
    """The guide to target files, with every key between its marks."""
    text = (DOCS / "targets.md").read_text("utf-8")
    begin, end = "<!-- keys: written by scripts/write_docs.py -->\n", "<!-- end of keys -->"
    return f"{text.partition(begin)[0]}{begin}\n{target.reference()}\n{end}{text.partition(end)[2]}"


def mutation() -> str:
    """What `backwright mutate --result docs/mutation/SERVICE.json` came to, one service after another."""
    paths = sorted((DOCS / "mutation").glob("*.json"))
    return show.markdown([msgspec.json.decode(path.read_bytes(), type=MutationResult) for path in paths])


def main() -> None:
    for name, text in written().items():
        (DOCS / name).write_text(text, "utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
