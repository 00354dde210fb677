"""Mutation results as people read them: a table of operators, and every survivor with its change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backwright.verify.mutation.results import Judged, MutationResult, OperatorUse

BY_DEFAULT = (
    "A mutant is the project with one mistake in it, made by an operator. *Caught* names the first gate that "
    "notices it; *survived* means that no gate does; *equivalent* that it means the same (the reason is given); "
    "*stillborn* that the package does not even load. The last two do not count."
)


def markdown(results: Sequence[MutationResult]) -> str:
    """One document about one or more services."""
    parts = ["# Mutation: whether the gates would notice", BY_DEFAULT]
    parts += ["\n".join(_totals(results))]
    for result in results:
        parts += _of(result)
    return "\n\n".join(parts) + "\n"


def headline(result: MutationResult) -> str:
    """One line: how many of how many, and how many the backend's own tests notice alone."""
    counted, outcomes = result.counted, Counter(each.outcome for each in result.mutants)
    alone = f"; its own tests alone {result.caught_by_tests} %" if "unit" in result.gates else ""
    return (
        f"{result.service}: {outcomes['caught']} of {len(counted)} mutants caught ({result.caught} %){alone}; "
        f"{outcomes['survived']} survived, {outcomes['equivalent']} equivalent, {outcomes['stillborn']} stillborn"
        f"{f'; {result.left} not judged: the time was over' if result.left else ''}"
    )


def _totals(results: Sequence[MutationResult]) -> list[str]:
    lines = [
        "| service | operators used | mutants | caught | by its own tests alone | survived | equivalent | stillborn |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        outcomes = Counter(each.outcome for each in result.mutants)
        used = sum(1 for each in result.operators if each.possible)
        lines.append(
            f"| {result.service} | {used} of {len(result.operators)} | {len(result.counted)} | {result.caught} % "
            f"| {result.caught_by_tests} % | {outcomes['survived']} | {outcomes['equivalent']} "
            f"| {outcomes['stillborn']} |"
        )
    return lines


def _of(result: MutationResult) -> list[str]:
    drawn = f"{result.per_operator} of each operator" if result.per_operator else "all"
    gates = ", ".join(f"`{name}`" for name in result.gates)
    again = f" ({result.again} for what nothing had noticed)" if result.again > result.requests else ""
    parts = [
        f"## {result.service}",
        f"{result.started:%Y-%m-%d}, build `{result.build[:12]}`, seed {result.seed}, {drawn}, "
        f"{result.database}, {result.requests} requests in the behaviour gate{again}, {result.seconds:.0f} s. "
        f"Judged by {gates}, in this order, up to the first that notices.",
    ]
    if result.note:
        parts.append(result.note)
    if result.left:
        judged = f"{len(result.mutants)} of {len(result.mutants) + result.left}"
        parts.append(f"The time was over after {judged} mutants, drawn in random order: this is a sample.")
    if result.unused:
        parts.append("\n".join(f"- `{each.gate}` did not judge: {each.reason}." for each in result.unused))
    parts += ["\n".join(_table(result)), *_survivors(result.mutants)]
    unable = [each.name for each in result.operators if not each.possible]
    if unable:
        parts.append(f"Not applicable here: {', '.join(unable)}.")
    return parts


def _table(result: MutationResult) -> list[str]:
    lines = ["| operator | the mistake | possible | result |", "|---|---|---|---|"]
    for operator in result.operators:
        mine = [each for each in result.mutants if each.operator == operator.name]
        if mine:
            lines.append(_row(operator, mine))
    return lines


def _row(operator: OperatorUse, mutants: Sequence[Judged]) -> str:
    said = Counter(f"caught by {each.gate}" if each.gate else each.outcome for each in mutants)
    told = ", ".join(f"{number} {what}" if len(mutants) > 1 else what for what, number in said.items())
    blind = "" if operator.blind else " (aimed)"
    return f"| {operator.name}{blind} | {operator.about} | {operator.possible} | {told} |"


def _survivors(mutants: Sequence[Judged]) -> list[str]:
    parts = []
    for title, outcome in (
        ("Survivors", "survived"),
        ("Equivalent", "equivalent"),
        ("Stillborn", "stillborn"),
    ):
        mine = [each for each in mutants if each.outcome == outcome]
        if mine:
            parts.append(f"### {title}")
            parts += [_survivor(each) for each in mine]
    return parts


def _survivor(mutant: Judged) -> str:
    reason = mutant.reason or "no gate that ran looks at this"
    return f"**{mutant.operator}**: {mutant.what}. {reason}.\n\n```diff\n{mutant.diff}\n```"
