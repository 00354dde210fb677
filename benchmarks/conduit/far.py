"""A database that is a network away: the kernel's netem delays what goes to and from a network namespace.

Needs root, `ip`, `tc` and `socat`. Nothing outside the namespace and the pair of interfaces that leads to it changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

MILLISECONDS = 1
PORT = 5432
TOOLS = ("ip", "tc", "socat")


def reason() -> str | None:
    """Why this cannot be done here."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    return None if os.geteuid() == 0 else "needs root"


@contextmanager
def delayed(socket_folder: Path) -> Iterator[str]:
    """The host at which PostgreSQL answers with a delay in each direction."""
    name = f"bw{os.getpid()}"
    here, there = f"{name}a", f"{name}b"
    network = f"10.{os.getpid() % 250}.{os.getpid() // 250 % 250}"
    socket = next(each for each in socket_folder.iterdir() if each.is_socket())
    with ExitStack() as stack:
        _run("ip", "netns", "add", name)
        stack.callback(_run, "ip", "netns", "delete", name)  # and with it both interfaces
        inside = ("ip", "netns", "exec", name)
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _run("ip", "address", "add", f"{network}.1/24", "dev", here)
        _run("ip", "link", "set", here, "up")
        _run(*inside, "ip", "address", "add", f"{network}.2/24", "dev", there)
        _run(*inside, "ip", "link", "set", there, "up")
        delay = ("root", "netem", "delay", f"{MILLISECONDS}ms")
        _run("tc", "qdisc", "add", "dev", here, *delay)
        _run(*inside, "tc", "qdisc", "add", "dev", there, *delay)
        listen = f"TCP-LISTEN:{PORT},bind={network}.2,fork,reuseaddr,nodelay"
        forwarder = subprocess.Popen([*inside, "socat", listen, f"UNIX-CONNECT:{socket}"])
        stack.callback(forwarder.wait, 10)
        stack.callback(forwarder.terminate)
        time.sleep(0.5)
        yield f"{network}.2"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
