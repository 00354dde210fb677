"""How long a specification takes to check, over its size: `python benchmarks/specification.py [entities ...]`.

Specifications are generated: each entity refers to an earlier one, has rules over that relation, an index, a
computed value, filters and all five operations, in files of 100 entities each. The time of one entity should
be the same in every line; where it grows, something looks at all entities for each of them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from backwright.emit.refusals import not_emitted
from backwright.model import show
from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read

SIZES = (50, 100, 200, 500, 1000, 2000)
REPEATS = 3
PER_FILE = 100
STAGES = ("read", "understand", "show", "refusals")
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
    """Seconds of each stage."""
    times = [perf_counter()]
    document = read(project)
    times.append(perf_counter())
    model, found = examine(document)
    times.append(perf_counter())
    errors = [each.text() for each in found if each.severity == "error"]
    if model is None or errors:
        raise SystemExit("\n".join(errors[:5]))
    show.show(model)
    times.append(perf_counter())
    not_emitted(model)
    times.append(perf_counter())
    return dict(zip(STAGES, (after - before for before, after in pairwise(times)), strict=True))


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or SIZES
    print("  ".join(["entities", *(f"{name:>12}" for name in STAGES), "   per entity"]))
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = lay_down(Path(folder), size)
            runs = [measured(project) for _ in range(REPEATS)]
        median = {name: statistics.median(run[name] for run in runs) for name in STAGES}
        check = median["read"] + median["understand"]
        listed = [f"{size:>8}", *(f"{median[name] * 1000:>9.0f} ms" for name in STAGES)]
        print("  ".join([*listed, f"{check / size * 1000:>10.2f} ms"]))


if __name__ == "__main__":
    main()
