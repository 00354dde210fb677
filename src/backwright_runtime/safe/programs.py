"""Other programs: no shell (CWE-78), no environment of ours, limits on time, output and memory."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Mapping, Sequence

from msgspec import Struct

from backwright_runtime.safe import Refused

SECONDS = 10.0
LARGEST = 1024 * 1024
MEMORY = 512 * 1024 * 1024
KEPT = ("PATH", "LANG", "TZ")
"""What a program gets of the environment: nothing that a secret could be in."""


class Finished(Struct, frozen=True):
    """How a program ended, and what it said."""

    code: int
    output: bytes
    errors: bytes


async def run(
    program: str,
    arguments: Sequence[str] = (),
    *,
    given: bytes = b"",
    folder: str | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST,
    memory: int = MEMORY,
) -> Finished:
    """Run a program with these arguments, which no shell ever sees.

    `given` is its input. It and all that it started are killed after `seconds`, and when it says more than `largest`
    bytes; it gets at most `memory` bytes. Raises Refused then, and where there is no such program. An argument that
    comes from a caller belongs behind `--`, or it could be an option.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if any("\0" in each for each in (program, *arguments)):
        raise Refused("an argument has a NUL in it")
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env={**kept, **(environment or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise Refused("the program cannot be started") from error
    _limit(process.pid, seconds, memory)
    try:
        async with asyncio.timeout(seconds):
            return await _finished(process, given, largest)
    except TimeoutError:
        raise Refused(f"the program took longer than {seconds:g} s") from None
    finally:
        _kill(process)
        await process.wait()


async def _finished(process: asyncio.subprocess.Process, given: bytes, largest: int) -> Finished:
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors, _ = await asyncio.gather(
        _read(process.stdout, largest), _read(process.stderr, largest), _write(process, given)
    )
    return Finished(await process.wait(), output, errors)


async def _read(stream: asyncio.StreamReader, largest: int) -> bytes:
    found = b""
    while chunk := await stream.read(65536):
        found += chunk
        if len(found) > largest:
            raise Refused(f"the program said more than {largest} bytes")
    return found


async def _write(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(given)
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it did not want to hear all of it


def _kill(process: asyncio.subprocess.Process) -> None:
    """The whole session: what it started does not outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _limit(process_id: int, seconds: float, memory: int) -> None:
    """What the kernel holds it to, where it can be told (Linux)."""
    if not hasattr(resource, "prlimit"):
        return
    processor = int(seconds) + 1
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process_id, resource.RLIMIT_CPU, (processor, processor))
        resource.prlimit(process_id, resource.RLIMIT_AS, (memory, memory))
        resource.prlimit(process_id, resource.RLIMIT_CORE, (0, 0))
