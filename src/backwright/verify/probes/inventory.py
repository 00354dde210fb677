"""What answers is in the contract: no forgotten tool, file or version beside it."""

from __future__ import annotations

import re

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Sent, Unreachable
from backwright.verify.target.exploring import World

IDS = ("API9:2023",)
NAME = "inventory"
WHY = "The old version and the debug console are attacked first: nobody patches what nobody knows of."
FORGOTTEN = (
    "/.env", "/.git/config", "/.git/HEAD", "/.DS_Store", "/config.json", "/settings.py", "/backup.sql", "/dump.sql",
    "/db.sqlite3", "/admin", "/admin/", "/debug", "/debug/pprof/", "/debug/vars", "/__debug__/", "/console",
    "/phpinfo.php",
    "/actuator", "/actuator/env", "/actuator/heapdump", "/server-status", "/graphql", "/graphiql", "/phpmyadmin/",
    "/internal", "/test", "/trace", "/env", "/swagger-ui.html", "/_profiler", "/rails/info/routes", "/metrics",
)  # fmt: skip
PUBLIC = ("/metrics",)
"""Named, but no finding: a matter of the network in front of the backend."""

VERSION = re.compile(r"/v(\d+)(?=/|$)")


def run(world: World) -> Outcome:
    """Well-known paths of tools and forgotten files, and older versions of the contract's own paths, must
    not answer 2xx.

    A backend that answers alike to any path whatever is not counted: compared with a path that cannot exist.
    """
    notes = Notes(world)
    known = {world.base + operation.path for operation in world.operations}
    anything = _asked(world, f"/no-such-path-{world.sampler.word()}")
    for path in FORGOTTEN:
        answer = None if path in known or path in PUBLIC else _asked(world, path)
        if answer is None:
            continue
        notes.tried += 1
        if answer.accepted and not _alike(answer, anything):
            notes.found(
                path,
                f"is answered {answer.status}, and is not in the contract",
                Sent(method="GET", target=path),
            )
    _versions(world, notes, anything)
    return notes.outcome()


def _versions(world: World, notes: Notes, anything: Answer | None) -> None:
    known = {world.base + operation.path for operation in world.operations}
    for operation in world.operations:
        path = world.base + operation.path
        version = VERSION.search(path)
        if operation.method != "GET" or operation.path_names or version is None:
            continue
        for older in range(int(version[1])):
            old = f"{path[: version.start()]}/v{older}{path[version.end() :]}"
            answer = None if old in known else _asked(world, old)
            if answer is None:
                continue
            notes.tried += 1
            if answer.accepted and not _alike(answer, anything):
                told = f"an older version answers {answer.status}, and is not in the contract"
                notes.found(old, told, Sent(method="GET", target=old))


def _asked(world: World, path: str) -> Answer | None:
    try:
        return world.client.send(Sent(method="GET", target=path))
    except Unreachable:
        return None


def _alike(answer: Answer, anything: Answer | None) -> bool:
    return (
        anything is not None and anything.accepted and abs(len(anything.content) - len(answer.content)) < 64
    )
