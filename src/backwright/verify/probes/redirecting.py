"""Nobody is sent on to where a stranger wants."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API8:2023",)
NAME = "redirects"
WHY = "A link to a trusted host that ends at another one is what a phishing mail is made of."
PLACE = re.compile(
    r"ur[il]|next|redirect|return|continue|dest|target|goto|forward|callback|^to$", re.IGNORECASE
)
HOST = "elsewhere.example"
PLACES = (f"https://{HOST}/", f"//{HOST}/", f"/\\{HOST}/", f"https:{HOST}/")


def run(world: World) -> Outcome:
    """Parameters of the query that look like places, and all of what answers with redirects, get another host's
    address: no answer may lead there.
    """
    notes = Notes(world)
    for operation in world.operations:
        leads = any(status.startswith("3") for status in operation.statuses)
        for parameter in operation.parameters:
            if parameter.where == "query" and (PLACE.search(parameter.name) or leads):
                _judge(world, notes, operation, parameter.name)
    if not notes.tried:
        notes.unjudged("redirects", "no parameter of a query looks like a place")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation, name: str) -> None:
    caller = next(iter(world.callers), None)
    path = world.path_for(operation, caller)
    if path is None or operation.method != "GET":
        return
    for place in PLACES:
        try:
            tried = world.send(operation, caller, path, query={name: place})
        except Unreachable:
            continue
        notes.tried += 1
        led = tried.answer.headers.get("location", "").replace("\\", "/")
        if 300 <= tried.answer.status < 400 and _host(led) == HOST:
            notes.found(operation.name, f"leads to any host that `{name}` names", tried.sent)
            return


def _host(place: str) -> str:
    try:
        parts = urlsplit(place)
    except ValueError:
        return ""
    return parts.hostname or (HOST if place == f"https:{HOST}/" else "")
