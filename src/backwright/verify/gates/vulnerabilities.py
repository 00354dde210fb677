"""No dependency has a known vulnerability."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from backwright.verify.dependencies import closure
from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.results import Finding
from backwright.verify.tools import ToolTimeout, last_lines, python_tool

NAME = "vulnerabilities"
TITLE = "Known vulnerabilities of dependencies"
WHY = "Most of what runs was written by others, and what is wrong with it is published for everyone."
EXAMPLE = (
    "An advisory for the installed version of a library: failed, with its id and the version that mends it."
)
DATABASE = False
SOURCE = "BACKWRIGHT_ADVISORIES"
"""The variable that names another source than osv.dev; it speaks OSV's `POST /v1/query`."""
SECONDS = 120.0
OURS = frozenset({"backwright-runtime"})
"""Distributions that no source of advisories knows."""
CONTROLS = (("jinja2", "2.10"), ("pyyaml", "5.1"), ("urllib3", "1.24.1"))
"""Old versions with well-known advisories: a source that has nothing about them has shown nothing of the others."""
LEFT_OUT = "WARNING:pip_audit._service"
"""How pip-audit's log begins where it could not use an advisory, and left it out of its report."""


class _Vulnerability(msgspec.Struct):
    id: str
    fix_versions: list[str] = []
    aliases: list[str] = []


class _Audited(msgspec.Struct):
    name: str
    version: str = ""
    skip_reason: str | None = None
    vulns: list[_Vulnerability] = []


class _Report(msgspec.Struct):
    dependencies: list[_Audited]


def judge(given: GateInput) -> Verdict:
    """`pip-audit` asks OSV (or what BACKWRIGHT_ADVISORIES names) about every distribution that the project needs, in
    the version that is installed here. An advisory fails, whatever its severity: sources often state none. Where the
    source does not answer about every one of them, or has nothing about an old version with known advisories that is
    asked about besides, this is not run.

    It asks a service on the network, so it runs only where it is named: `backwright verify vulnerabilities`. Until it
    has passed on a build, the report's line about what the backend runs on is not run, and so is the report: nothing
    waives it.
    """
    try:
        needed = closure(given.project)
    except ValueError as error:
        return found([Finding(what=str(error))], "")
    if needed.missing:
        raise NotRun(f"not everything that is needed is installed: {needed.missing[0]}")
    asked = {each.name: each.version for each in needed.components if each.name not in OURS}
    source = os.environ.get(SOURCE)
    control = next(each for each in CONTROLS if each[0] not in asked)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(
            "".join(f"{name}=={version}\n" for name, version in (*asked.items(), control)), encoding="utf-8"
        )
        arguments = [
            "-r",
            str(wanted),
            "--no-deps",
            "--disable-pip",
            "-f",
            "json",
            "--desc",
            "off",
            "-s",
            "osv",
        ]
        arguments += ["--progress-spinner", "off", "--timeout", "5"]
        if source:
            arguments += ["--osv-url", source]
        try:
            done = python_tool(Path(folder), "pip_audit", arguments, seconds=SECONDS)
        except ToolTimeout:
            raise NotRun("the source of advisories did not answer in time") from None
    try:
        report = msgspec.json.decode(done.stdout, type=_Report)
    except msgspec.DecodeError:
        why = last_lines(done, 1)
        raise NotRun(f"no source of advisories could be asked: {why[:300]}") from None
    if LEFT_OUT in done.stderr:
        raise NotRun("the source of advisories answered with what could not be understood")
    answered = {each.name: each for each in report.dependencies if each.skip_reason is None}
    silent = sorted(set(asked) - set(answered))
    if silent:
        raise NotRun(f"the source of advisories said nothing about {', '.join(silent[:5])}")
    known = answered.pop(control[0], None)
    if known is None or not known.vulns:
        raise NotRun(f"the source has nothing about {control[0]} {control[1]}, which has known advisories")
    findings = [
        Finding(
            what=f"{each.id}: {_mend(each)}",
            where=f"{component.name} {component.version}",
        )
        for component in answered.values()
        for each in component.vulns
    ]
    told = f"none in {len(asked)} distributions" + (f", says {_host(source)}" if source else "")
    return found(findings, told, {"distributions": len(asked), "source": _host(source) if source else "OSV"})


def _host(address: str) -> str:
    """Who was asked, without what an address may have beside it (RFC 3986, userinfo and query)."""
    parts = urlsplit(address)
    return parts.netloc.rpartition("@")[2]


def _mend(vulnerability: _Vulnerability) -> str:
    if not vulnerability.fix_versions:
        return "no version mends it yet"
    return f"mended in {', '.join(vulnerability.fix_versions)}"
