"""Random specifications, as trees of YAML: small, and with every construct of the language in them somewhere.

`specification(seed)` makes one; about half are accepted by the checker, which is the judge of what counts.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from spec_random_entities import entities
from spec_random_expr import Expressions, Kind
from spec_random_operations import operations
from spec_random_views import views

Tree = dict[str, Any]


def specification(seed: int) -> Tree:
    """A random specification. The same seed gives the same one."""
    rng = Random(seed)
    service: Tree = {"name": f"m{seed}", "version": "1.0.0"}
    if rng.random() < 0.25:
        service["names"] = "camelCase"
    if rng.random() < 0.25:
        service["envelope"] = False
    if rng.random() < 0.25:
        service["unknown_fields"] = "reject"
    auth = rng.random() < 0.75
    kinds = entities(rng, with_identity=auth)
    writer = Expressions(rng, kinds)
    identity = next((k.name for k in kinds.values() if "password" in {s.kind for s in k.spots}), "")
    tree: Tree = {"service": service}
    if identity:
        tree["auth"] = _auth(rng, kinds[identity])
    shown = views(rng, kinds, writer, identity)
    called = operations(rng, kinds, writer, identity, shown)
    tree["entities"] = {kind.name: kind.spec for kind in kinds.values()}
    if shown:
        tree["views"] = shown
    if called:
        tree["operations"] = called
    if rng.random() < 0.3:
        tree["errors"] = _errors(rng)
    return tree


def _auth(rng: Random, identity: Kind) -> Tree:
    flows: Any = rng.choice(
        (
            ["register", "login"],
            ["register", "login", "me"],
            ["register", "login", "logout", "me"],
            {
                "register": "POST /people",
                "login": "POST /sessions",
                "logout": "DELETE /sessions",
                "me": "GET /me",
            },
        )
    )
    auth: Tree = {"identity": identity.name, "by": "email", "flows": flows}
    match rng.randrange(5):
        case 0:
            auth["scheme"] = "Token"
        case 1:
            auth["cookie"] = "crumb"
        case 2:
            auth["token"] = {"minutes": 5}
        case _:
            pass
    return auth


def _errors(rng: Random) -> Tree:
    errors: Tree = {}
    if rng.random() < 0.6:
        errors["body"] = rng.choice(
            (
                {"status": "status", "detail": "message", "errors": "fields"},
                {"errors": "by_field", "code": "code"},
                {"message": "message", "all": ["messages", "fixed"]},
                "message",
            )
        )
    for category, status in (("invalid", 400), ("conflict", 400), ("forbidden", 404), ("not_found", 410)):
        if rng.random() < 0.25:
            errors[category] = rng.choice(
                (status, {"status": status, "body": "none"}, {"body": {"why": "code"}})
            )
    return errors


def yaml(tree: Tree) -> str:
    """The specification as YAML: one line for each entity, field, view and operation."""
    return "".join(_lines(name, value, 0) for name, value in tree.items())


def _lines(name: str, value: Any, level: int) -> str:
    deep = (
        isinstance(value, dict)
        and value
        and (level < 2 or (name in ("fields", "computed", "crud", "access") and level < 3))
    )
    if deep:
        return f"{'  ' * level}{name}:\n" + "".join(_lines(k, v, level + 1) for k, v in value.items())
    return f"{'  ' * level}{name}: {json.dumps(value, ensure_ascii=False)}\n"
