"""What it costs to compare a backend with the reference: `python benchmarks/behaviour.py [example]`.

`--write` also puts it into benchmarks/results.md. The gate `behaviour` runs as `verify` runs it, but with more time:
the machine may be shared, so what counts is processor time, of the gate and of the server that it asks in turn.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
from pathlib import Path
from time import perf_counter

from backwright.pipeline.building import build_digest
from backwright.pipeline.checking import check
from backwright.project import Project
from backwright.verify.gate import GateInput
from backwright.verify.gates import behaviour
from backwright.verify.judging import judged

EXAMPLES = Path(__file__).parents[1] / "examples"
RESULTS = Path(__file__).parent / "results.md"
HEADING = "## Comparing with the reference"
ABOUT = """\
Aimed at: 10,000 compared requests for Conduit within 60 s on two cores, at least half of them answered
2xx, each declared status answered, each rule seen true and false. Gate and server wait for each other, so on an idle
machine it takes about their processor time. Written by `python benchmarks/behaviour.py --write`."""
REQUESTS, SECONDS = 10_000, 600.0
TOLD = (
    "requests",
    "2xx %",
    "declared statuses answered",
    "answered in a race only",
    "rules seen true and false",
    "rules that nothing can make false",
    "one-sided rules",
    "never answered",
)


def processor() -> tuple[float, float]:
    """Seconds of this process, and of its children that have ended."""
    own, others = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def measured(example: str, requests: int, seed: int) -> list[str]:
    """The lines of a table: what was compared, and how long it took."""
    project = Project(EXAMPLES / example)
    digest = build_digest(project)
    assert digest is not None, "build it first"
    model = check(project).model
    given = GateInput(
        project=project,
        model=model,
        build=digest,
        database="sqlite",
        seed=seed,
        requests=requests,
        seconds=SECONDS,
    )
    load, began, clock = os.getloadavg()[0], processor(), perf_counter()
    result = judged(behaviour, given)
    wall, ended = perf_counter() - clock, processor()
    gate, server = (after - before for before, after in zip(began, ended, strict=True))
    rows = {
        "result": result.status,
        **{name: result.figures[name] for name in TOLD if name in result.figures},
        "processor time of the gate": f"{gate:.1f} s",
        "processor time of the server": f"{server:.1f} s",
        "wall time": f"{wall:.1f} s, at a load of {load:.1f} on {os.cpu_count()} cores",
    }
    return [
        f"| {example}, SQLite, seed {seed} | |",
        "|---|---|",
        *(f"| {a} | {b} |" for a, b in rows.items()),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("example", nargs="?", default="conduit")
    arguments.add_argument("--requests", type=int, default=REQUESTS)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--write", action="store_true", help="write it into benchmarks/results.md")
    given = arguments.parse_args()
    table = "\n".join(measured(given.example, given.requests, given.seed))
    print(table)
    if given.write:
        write(table)


def write(table: str) -> None:
    """Put the table into the results, in the place of the last one."""
    about = f"Python {platform.python_version()}. {ABOUT}"
    text = RESULTS.read_text("utf-8")
    before, _, behind = text.partition(f"{HEADING}\n")
    following = behind.find("\n## ")
    rest = behind[following:] if following >= 0 else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{HEADING}\n\n{about}\n\n{table}\n{rest}", "utf-8")


if __name__ == "__main__":
    main()
