"""Alerts for Prometheus about the figures that every backend tells, with what each means and what to do.

Rules: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal as OneOf

import msgspec

from backwright.model.types import Model, Operation, Performance
from backwright.verify.signing import login

OWN = "/health|/ready|/metrics|/openapi.json|/docs|/docs/"
"""What a service answers beside its operations: who asks for it often would thin out the failures."""

SLOWEST_MS = 10_000
"""The last bound of the runtime's histogram. What is slower cannot be told apart."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: it fires when `holds` holds for some minutes. `about` says why that matters."""

    name: str
    holds: str
    minutes: int
    severity: OneOf["page", "ticket"]
    about: str
    do: str


def alerts(model: Model) -> tuple[Alert, ...]:
    """The alerts of a service: those that every one has, and those of its own targets and limits."""
    job = quoted(model.service.name)
    return (
        *_of_process(job),
        *_of_answers(job),
        *_of_latency(model, job),
        *_of_callers(model, job),
        *_of_database(job),
    )


def quoted(text: str) -> str:
    """A string of PromQL."""
    return json.dumps(text)


def _of_process(job: str) -> Iterator[Alert]:
    yield Alert(
        name="ServiceDown",
        holds=f"up{{job={job}}} == 0 or absent(up{{job={job}}})",
        minutes=1,
        severity="page",
        about="Prometheus cannot read /metrics: the process is gone, cannot be reached, or METRICS_TOKEN "
        "is another.",
        do="Look whether the process runs and what its last lines of log say; exit code 2 is the "
        "environment, and the message names each variable. Ask for /health from beside it.",
    )
    yield Alert(
        name="Restarting",
        holds=f"changes(process_start_time_seconds{{job={job}}}[15m]) > 2",
        minutes=0,
        severity="page",
        about="The process began again more than twice in a quarter of an hour.",
        do="Read the log from before each start. Where the platform killed it for its memory, see "
        "MemoryGrowing.",
    )
    yield Alert(
        name="MemoryGrowing",
        holds=f"process_resident_memory_bytes{{job={job}}} > "
        f"1.5 * (process_resident_memory_bytes{{job={job}}} offset 1d)",
        minutes=60,
        severity="ticket",
        about="It holds half as much memory again as it did a day ago.",
        do="Restart one instance and compare. Growth that goes on belongs to the developers, with the "
        "route that is called most since then (http_requests_total).",
    )
    yield Alert(
        name="FilesUsedUp",
        holds=f"process_open_fds{{job={job}}} / process_max_fds{{job={job}}} > 0.8",
        minutes=5,
        severity="page",
        about="Soon no connection can be accepted.",
        do="Look for clients or a proxy that keep connections open; raise the limit of open files of the "
        "process.",
    )


def _of_answers(job: str) -> Iterator[Alert]:
    requests = f"sum(rate(http_requests_total{{job={job},route!~{quoted(OWN)}}}[5m]))"
    failed = f'sum(rate(http_requests_total{{job={job},status=~"5..",route!~{quoted(OWN)}}}[5m]))'
    yield Alert(
        name="RequestsFail",
        holds=f"{failed} / {requests} > 0.01",
        minutes=5,
        severity="page",
        about="More than one in a hundred requests is answered with 500 or 503.",
        do="503 is the database: see NotReady. 500 is a defect: its line in the log (`a defect`) has the "
        "request id and the places in the code; `backwright explain <request id> --log FILE` leads to the "
        "rule and the statement. If it began with a release, roll that back.",
    )
    yield Alert(
        name="NotReady",
        holds=f'increase(http_requests_total{{job={job},route="/ready",status="503"}}[5m]) > 0',
        minutes=2,
        severity="page",
        about="/ready says no: the database cannot be reached, or migrations are pending. Needs somebody "
        "who asks for /ready, such as the platform.",
        do="`migrate status` tells the two apart. Pending: run `migrate up`. Unreachable: look at "
        "DATABASE_URL, the network and the database's own log.",
    )


def _of_latency(model: Model, job: str) -> Iterator[Alert]:
    wanted = model.performance or Performance()
    own = [each for each in model.operations if each.p95_ms is not None]
    others = "|".join([OWN, *(re.escape(each.path) for each in own)])
    if wanted.p95_ms < SLOWEST_MS:
        yield _slow(
            "Slow", f"job={job},route!~{quoted(others)}", "route, method", wanted.p95_ms, "An operation"
        )
    for each in own:
        if each.p95_ms is not None and each.p95_ms < SLOWEST_MS:
            named = f"job={job},method={quoted(each.method)},route={quoted(each.path)}"
            yield _slow(_slow_name(each), named, "route, method", each.p95_ms, f"{each.method} {each.path}")


