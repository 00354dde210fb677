"""Starts a foreign backend as its target file says, waits until it answers, and stops exactly that process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec

from backwright.spec.diagnostics import NOWHERE, Place, SpecificationError, diagnose
from backwright.verify.counting import counted
from backwright.verify.target.file import START, Target

STOP_SECONDS = 5.0
RESET_SECONDS = 120.0
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT")
"""What of the environment every child gets; everything else has to be named in `env`."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A backend that answers: at `url`, a process of ours where it was started here."""

    url: str
    port: int
    process_id: int | None = None
    log: Path | None = None
    statements: Path | None = None


@contextmanager
def started(target: Target, log: Path) -> Iterator[Running]:
    """The backend, ready. Raises SpecificationError (BW967) with the end of its log when it does not come up."""
    port = _free_port()
    known = {"port": str(port), "database": target.database.url if target.database else "", "unique": "x"}
    _reset(target, known)
    if target.start is None:
        running = Running(url=_origin(target.url), port=0)
        _wait(target, running, None)
        yield running
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        noted = _counted(target, stack)
        if noted is not None:
            known["database"], statements = noted
        output = stack.enter_context(log.open("wb"))
        process = _launched(target, known, output.fileno())
        stack.callback(_stop, process)
        running = Running(
            url=_origin(fill(target.url, known)),
            port=port,
            process_id=process.pid,
            log=log,
            statements=statements if noted is not None else None,
        )
        _wait(target, running, process)
        yield running


def _counted(target: Target, stack: ExitStack) -> tuple[str, Path] | None:
    """An address of the database at which statements are noted, and where; None where they cannot be."""
    url = target.database.url if target.database else ""
    asked = target.start is not None and any(
        "{database}" in each for each in (*target.start.command, *target.start.env.values())
    )
    if not asked or not re.match(r"postgres(ql)?(\+\w+)?://", url):
        return None
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="backwright-statements-")))
    statements = folder / "statements"
    return stack.enter_context(counted(url, statements)), statements


def fill(text: str, known: Mapping[str, str]) -> str:
    """The text with its placeholders filled; what is not known stays as it stands."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _launched(target: Target, known: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    start = target.start
    assert start is not None
    try:
        return subprocess.Popen(
            [fill(each, known) for each in start.command],
            cwd=start.folder,
            env=_environment(start.env, known),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a server may have workers: they end with it
        )
    except OSError as error:
        raise _failed(target, f"`{start.command[0]}` cannot be run: {error}", start.place) from error


def _environment(additions: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {name: fill(value, known) for name, value in additions.items()}


def _reset(target: Target, known: Mapping[str, str]) -> None:
    """Run the command that empties the database."""
    if target.database is None or not target.database.reset:
        return
    command = [fill(each, known) for each in target.database.reset]
    env = target.start.env if target.start else {}
    try:
        done = subprocess.run(
            command,
            cwd=target.start.folder if target.start else target.file.parent,
            env=_environment(env, known) | {"DATABASE_URL": target.database.url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RESET_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(target, f"`reset` cannot be run: {error}", target.database.place) from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise _failed(target, f"`reset` ended with {done.returncode}\n{tail}", target.database.place)


def _wait(target: Target, running: Running, process: subprocess.Popen[bytes] | None) -> None:
    """Until it answers 2xx on its ready path; without one, until it answers anything."""
    place = target.start.place if target.start else Place(target.file.name, 1, 1)
    seconds = target.start.seconds if target.start else 5.0
    deadline, said = time.monotonic() + seconds, "nothing"
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise _failed(target, f"it ended with {process.returncode}\n{_tail(running.log)}", place)
        try:
            answer = httpx.get(running.url + (target.ready or "/"), timeout=5.0, trust_env=False)
        except httpx.TransportError as error:
            said = repr(error)
        else:
            if not target.ready or answer.is_success:
                return
            said = f"{answer.status_code} {answer.text[:200]}"
        time.sleep(0.05)
    raise _failed(
        target, f"{running.url} was not ready within {seconds:.0f} s: {said}\n{_tail(running.log)}", place
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started (its session), gently first."""
    _signal(process, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _failed(target: Target, message: str, place: Place) -> SpecificationError:
    mend = f"run the command by hand, from the folder of {target.file.name}"
    return SpecificationError([diagnose(START, place or NOWHERE, message.strip(), mend)])


def _tail(log: Path | None, lines: int = 12) -> str:
    if log is None or not log.is_file():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
