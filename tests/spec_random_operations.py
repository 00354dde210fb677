"""Random operations over random entities: crud, sugar, and steps of every verb."""

from __future__ import annotations

from random import Random
from typing import Any

from spec_random_expr import ORDERED, Expressions, Kind, Spot, Words
from spec_random_views import order, shape

Tree = dict[str, Any]

MEMBERS = ("word", "amount", "flag", "at", "day", "ratio", "price", "data", "request", "body", "tx", "type")
FIND = (
    "find",
    "find",
    "select",
    "select",
    "group",
    "require",
    "create",
    "create",
    "update",
    "delete",
    "many",
    "bulk",
)


class Operations:
    """Writes operations that have unlike names and routes."""

    def __init__(
        self, rng: Random, kinds: dict[str, Kind], writer: Expressions, identity: str, views: Tree
    ) -> None:
        self.rng, self.kinds, self.writer, self.identity, self.views = rng, kinds, writer, identity, views

    def crud(self, kind: Kind) -> Tree:
        """The usual operations of an entity."""
        rng = self.rng
        crud: Tree = {"path": f"/{kind.name.lower()}s"}
        if rng.random() < 0.25:
            crud["only"] = rng.sample(["list", "create", "get", "update", "delete"], rng.randint(2, 4))
        self._listing(kind, crud)
        if rng.random() < 0.2:
            crud["wrap"] = rng.choice(("thing", "data", "row"))
        if rng.random() < 0.2:
            crud["replace"] = True
        if kind.spec.get("version") and rng.random() < 0.6:
            crud["if_match"] = rng.choice((True, "required"))
        unique = [
            s.name
            for s in kind.spots
            if s.spec.get("unique") and s.kind in ("string", "slug", "integer", "token") and not s.nullable
        ]
        if unique and rng.random() < 0.4:
            crud["key"] = rng.choice(unique)
        shown = self._views_of(kind)
        if shown and rng.random() < 0.5:
            crud["view"] = rng.choice(shown)
        return crud

    def _views_of(self, kind: Kind) -> list[str]:
        return [n for n, v in self.views.items() if "args" not in v and v.get("of") == kind.name]

    def _listing(self, kind: Kind, into: Tree) -> None:
        rng, writer = self.rng, self.writer
        here = Words(rows={"this": kind.name}, caller=self.identity)
        if rng.random() < 0.25:
            into["where"] = writer.condition(here, 1)
        filters: Tree = {}
        for spot in rng.sample(kind.spots, min(len(kind.spots), rng.randint(0, 3))):
            name = rng.choice((spot.name, f"{spot.name}_is"))
            if name in ("limit", "offset", "after", "sort"):
                continue
            match spot.kind:
                case "password" | "json" | "bytes" | "refs":
                    continue
                case "list":
                    filters[name] = f"params.{name} in this.{spot.name}"
                case kind_ if kind_ in ORDERED and rng.random() < 0.5 and not spot.spec.get("encrypted"):
                    filters[name] = f"this.{spot.name} {rng.choice(('<', '>=', '>', '<='))} params.{name}"
                case "boolean" if spot.nullable:
                    filters[name] = f"this.{spot.name} == params.{name}"
                case _:
                    filters[name] = f"this.{spot.name} == params.{name}"
        if kind.inverses and rng.random() < 0.3:
            name, entity = rng.choice(list(kind.inverses.items()))
            inner = [
                s for s in self.kinds[entity].spots if s.kind in ("string", "integer", "enum", "boolean")
            ]
            if inner:
                spot = rng.choice(inner)
                filters["having"] = f"this.{name}.exists(h, h.{spot.name} == params.having)"
        if filters:
            into["filters"] = filters
        if rng.random() < 0.5:
            into["order"] = order(rng, kind)
        elif rng.random() < 0.5:
            into["sort"] = {f"s{n}": order(rng, kind) for n in range(rng.randint(1, 3))}
        if rng.random() < 0.4:
            paging: Tree = {"style": rng.choice(("keyset", "offset", "none"))}
            if rng.random() < 0.6:
                paging |= {"default": rng.randint(1, 3), "max": rng.randint(3, 5)}
            if rng.random() < 0.2 and paging["style"] != "none":
                paging["names"] = {"limit": "per_page"}
            into["paging"] = paging

    def path_of(self, kind: Kind, at: int) -> str:
        """A path that finds a row of this entity."""
        return f"/o{at}/" + "/".join(f"{{{name}}}" for name in kind.key)

    def sugar(self, kind: Kind, at: int) -> Tree:
        """An operation that the usual steps are written for, with something of its own."""
        rng, writer = self.rng, self.writer
        here = Words(rows={kind.binding: kind.name}, caller=self.identity)
        states = next((s for s in kind.spots if s.kind == "states"), None)
        verb = rng.choice(
            ("list", "list", "read", "create", "update", "delete", *(["move"] * 4 if states else []))
        )
        operation: Tree
        match verb:
            case "list":
                operation = {"route": f"GET /o{at}", "list": kind.name}
                self._listing(kind, operation)
                if rng.random() < 0.3:
                    operation["respond"] = self._page_answer(kind, operation)
                return self._finished(operation)
            case "move":
                assert states is not None
                move = rng.choice(list(states.spec["moves"]))
                operation = {"route": f"POST {self.path_of(kind, at)}", "move": f"{kind.name}.{move}"}
            case "create":
                operation = {"route": f"POST /o{at}", "create": kind.name}
                self._input(kind, operation)
            case "update":
                operation = {
                    "route": f"{rng.choice(('PATCH', 'PUT', 'POST'))} {self.path_of(kind, at)}",
                    "update": kind.name,
                }
                self._input(kind, operation)
                if rng.random() < 0.3:
                    operation["replace"] = True
            case "read":
                operation = {"route": f"GET {self.path_of(kind, at)}", "read": kind.name}
            case _:
                operation = {"route": f"DELETE {self.path_of(kind, at)}", "delete": kind.name}
        if verb in ("create", "update", "read") and rng.random() < 0.3:
            words = Words(rows=here.rows, caller=self.identity)
            operation["respond"] = self._answer(words)
        if verb in ("create", "update") and rng.random() < 0.2:
            operation["wrap"] = "inner"
        if kind.spec.get("version") and verb in ("update", "delete") and rng.random() < 0.5:
            operation["if_match"] = rng.choice((True, "required"))
        if verb != "create" and rng.random() < 0.15:
            operation["where"] = writer.condition(Words(rows={"this": kind.name}, caller=self.identity), 1)
        return self._finished(operation)

    def _finished(self, operation: Tree) -> Tree:
        rng = self.rng
        if self.identity and rng.random() < 0.15:
            operation["access"] = "caller != null"
        if "steps" not in operation and rng.random() < 0.06:
            operation["trusted"] = "because it is a test"
        if rng.random() < 0.05 and not operation["route"].startswith("GET"):
            operation["idempotent"] = rng.choice((True, "required"))
        if rng.random() < 0.05 and operation["route"].startswith("GET"):
            operation["cache"] = {"seconds": 5, "scope": "private"}
        if rng.random() < 0.05:
            operation["errors"] = {"not_found": {"status": 410, "body": {"gone": "message"}}, "invalid": 400}
        if rng.random() < 0.03:
            operation["deprecated"] = "2026-01-01"
        return operation

    def _input(self, kind: Kind, operation: Tree) -> None:
        rng = self.rng
        names = [s.name for s in kind.spots if not s.given and s.kind not in ("states", "slug", "token")]
        if rng.random() < 0.4:
            needed = [s.name for s in kind.spots if s.name in names and not s.optional]
            operation["body"] = (
                sorted({*needed, *rng.sample(names, rng.randint(0, len(names)))}, key=names.index) or names
            )
        fitting = [
            s
            for s in kind.spots
            if s.name not in kind.key and s.kind in ("integer", "string", "boolean", "date", "timestamp")
        ]
        if rng.random() < 0.2 and fitting:
            spot = rng.choice(fitting)
            operation["set"] = {spot.name: self.writer.value(spot, Words(caller=self.identity))}
            operation["body"] = [n for n in operation.get("body", names) if n != spot.name]

    def _page_answer(self, kind: Kind, operation: Tree) -> Tree:
        rng = self.rng
        match rng.randrange(3):
            case 0:
                columns = {
                    s.name: f"this.{s.name}"
                    for s in kind.spots
                    if s.kind in (*ORDERED, "boolean", "enum", "uuid")
                }
                answer: Tree = {"csv": "items", "filename": "rows.csv"}
                return answer | {"columns": columns} if columns else answer
            case 1:
                shown = rng.choice([kind.name, *self._views_of(kind)])
                body: Tree = {"rows": {"each": "items", "view": shown}, "next": "next"}
                if operation.get("paging", {}).get("style") == "offset":
                    body["total"] = "total"
                return {"body": body}
            case _:
                return {"body": {"all": "items", "n": "size(items)"}}

    def steps(self, at: int) -> Tree:
        """An operation with steps of its own."""
        rng = self.rng
        words = Words(caller=self.identity)
        first = rng.choice(list(self.kinds.values()))
        body = self._members()
        for name, spot in body[1].items():
            words.values[f"body.{name}"] = spot
        lines = words.values.pop("body.lines", None)
        steps: list[Tree] = []
        route = f"POST /o{at}"
        if rng.random() < 0.6:
            route = f"POST {self.path_of(first, at)}"
            steps.append({"find": first.name})
            words.rows[first.binding] = first.name
        maybe: set[str] = set()
        for _ in range(rng.randint(1, 3)):
            steps += self._step(words, maybe, lines=lines is not None)
        operation: Tree = {"route": route}
        if body[0]:
            operation["body"] = body[0]
        operation["steps"] = steps
        operation["respond"] = self._answer(words) if rng.random() < 0.8 else 204
        writes = any(set(step) & {"create", "update", "delete", "ensure", "upsert"} for step in steps)
        if not writes and not body[0] and rng.random() < 0.7:
            operation["route"] = route.replace("POST", "GET")
        return self._finished(operation)

    def _members(self) -> tuple[Tree, dict[str, Spot]]:
        rng = self.rng
        written: Tree = {}
        spots: dict[str, Spot] = {}
        if rng.random() < 0.3:
            return written, spots
        for name in rng.sample(MEMBERS, rng.randint(1, 3)):
            kind = rng.choice(
                (
                    "string",
                    "integer",
                    "decimal",
                    "boolean",
                    "date",
                    "timestamp",
                    "ref",
                    "like",
                    "enum",
                    "list",
                )
            )
            nullable = rng.random() < 0.3
            mark = "?" if nullable else ""
            spot = Spot(name, kind, nullable)
            match kind:
                case "ref":
                    spot.target = rng.choice(list(self.kinds))
                    written[name] = {"ref": spot.target + mark}
                case "like":
                    of = rng.choice(list(self.kinds.values()))
                    fields = [
                        s for s in of.spots if s.kind in (*ORDERED, "ref", "enum", "boolean", "list", "uuid")
                    ]
                    if not fields:
                        continue
                    source = rng.choice(fields)
                    spot = Spot(
                        name, source.kind, source.nullable, source.target, source.values, source.element
                    )
                    written[name] = {"like": f"{of.name}.{source.name}"}
                case "enum":
                    spot.values = ("low", "high")
                    written[name] = {"type": f"enum{mark}", "enum": ["low", "high"]}
                case "list":
                    spot.nullable = False
                    spot.element = rng.choice(("integer", "string", "ref"))
                    written[name] = {"list": spot.element, "max": 4}
                    if spot.element == "ref":
                        spot.target = rng.choice(list(self.kinds))
                        written[name] = {"list": {"ref": spot.target}, "max": 3}
                case _:
                    written[name] = {"type": kind + mark} if rng.random() < 0.6 else kind + mark
                    if kind == "integer" and rng.random() < 0.3:
                        written[name] = {"type": "integer" + mark, "min": 0, "max": 9}
            spots[name] = spot
        if rng.random() < 0.25:
            written["lines"] = {
                "list": {"object": {"word": {"type": "string", "max": 9}, "n": "integer", "on": "date?"}},
                "max": 3,
            }
            spots["lines"] = Spot("lines", "objects")
        return written, spots

    def _step(self, words: Words, maybe: set[str], *, lines: bool) -> list[Tree]:
        rng, writer, kinds = self.rng, self.writer, self.kinds
        kind = rng.choice(list(kinds.values()))
        found = [n for n, e in words.rows.items() if n not in maybe]
        candidates = [*FIND, *(["from"] * 3 if lines else [])]
        verb = rng.choice(candidates)
        inside = Words({**words.rows, "this": kind.name}, words.values, words.lists, words.caller)
        name = f"{'all_' if verb == 'from' else ''}{kind.binding}{len(words.rows) + len(words.lists)}"
        step: Tree
        match verb:
            case "find":
                step = {"find": kind.name, "as": name, "where": writer.condition(inside, 1)}
                if rng.random() < 0.3:
                    step["else"] = {"error": rng.choice(("gone", "conflict", "forbidden")), "code": "lost"}
                self._perhaps(step)
                words.rows[name] = kind.name
            case "select":
                step = {"select": kind.name, "as": name, "where": writer.condition(inside, 1)}
                if rng.random() < 0.4:
                    step["order"] = order(rng, kind)
                self._perhaps(step)
                words.lists[name] = kind.name
            case "group":
                by = [
                    s
                    for s in kind.spots
                    if s.kind in ("string", "integer", "boolean", "enum", "date", "ref", "states")
                ]
                if not by:
                    return []
                group = {s.name: f"this.{s.name}" for s in rng.sample(by, min(len(by), rng.randint(1, 2)))}
                step = {
                    "select": kind.name,
                    "as": name,
                    "group": group,
                    "values": {"n": "size(rows)", "v": writer.number("rows", kind.name)},
                }
                if rng.random() < 0.5:
                    step["where"] = writer.condition(inside, 1)
                words.values[name] = Spot(name, "groups")
            case "require":
                step = {"require": writer.condition(words, 1)}
                if rng.random() < 0.6:
                    step["else"] = {
                        "error": rng.choice(("invalid", "conflict", "forbidden", "gone")),
                        "code": "no",
                        "message": "It is not.",
                    }
            case "create" | "many":
                verb = rng.choice(("create", "create", "ensure", "upsert"))
                step = {verb: kind.name, "as": name, "set": self._all_of(kind, words)}
                unique = [[s.name] for s in kind.spots if s.spec.get("unique")] + kind.spec.get("unique", [])
                unique += [kind.key] if kind.key_kind in ("composite", "string") else []
                unique = [u for u in unique if set(u) <= set(step["set"])]
                if (verb == "ensure" and not unique) or (verb == "upsert" and not unique):
                    step = {"create": kind.name, "as": name, "set": step["set"]}
                elif verb == "upsert":
                    step["by"] = rng.choice(unique)
                    if rng.random() < 0.3:
                        step |= {"if_exists": writer.condition(inside, 1), "else": "forbidden"}
                self._perhaps(step)
                words.rows[name] = kind.name
            case "from":
                item = {
                    "item.word": Spot("word", "string"),
                    "item.n": Spot("n", "integer"),
                    "item.on": Spot("on", "date", True),
                }
                inner = Words(words.rows, {**words.values, **item}, words.lists, words.caller)
                step = {
                    "create": kind.name,
                    "from": "body.lines",
                    "as": name,
                    "set": self._all_of(kind, inner),
                }
                words.lists[name] = kind.name
            case "update" if found:
                row = rng.choice(found)
                step = {"update": row, "set": self._some_of(kinds[words.rows[row]], words)}
                self._perhaps(step)
            case "delete" if found and len(found) > 1:
                step = {"delete": rng.choice(found)}
                del words.rows[step["delete"]]
                self._perhaps(step)
            case "bulk":
                if rng.random() < 0.6:
                    step = {
                        "update": kind.name,
                        "where": writer.condition(inside, 1),
                        "set": self._some_of(kind, words),
                        "as": name,
                    }
                else:
                    step = {"delete": kind.name, "where": writer.condition(inside, 1), "as": name}
                words.values[name] = Spot(name, "integer")
                self._perhaps(step)
            case _:
                return []
        if rng.random() < 0.12 and verb not in ("from", "group"):
            step["if"] = writer.condition(
                words
                if name not in words.rows
                else Words(
                    {n: e for n, e in words.rows.items() if n != name},
                    words.values,
                    words.lists,
                    words.caller,
                ),
                1,
            )
            if name in words.rows:
                del words.rows[name]
                words.values[name] = Spot(name, "ref", True, kind.name)
            elif name in words.lists:
                del words.lists[name]
            elif name in words.values:
                del words.values[name]
        return [step]

    def _perhaps(self, step: Tree) -> None:
        if self.rng.random() < 0.2:
            step["trusted"] = "the test says so"

    def _all_of(self, kind: Kind, words: Words) -> Tree:
        given: Tree = {}
        for spot in kind.spots:
            if spot.given or spot.kind in ("slug", "token", "states", "refs"):
                continue
            if spot.optional and self.rng.random() < 0.7:
                continue
            if spot.kind == "password":
                given[spot.name] = "'secret words'"
            elif spot.kind == "email":
                given[spot.name] = self.rng.choice(("'ann@example.com'", "'bob@example.com'"))
            else:
                given[spot.name] = self.writer.value(spot, words)
        return given

    def _some_of(self, kind: Kind, words: Words) -> Tree:
        fixed = {*kind.key, kind.spec.get("tenancy", "")}
        spots = [
            s
            for s in kind.spots
            if s.name not in fixed
            and s.kind not in ("states", "slug", "token", "password", "refs", "bytes", "json")
        ]
        here = Words({**words.rows, "this": kind.name}, words.values, words.lists, words.caller)
        chosen = self.rng.sample(spots, min(len(spots), self.rng.randint(1, 2)))
        return {
            s.name: f"this.{s.name} + 1"
            if s.kind == "integer" and not s.nullable and self.rng.random() < 0.4
            else self.writer.value(s, here)
            for s in chosen
        }

    def _answer(self, words: Words) -> Tree:
        """What success looks like: with whatever the steps bound."""
        rng, writer = self.rng, self.writer
        answer: Tree = {}
        body: Tree = {}
        for name, spot in words.values.items():
            if spot.kind in ("groups", "objects") or rng.random() < 0.4:
                body[name.replace(".", "_")] = f"{spot.target}({name})" if spot.kind == "ref" else name
        for name, entity in words.rows.items():
            if rng.random() < 0.7:
                body[name] = f"{rng.choice([entity, *self._views_of(self.kinds[entity])])}({name})"
            if rng.random() < 0.3:
                body[f"{name}_more"] = shape(
                    rng, Words(rows={name: entity}, caller=words.caller), self.kinds, writer, self.views
                )
        for name, entity in words.lists.items():
            each = {"each": name, "view": entity} | (
                {"order": order(rng, self.kinds[entity])} if name.startswith("all_") else {}
            )
            body[name] = rng.choice((name, each, f"size({name})"))
        if rng.random() < 0.2:
            body["nested"] = {"truth": writer.condition(words, 1)}
        rows = [n for n in words.rows if self.kinds[words.rows[n]].spots]
        texts = [
            f"{n}.{s.name}"
            for n in rows
            for s in self.kinds[words.rows[n]].spots
            if s.kind in ("string", "text")
        ]
        if rng.random() < 0.08 and texts:
            answer["text"] = (
                rng.choice(texts) if not rng.random() < 0.3 else f"'say: ' + {rng.choice(texts)}.orValue('x')"
            )
        else:
            answer["body"] = body or "none"
        if rng.random() < 0.2:
            answer["status"] = rng.choice((201, 202, f"({writer.condition(words, 1)}) ? 200 : 201"))
        if rng.random() < 0.1 and texts:
            answer["headers"] = {
                "x-said": "'" + rng.choice(("a", "b c")) + "'",
                "x-text": f"string(size({rng.choice(texts)}))",
            }
        if rng.random() < 0.06:
            answer["cookies"] = {"last": rng.choice(("'a'", "null", {"value": "'v'", "minutes": 5}))}
        return answer


def operations(rng: Random, kinds: dict[str, Kind], writer: Expressions, identity: str, views: Tree) -> Tree:
    """Operations on the entities, some of them as `crud` of the entity itself."""
    made: Tree = {}
    maker = Operations(rng, kinds, writer, identity, views)
    for kind in kinds.values():
        if kind.key_kind != "composite" and kind.name != identity and rng.random() < 0.85:
            kind.spec["crud"] = maker.crud(kind)
    for at in range(rng.randint(2, 5)):
        kind = rng.choice(list(kinds.values()))
        if rng.random() < 0.45:
            made[f"do_{at}"] = maker.sugar(kind, at)
        else:
            made[f"do_{at}"] = maker.steps(at)
    return made
