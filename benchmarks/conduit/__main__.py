"""The emitted backend of examples/conduit beside its rivals: `python benchmarks/conduit`, ratios from one run.

Builds the example in a scratch folder, loads its tables, makes sure that everybody answers alike, then lets `wrk`
(Debian package) ask with 16 connections, in rounds in which the servers take turns. All cross-cutting work is on and
a token is checked. `--write` puts the tables into benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

import far
import httpx
import rows
from asking import OPERATIONS, WRITING, Sample, asked, same, sampled
from joserfc import jwt
from joserfc.jwk import OctKey
from processor import clock
from servers import HERE, KEY, Running, Server, all_of, built, running
from wire import counted

from backwright.migrate import disposable
from backwright_runtime import migrations

RESULTS = HERE.parent / "results.md"
HEADING = "## Conduit beside its rivals:"
DATABASES = ("postgresql", "sqlite", "far")
Samples = dict[tuple[str, str], list[Sample]]
TITLES = {
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "far": "PostgreSQL, 1 ms further away in each direction",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--articles", type=int, default=20_000)
    arguments.add_argument("--on", choices=DATABASES, nargs="*", default=DATABASES)
    arguments.add_argument("--only", nargs="*", help="names of servers")
    arguments.add_argument(
        "--row-level", action="store_true", help="the emitted backend has row-level security"
    )
    arguments.add_argument("--write", action="store_true", help="write benchmarks/results.md")
    given = arguments.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("needs wrk (apt-get install wrk): a client in Python would be the slowest part")
    with tempfile.TemporaryDirectory(prefix="backwright-benchmark-") as scratch:
        project = built(Path(scratch), row_level=given.row_level)
        servers = [each for each in all_of(project) if not given.only or each.name in given.only]
        for kind in given.on:
            about = conditions(given)
            table = measured(kind, project, servers, given)
            print(table, flush=True)
            if given.write:
                guard = ", row-level security" if given.row_level else ""
                write(f"{TITLES[kind]}, {given.articles:,} articles{guard}", f"{about}\n\n{table}")


def conditions(given: argparse.Namespace) -> str:
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores shared by client, server and database; one "
        f"worker; wrk with 16 connections, {given.rounds} rounds of {given.seconds} s in which the servers take turns, "
        "medians. Processor time (µs) is that of one request, in the server's process and in PostgreSQL's; it depends "
        "less on who else uses the machine. In brackets how many times as fast or as cheap the emitted backend is. "
        f"{given.articles:,} articles, {given.articles * rows.FAVORITES:,} favorites. "
        f"Load of the machine before: {os.getloadavg()[0]:.1f}."
    )


def measured(kind: str, project: Path, servers: list[Server], given: argparse.Namespace) -> str:
    """The table of one database."""
    with ExitStack() as stack:
        if kind == "sqlite":
            url: str | None = stack.enter_context(disposable.sqlite_url())
        else:
            url, why = stack.enter_context(disposable.postgres_url())
        if url is None:
            return f"Not run: {why}."
        asyncio.run(migrations.up(url, project / "migrations"))
        started = time.monotonic()
        rows.load(url, given.articles)
        print(f"{kind}: loaded in {time.monotonic() - started:.0f} s", file=sys.stderr)
        rows.settle(url)
        to_service = url
        if kind == "far":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="backwright-far-"))
            stack.enter_context(far.delayed(sockets(url), Path(folder)))
            to_service = url.replace(str(sockets(url)), folder)
        started_here = {each.name: stack.enter_context(running(each, to_service)) for each in servers}
        token = token_of_reader()
        if "emitted" in started_here:
            same({name: each.base for name, each in started_here.items()}, token, url)
        samples = measurements(kind, url, started_here, token, given)
        statements = counts_of(servers, url, token) if kind == "postgresql" else {}
        away = f"A round trip takes {far.round_trip(to_service):.1f} ms.\n\n" if kind == "far" else ""
    names = list(started_here)
    return f"{away}{table_of(names, samples, statements)}"


def table_of(names: list[str], samples: Samples, statements: dict[str, list[str]]) -> str:
    """Requests per second, what they cost, and how many statements they take."""
    lines = [f"| {' | '.join(['', *names])} |", "|---" * (len(names) + 1) + "|"]
    for operation in OPERATIONS:
        found = {name: samples[operation, name] for name in names}
        rates = {name: median(each.rate for each in found[name]) for name in names}
        cells = [f"{rates[name]:,.0f}{ratio(rates, name)}" for name in names]
        lines.append(f"| {operation}: a second | {' | '.join(cells)} |")
        server = {name: median(each.used.server for each in found[name]) for name in names}
        database = {name: median(each.used.database for each in found[name]) for name in names}
        cells = [f"{server[name]:,.0f}{ratio(server, name, is_cost=True)}" for name in names]
        lines.append(f"| {operation}: µs of the server | {' | '.join(cells)} |")
        if any(database.values()):
            whole = {name: server[name] + database[name] for name in names}
            cells = [f"{whole[name]:,.0f}{ratio(whole, name, is_cost=True)}" for name in names]
            lines.append(f"| {operation}: µs of server and database | {' | '.join(cells)} |")
    for operation, counts in statements.items():
        lines.append(f"| {operation} | {' | '.join(counts)} |")
    return "\n".join(lines)


def ratio(found: dict[str, float], name: str, *, is_cost: bool = False) -> str:
    """How many times better the emitted backend is."""
    if name == "emitted" or "emitted" not in found:
        return ""
    times = found[name] / found["emitted"] if is_cost else found["emitted"] / found[name]
    return f" ({times:.2f})"


def measurements(
    kind: str, url: str, started: dict[str, Running], token: str, given: argparse.Namespace
) -> Samples:
    """All samples. The servers take turns."""
    samples: Samples = {}
    clocks = {name: clock(each.process, url) for name, each in started.items()}
    for number in range(given.rounds):
        for operation in OPERATIONS:
            for name, each in started.items():
                if operation in WRITING:
                    rows.settle(url)
                found = sampled(each.base, operation, token, given.articles, given.seconds, clocks[name])
                samples.setdefault((operation, name), []).append(found)
                used = f"{found.used.server:.0f} + {found.used.database:.0f} µs"
                about = f"{kind} round {number + 1}: {operation} {name}"
                print(f"{about} {found.rate:.0f}/s, {used}", file=sys.stderr)
    return samples


def counts_of(servers: list[Server], url: str, token: str) -> dict[str, list[str]]:
    """Statements and round trips of one request of each kind, by operation; a longer list must not need more."""
    found: dict[str, list[str]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="backwright-wire-") as folder,
        counted(sockets(url), Path(folder)) as counts,
    ):
        through = url.replace(str(sockets(url)), folder)
        for server in servers:
            with running(server, through) as it, httpx.Client(base_url=it.base, timeout=10) as client:
                client.headers["authorization"] = f"Token {token}"
                for operation, limit in (*((each, 20) for each in OPERATIONS), ("list 20", 100)):
                    for number in range(12):  # every connection knows its statements then
                        asked(client, operation, number, limit)
                    before = counts.statements, counts.round_trips
                    for number in range(12, 22):
                        asked(client, operation, number, limit)
                    statements = (counts.statements - before[0]) / 10
                    trips = (counts.round_trips - before[1]) / 10
                    name = "list 100" if limit == 100 else operation
                    cell = f"{statements:g} / {trips:g}"
                    found.setdefault(f"statements / round trips of {name}", []).append(cell)
    return found


def sockets(url: str) -> Path:
    """The folder of PostgreSQL's socket."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def token_of_reader() -> str:
    """A token as the emitted backend would have issued it."""
    kid, _, secret = KEY.partition(":")
    now = int(time.time())
    claims = {"iss": "conduit", "sub": str(rows.READER), "iat": now, "exp": now + 86_400, "jti": "benchmark"}
    return jwt.encode({"alg": "HS256", "kid": kid}, claims, OctKey.import_key(secret), ["HS256"])


def write(about: str, text: str) -> None:
    """Put the tables into the results, in the place of the last ones about as many articles."""
    heading = f"{HEADING} {about}"
    whole = RESULTS.read_text("utf-8")
    section = f"{heading}\n\n{text}\n\nWritten by `python benchmarks/conduit --write`.\n"
    pattern = re.compile(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    found = pattern.search(whole)
    before, behind = (whole, "") if found is None else (whole[: found.start()], whole[found.end() :])
    whole = f"{before.rstrip()}\n\n{section}\n{behind}"
    RESULTS.write_text(f"{whole.rstrip()}\n", "utf-8")


if __name__ == "__main__":
    main()