def _slow(name: str, labels: str, by: str, p95_ms: int, what: str) -> Alert:
    buckets = f"sum by (le, {by}) (rate(http_request_duration_seconds_bucket{{{labels}}}[10m]))"
    return Alert(
        name=name,
        holds=f"histogram_quantile(0.95, {buckets}) > {p95_ms / 1000:g}",
        minutes=10,
        severity="ticket",
        about=f"{what} answers five in a hundred requests later than its target of {p95_ms} ms.",
        do="One route alone: look at its statements (`backwright explain OPERATION`) and at the database's "
        "slow ones. All of them: see ConnectionsAwaited and OperationsOvertaken, then the machine.",
    )


def _slow_name(operation: Operation) -> str:
    return "Slow" + "".join(part.capitalize() for part in operation.name.split("_"))


def _of_callers(model: Model, job: str) -> Iterator[Alert]:
    signing = login(model)
    if signing is not None:
        labels = f'job={job},method={quoted(signing.method)},route={quoted(signing.path)},status="401"'
        yield Alert(
            name="SignInsRefused",
            holds=f"sum(rate(http_requests_total{{{labels}}}[5m])) > 1",
            minutes=10,
            severity="ticket",
            about="More than one sign-in a second is refused: somebody may be trying passwords.",
            do="Look at the proxy's log for addresses that stand out, and stop them there. The service's "
            "own log has no addresses.",
        )
    if any(operation.rates for operation in model.operations):
        requests = f"http_requests_total{{job={job},route!~{quoted(OWN)}}}"
        limited = f'http_requests_total{{job={job},status="429"}}'
        yield Alert(
            name="CallersLimited",
            holds=f"sum(rate({limited}[5m])) / sum(rate({requests}[5m])) > 0.05",
            minutes=15,
            severity="ticket",
            about="More than one in twenty requests is answered with 429. Limits count per process.",
            do="Find the route (`sum by (route)`): one caller too many, or a limit of the specification "
            "that is too low for what clients do.",
        )


def _of_database(job: str) -> Iterator[Alert]:
    yield Alert(
        name="ConnectionsAwaited",
        holds=f"database_connections_awaited{{job={job}}} > 0",
        minutes=2,
        severity="ticket",
        about="Requests wait for a connection to PostgreSQL all the time. (With SQLite there is no pool, "
        "and no figure.)",
        do="Look for slow or waiting statements first (pg_stat_activity). Then raise POOL_SIZE, within "
        "what the database allows: max_connections is shared by all instances.",
    )
    yield Alert(
        name="ConnectionsUsedUp",
        holds=f'database_connections{{job={job},state="busy"}} / ignoring(state) '
        f"database_connections_limit{{job={job}}} > 0.9",
        minutes=5,
        severity="ticket",
        about="Nine of ten connections of the pool are busy: the next rush will wait.",
        do="As for ConnectionsAwaited.",
    )
    yield Alert(
        name="OperationsOvertaken",
        holds=f"sum(rate(operation_retries_total{{job={job}}}[5m])) / "
        f"sum(rate(http_requests_total{{job={job},route!~{quoted(OWN)}}}[5m])) > 0.1",
        minutes=10,
        severity="ticket",
        about="More than one in ten operations had to begin again, because another one changed what it had "
        "read.",
        do="Many callers change the same rows. Nothing is lost, but time is: tell the developers which "
        "route it is (the one that got slow).",
    )


def rules_file(model: Model) -> str:
    """The rules as YAML, each text as a JSON string, which YAML 1.2 reads as it is."""
    lines = ["groups:", f"  - name: {json.dumps(model.service.name)}", "    rules:"]
    for alert in alerts(model):
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.holds)}",
            f"        for: {alert.minutes}m",
            f"        labels: {{severity: {alert.severity}}}",
            "        annotations:",
            f"          summary: {json.dumps(alert.about)}",
            f"          runbook: {json.dumps(f'{alert.do} (README.md, Alerts: {alert.name})')}",
        ]
    return "\n".join(lines) + "\n"
