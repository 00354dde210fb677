"""What gates found cell by cell and operation by operation: the authorization matrix, latencies, statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal as OneOf

from backwright.report.alignment import link
from backwright.report.types import Access, Measured, Outcome
from backwright.task.evidence import Evidence
from backwright.task.wording import count
from backwright.verify.results import Status

Key = tuple[str, str, str, str, str, str]
LATENCY, STATEMENTS = "load", "query-budget"


def access(evidence: Iterable[Evidence]) -> tuple[Access, ...]:
    """Every cell of every matrix that was judged, what is the same on several databases once."""
    found: dict[tuple[Key, int], list[Outcome]] = {}
    for each in evidence:
        times = Counter[Key]()  # one matrix may ask alike more than once
        for cell in each.result.matrix if each.result else ():
            key = (cell.operation, cell.caller, cell.relation, cell.rule, cell.field, cell.place)
            times[key] += 1
            found.setdefault((key, times[key]), []).append(
                Outcome(
                    database=each.database,
                    expected=cell.expected,
                    observed=cell.observed,
                    agrees=cell.agrees,
                    reason=cell.reason,
                )
            )
    return tuple(
        Access(
            operation=operation,
            caller=caller,
            relation=relation,
            rule=rule,
            field=field,
            place=place,
            outcomes=tuple(outcomes),
        )
        for ((operation, caller, relation, rule, field, place), _), outcomes in found.items()
    )


def measured(evidence: Iterable[Evidence], gate: str) -> Iterator[Measured]:
    """The figures of each operation that a gate measured on this build."""
    for each in evidence:
        for measure in each.result.measures if each.result and each.gate == gate else ():
            yield Measured(
                operation=measure.operation,
                database=each.database,
                figures=measure.figures,
                link=link(each),
            )


# In words --------------------------------------------------------------------------------------------


def relation(of: Access) -> str:
    """What holds between caller and row, and the field that it is about."""
    return f"{of.relation} ({of.field})" if of.field else of.relation


def statuses(of: Access, what: OneOf["expected", "observed"]) -> str:
    """The statuses of a cell, once where those of all databases are alike."""
    found = [each.expected if what == "expected" else each.observed for each in of.outcomes]
    told = ["—" if status is None else str(status) for status in found]
    if len(set(told)) == 1:
        return told[0]
    return ", ".join(f"{text} on {each.database}" for text, each in zip(told, of.outcomes, strict=True))


def result(of: Access) -> Status:
    """Failed where one database disagrees; not run where one was not asked."""
    if not all(each.agrees for each in of.outcomes):
        return "failed"
    return "not_run" if any(each.observed is None for each in of.outcomes) else "passed"


def reasons(of: Access) -> str:
    """Why the cell was not exercised."""
    return "; ".join(sorted({each.reason for each in of.outcomes if each.reason}))


def exercised(cells: Sequence[Access]) -> str:
    """How many cells there are, and how many of them were asked."""
    asked = sum(any(each.observed is not None for each in cell.outcomes) for cell in cells)
    return f"{count(len(cells), 'cell')}, {asked} exercised"


def figure_names(measures: Iterable[Measured]) -> list[str]:
    """The names of all figures, in the order in which they come."""
    return list(dict.fromkeys(name for each in measures for name in each.figures))
