"""How long a specification takes to build, over its size: `python benchmarks/building.py [entities ...]`.

The specifications are those of `specification.py`. Processor time of this process and of the formatter that it starts,
after start-up; `--write` puts the table into benchmarks/results.md. The time of one entity should be the same in every
line. The first line is examples/conduit.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import re
import tempfile
from pathlib import Path

from specification import RESULTS, lay_down

from backwright.cli import COLLECTIONS
from backwright.emit.tree import emit
from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read

SIZES = (50, 100, 200, 400, 800)
EXAMPLE = Path(__file__).parents[1] / "examples" / "conduit"
HEADING = "## Building a specification"


def processor() -> float:
    """Seconds so far, of this process and of those that it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def line(name: str, project: Project) -> str:
    started = processor()
    model, _ = examine(read(project))
    assert model is not None
    checked = processor()
    files = len(emit(model))
    built = processor()
    entities = len(model.entities)
    each = (built - checked) / entities * 1000
    times = f"{checked - started:.2f} s | {built - checked:.2f} s | {each:.0f} ms"
    return f"| {name} | {entities:,} | {times} | {files:,} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("entities", type=int, nargs="*", default=SIZES)
    arguments.add_argument("--write", action="store_true", help="write it into benchmarks/results.md")
    given = arguments.parse_args()
    gc.set_threshold(*COLLECTIONS)  # as the command does
    lines = ["| | entities | check | emit | emit, per entity | files |", "|---|---|---|---|---|---|"]
    lines.append(line("conduit", Project(EXAMPLE)))
    for size in given.entities:
        with tempfile.TemporaryDirectory() as folder:
            lines.append(line("generated", lay_down(Path(folder), size)))
        print(lines[-1], flush=True)
    table = "\n".join(lines)
    print(table)
    if given.write:
        about = f"Python {platform.python_version()}. Written by `python benchmarks/building.py --write`."
        whole = RESULTS.read_text("utf-8")
        kept = re.sub(rf"^{HEADING}\n.*?(?=^## |\Z)", "", whole, flags=re.DOTALL | re.MULTILINE)
        RESULTS.write_text(f"{kept.rstrip()}\n\n{HEADING}\n\n{about}\n\n{table}\n", "utf-8")


if __name__ == "__main__":
    main()
