"""Other programs: no shell (CWE-78), no environment of ours, limits on time, output and memory."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from typing import cast

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
    ear = _Ear(largest)
    try:
        process, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: ear,
            program,
            *arguments,
            cwd=folder,
            env={**kept, **(environment or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise Refused("the program cannot be started") from error
    try:
        _limit(process.get_pid(), seconds, memory)
        _tell(process, given)
        async with asyncio.timeout(seconds):
            await ear.ended
        return Finished(process.get_returncode() or 0, bytes(ear.said[1]), bytes(ear.said[2]))
    except TimeoutError:
        raise Refused(f"the program took longer than {seconds:g} s") from None
    finally:
        _kill(process.get_pid())
        process.close()  # a pipe that somebody still holds open is not waited for
        await ear.exited.wait()


class _Ear(asyncio.SubprocessProtocol):
    """What the program says, up to a limit, and whether it has come to its end."""

    def __init__(self, largest: int) -> None:
        self.said = {1: bytearray(), 2: bytearray()}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.exited = asyncio.Event()
        self._largest = largest
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.said[fd] += data
        if len(self.said[fd]) > self._largest and not self.ended.done():
            self.ended.set_exception(Refused(f"the program said more than {self._largest} bytes"))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        self._look()

    def process_exited(self) -> None:
        self.exited.set()
        self._look()

    def _look(self) -> None:
        if self.exited.is_set() and not self._open and not self.ended.done():
            self.ended.set_result(None)


def _tell(process: asyncio.SubprocessTransport, given: bytes) -> None:
    """Its input, as far as it wants to hear of it."""
    pipe = cast(asyncio.WriteTransport, process.get_pipe_transport(0))
    pipe.write(given)
    pipe.close()  # behind what is written


def _kill(process_id: int) -> None:
    """The whole session: what it started does not outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)


def _limit(process_id: int, seconds: float, memory: int) -> None:
    """What the kernel holds it to, where it can be told (Linux)."""
    if not hasattr(resource, "prlimit"):
        return
    processor = int(seconds) + 1
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process_id, resource.RLIMIT_CPU, (processor, processor))
        resource.prlimit(process_id, resource.RLIMIT_AS, (memory, memory))
        resource.prlimit(process_id, resource.RLIMIT_CORE, (0, 0))
