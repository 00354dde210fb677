"""How long a specification takes to check, over its size: `python benchmarks/specification.py [entities ...]`.

`--write` also puts the table into benchmarks/results.md.

Specifications are generated: each entity refers to an earlier one, has rules over that relation, an index, a
computed value, filters and all five operations, in files of 100 entities each. The time of one entity should
be the same in every line; where it grows, something looks at all entities for each of them.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import tempfile
from itertools import pairwise
from pathlib import Path
from time import process_time

from backwright.cli import COLLECTIONS
from backwright.emit.refusals import not_emitted
from backwright.model import show
from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read

SIZES = (50, 100, 200, 500, 1000, 2000)
REPEATS = 3
PER_FILE = 100
STAGES = ("read", "understand", "show", "refusals")
RESULTS = Path(__file__).parent / "results.md"
HEADING = "## Checking a specification"
ABOUT = f"medians of {REPEATS} runs in one process. Written by `python benchmarks/specification.py --write`."
HEAD = """\
service: {name: large, version: 1.0.0}
include: [PIECES]
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: this == caller, update: this == caller}
"""
ENTITY = """\
  ThingNUMBER:
    fields:
      title: {type: string, min: 1, max: 80}
      note: text?
      count: {type: integer, min: 0, max: 1000, default: 0}
      state: {enum: [open, busy, done], default: open}
      owner: {ref: User, set: caller, inverse: things_NUMBER}
      before: {ref: "PREVIOUS?", inverse: after_NUMBER}
      made_at: {type: timestamp, set: now}
    computed: {is_open: "this.state == 'open' && this.count > 0"}
    indexes: [{on: [owner, title], unique: true}]
    access:
      read: "this.owner == caller || this.before.after_NUMBER.exists(x, x.owner == caller)"
      write: this.owner == caller && this.count < 1000
    crud:
      path: /things-NUMBER
      filters:
        over: this.is_open && this.count > params.over
        search: this.title == params.search
      order: made_at desc
"""


def lay_down(root: Path, entities: int) -> Project:
    """Write a specification of so many entities."""
    (root / "spec").mkdir()
    pieces = []
    for first in range(0, entities, PER_FILE):
        numbers = range(first, min(first + PER_FILE, entities))
        name = f"spec/part_{first // PER_FILE:03}.yaml"
        pieces.append(name)
        text = "".join(
            ENTITY.replace("NUMBER", str(n)).replace("PREVIOUS", f"Thing{max(0, n - 1)}") for n in numbers
        )
        (root / name).write_text(f"entities:\n{text}", encoding="utf-8")
    (root / "backwright.yaml").write_text(HEAD.replace("PIECES", ", ".join(pieces)), encoding="utf-8")
    return Project(root)


def measured(project: Project) -> dict[str, float]:
    """Seconds of processor time of each stage: other programs on the machine do not count."""
    times = [process_time()]
    document = read(project)
    times.append(process_time())
    model, found = examine(document)
    times.append(process_time())
    errors = [each.text() for each in found if each.severity == "error"]
    if model is None or errors:
        raise SystemExit("\n".join(errors[:5]))
    show.show(model)
    times.append(process_time())
    not_emitted(model)
    times.append(process_time())
    return dict(zip(STAGES, (after - before for before, after in pairwise(times)), strict=True))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("entities", type=int, nargs="*", default=SIZES)
    arguments.add_argument("--write", action="store_true", help="write it into benchmarks/results.md")
    given = arguments.parse_args()
    lines = [f"| entities | {' | '.join(STAGES)} | all, per entity |", "|---" * (len(STAGES) + 2) + "|"]
    print("\n".join(lines))
    gc.set_threshold(*COLLECTIONS)  # as the command does
    for size in given.entities:
        with tempfile.TemporaryDirectory() as folder:
            project = lay_down(Path(folder), size)
            runs = [measured(project) for _ in range(REPEATS)]
        median = {name: statistics.median(run[name] for run in runs) for name in STAGES}
        each = sum(median.values()) / size * 1000
        listed = [f"{size:,}", *(f"{median[name] * 1000:,.0f} ms" for name in STAGES), f"{each:.2f} ms"]
        lines.append(f"| {' | '.join(listed)} |")
        print(lines[-1], flush=True)
    if given.write:
        write("\n".join(lines))


def write(table: str) -> None:
    """Put the table into the results, in the place of the last one."""
    text = RESULTS.read_text("utf-8")
    before, _, behind = text.partition(f"{HEADING}\n")
    following = behind.find("\n## ")
    rest = behind[following:] if following >= 0 else ""
    section = f"{HEADING}\n\nPython {platform.python_version()}; {ABOUT}\n\n{table}\n"
    RESULTS.write_text(f"{before.rstrip()}\n\n{section}{rest}", "utf-8")


if __name__ == "__main__":
    main()
