"""Any coding agent's command line: it is told what to do on stdin and in a file, and edits a disposable work tree."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from backwright.agent.providers.provider import Busy, Cut, Denied, Edited, Reply, Request, Show, Unusable

TASK_FILE = "TASK.md"
SECONDS = 1800.0
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "TERM")
"""What the command finds in its environment besides the names that it is given."""
LAST_LINES = 5


class Command:
    """A command, started once for each attempt without a shell. `{task}` in it is the path of the task file."""

    name = "command"
    synthetic = False
    priced = False

    def __init__(
        self,
        line: str,
        *,
        passed_on: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """`passed_on` are further variables of the environment that it needs. Raises Unusable."""
        try:
            self._arguments = shlex.split(line)
        except ValueError as error:
            raise Unusable(f"this is no command line: {error}") from None
        if not self._arguments:
            raise Unusable("the command line is empty: say it with --command")
        given = os.environ if environment is None else environment
        missing = [name for name in passed_on if name not in given]
        if missing:
            raise Unusable(f"not set: {', '.join(missing)}")
        self._environment = {name: given[name] for name in (*PASSED_ON, *passed_on) if name in given}
        self._seconds = seconds
        self.model = os.path.basename(self._arguments[0])  # noqa: PTH119  the word as it was written

    def ask(self, request: Request, show: Show) -> Reply:
        """Run it in the work tree, and end it with everything that it started."""
        task = request.tree / TASK_FILE
        text = f"{request.system}\n\n{request.prompt}\n"
        task.write_text(text, encoding="utf-8")
        arguments = [each.replace("{task}", str(task)) for each in self._arguments]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
            given.write(text.encode())
            given.seek(0)
            try:
                process = subprocess.Popen(
                    arguments,
                    cwd=request.tree,
                    env=self._environment,
                    stdin=given,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                return Denied(why=f"{self.model} cannot be started: {error.strerror}")
            late = False
            try:
                process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                late = True
            finally:
                _end(process)
                task.unlink(missing_ok=True)
            output.seek(max(0, output.seek(0, os.SEEK_END) - 2000))
            said = output.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
        for line in said:
            show(f"{line}\n")
        if late:
            return Cut(why=f"{self.model} did not end within {self._seconds:.0f} s")
        if process.returncode:
            return Busy(why=f"{self.model} ended with {process.returncode}")
        return Edited()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and its children: its own session, and nothing else."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
