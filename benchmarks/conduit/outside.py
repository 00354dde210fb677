"""Judges the emitted backend and its rivals from outside: `python benchmarks/conduit/outside.py [NAME …]`.

Needs the RealWorld contract (CONTRIBUTING.md says where it is looked for). Results go to the folder that `--out` names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows
from joserfc import jwt
from joserfc.jwk import OctKey
from servers import EXAMPLE, HERE, KEY, rivals_python

from backwright_runtime import migrations

TARGETS = HERE / "targets"


def main() -> None:
    names = sorted(path.stem for path in TARGETS.glob("*.yaml"))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", nargs="*", help=f"of {', '.join(names)}; default: all")
    arguments.add_argument("--gate", action="append", default=[])
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--out", type=Path, default=HERE / "targets" / ".backwright-target")
    given = arguments.parse_args()
    for name in given.name or names:
        with tempfile.TemporaryDirectory(prefix="backwright-outside-") as folder:
            url = f"sqlite:///{folder}/service.db"
            asyncio.run(migrations.up(url, EXAMPLE / "migrations"))
            rows.load(url, 0)
            command = [str(Path(sys.executable).with_name("backwright")), "verify", *given.gate]
            options = ["--target", str(TARGETS / f"{name}.yaml"), "--out", str(given.out / name)]
            seconds = ["--seconds", str(given.seconds)]
            subprocess.run([*command, *options, *seconds], env=environment(url), check=False)


def environment(url: str) -> dict[str, str]:
    """What the target files take from the environment."""
    shared = os.environ.get("BACKWRIGHT_SHARED") or str(HERE.parents[2] / "shared")
    return {
        **os.environ,
        "BACKWRIGHT_SHARED": shared,
        "PYTHON": sys.executable,
        "RIVALS_PYTHON": str(rivals_python()),
        "TOKEN_KEYS": KEY,
        "CONDUIT_DATABASE": url,
        "READER_TOKEN": token(str(rows.READER)),
        "AUTHOR_TOKEN": token(str(rows.author(0))),
    }


def token(account: str) -> str:
    """A token as the services themselves would have issued it; the rivals have no sign-in."""
    kid, _, secret = KEY.partition(":")
    now = int(time.time())
    claims = {"sub": account, "iss": "conduit", "iat": now, "exp": now + 86_400}
    return jwt.encode({"alg": "HS256", "kid": kid}, claims, OctKey.import_key(secret), ["HS256"])


if __name__ == "__main__":
    main()
