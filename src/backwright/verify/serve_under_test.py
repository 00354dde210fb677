"""The emitted backend as a process of its own, with time, ids and passwords that a verifier controls.

`python -m backwright.verify.serve_under_test PACKAGE PORT|fd:NUMBER`, with the service's usual environment.
"""

from __future__ import annotations

import importlib
import socket
import sys

import uvicorn

from backwright_runtime import Passwords
from backwright_runtime.testing import ScriptedSeam


def main(arguments: list[str]) -> None:
    """Serve the package's application on a port, or on a listening socket that was handed over."""
    package, where = arguments
    app = importlib.import_module(f"{package}.app").create_app(
        seam=ScriptedSeam(), passwords=Passwords.cheap()
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", server_header=False)
    uvicorn.Server(config).run(sockets=[listening(where)])


def listening(where: str) -> socket.socket:
    """The socket to serve on."""
    if where.startswith("fd:"):
        return socket.socket(fileno=int(where.removeprefix("fd:")))
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", int(where)))
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
