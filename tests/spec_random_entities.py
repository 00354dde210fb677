"""Random entities: keys, fields of every type, relations, rules."""

from __future__ import annotations

from random import Random
from typing import Any

from spec_random_expr import Expressions, Kind, Spot, Words

Tree = dict[str, Any]

PLAIN = (
    "title",
    "rank",
    "due",
    "mark",
    "weight",
    "note",
    "colour",
    "amount",
    "ends",
    "body_text",
    "sign",
    "flag",
)
ODD = (
    *(
        "type",
        "order",
        "group",
        "select",
        "user",
        "value",
        "limit",
        "name",
        "text",
        "json",
        "field",
        "date",
        "state",
    ),
    *(
        "size",
        "count",
        "total",
        "items",
        "next",
        "hash",
        "format",
        "self",
        "cls",
        "row",
        "ctx",
        "db",
        "tx",
        "page",
    ),
    *(
        "query",
        "filters",
        "changes",
        "data",
        "error",
        "meta",
        "key",
        "rows",
        "offset",
        "after",
        "sort",
        "where",
    ),
    *(
        "list",
        "str",
        "int",
        "uuid",
        "decimal",
        "time",
        "index",
        "owner_id",
        "table",
        "default",
        "values",
        "status",
    ),
    *(
        "print",
        "object",
        "set",
        "dict",
        "bool",
        "request",
        "response",
        "rules",
        "views",
        "settings",
        "sql",
        "desc",
    ),
)
PEOPLE = ("Person", "Writer", "User", "Member", "Account")
NAMES = ("Area", "Thing", "Mark", "Line", "Sheet", "Parcel", "Visit", "Ring")
ODD_NAMES = (
    *("Page", "Context", "Database", "Row", "List", "Date", "Order", "Group", "Any", "Item", "Type", "Query"),
    *(
        "Session",
        "Answer",
        "Request",
        "Response",
        "Decimal",
        "Model",
        "Field",
        "Table",
        "Rule",
        "View",
        "Input",
    ),
    *(
        "Error",
        "Struct",
        "Money",
        "Json",
        "Key",
        "Filter",
        "Change",
        "Transaction",
        "Body",
        "Result",
        "Status",
    ),
)
SCALARS = (
    *("string", "string", "string", "text", "integer", "integer", "integer", "decimal", "double", "boolean"),
    *(
        "boolean",
        "date",
        "timestamp",
        "timestamp",
        "uuid",
        "email",
        "slug",
        "token",
        "json",
        "bytes",
        "enum",
        "enum",
    ),
    *("list", "list", "refs", "states", "ref", "ref"),
)


def entities(rng: Random, *, with_identity: bool) -> dict[str, Kind]:
    """Up to four entities that know each other, without operations."""
    names = (
        rng.sample(NAMES, rng.randint(1, 3))
        if rng.random() < 0.7
        else rng.sample(ODD_NAMES, rng.randint(1, 3))
    )
    kinds: dict[str, Kind] = {}
    identity = rng.choice(PEOPLE) if with_identity else ""
    if identity:
        names = [identity, *names]
    tenant = next((n for n in names[1:-1] if rng.random() < 0.35), "") if len(names) > 2 else ""
    for at, name in enumerate(names):
        kinds[name] = _entity(
            rng, name, names[: at + 1], identity, tenant if at > names.index(tenant or name) else ""
        )
    for kind in kinds.values():
        _relations(kind, kinds)
    writer = Expressions(rng, kinds)
    for kind in kinds.values():
        _rest(rng, kind, writer, identity)
    return kinds


def _entity(rng: Random, name: str, targets: list[str], identity: str, tenant: str) -> Kind:
    fields: Tree = {}
    spots: list[Spot] = []
    spec: Tree = {}
    kind = Kind(name, spots, [], spec)

    def add(field_name: str, spot: Spot, written: Tree) -> None:
        spot.spec = written
        spots.append(spot)
        fields[field_name] = written

    if tenant and name != identity:
        inverse = f"{name.lower()}_of"
        add(
            "tenant",
            Spot("tenant", "ref", target=tenant),
            {"ref": tenant, "inverse": inverse, "on_delete": "cascade"},
        )
        spec["tenancy"] = "tenant"
        kind.inverses[inverse] = tenant
    if name == identity:
        add("email", Spot("email", "email"), {"type": "email", "unique": True})
        add("password", Spot("password", "password"), {"type": "password"})
    others = [n for n in targets if n != name]
    if name == identity or rng.random() < 0.45 or not others:
        _key(rng, kind, fields)
    elif rng.random() < 0.4 and len(others) > 1:
        two = rng.sample(others, 2)
        for target in two:
            field_name = target.lower()
            add(field_name, Spot(field_name, "ref", target=target), {"ref": target, "on_delete": "cascade"})
            kind.key.append(field_name)
        spec["key"] = list(kind.key)
        kind.key_kind = "composite"
    if not kind.key:
        kind.key = ["id"]
    used = set(fields) | {"id"} | set(kind.key)
    for _ in range(rng.randint(1, 5)):
        field_name = rng.choice(PLAIN) if rng.random() < 0.7 else rng.choice(ODD)
        if field_name in used:
            continue
        used.add(field_name)
        spot, written = _field(rng, field_name, kind, targets, identity, tenant)
        add(field_name, spot, written)
    spec["fields"] = fields
    return kind


def _key(rng: Random, kind: Kind, fields: Tree) -> None:
    match rng.randrange(8):
        case 0 | 1:
            kind.spec["key"] = {"id": "sequence"}
            kind.key_kind, kind.key = "integer", ["id"]
        case 2:
            kind.spec["key"] = {"code": "token"}
            kind.key_kind, kind.key = "token", ["code"]
        case 3:
            kind.spec["key"] = "code"
            written: Tree = {"type": "string", "max": 12, "min": 1, "matches": "[a-z]{1,4}"}
            fields["code"] = written
            kind.spots.append(Spot("code", "string", spec=written))
            kind.key_kind, kind.key = "string", ["code"]
        case 4:
            kind.spec["key"] = "number"
            fields["number"] = {"type": "integer", "min": 1, "max": 99}
            kind.spots.append(Spot("number", "integer", spec=fields["number"]))
            kind.key_kind, kind.key = "integer", ["number"]
        case _:
            kind.key = ["id"]


def _field(
    rng: Random, name: str, kind: Kind, targets: list[str], identity: str, tenant: str
) -> tuple[Spot, Tree]:
    chosen = rng.choice(SCALARS)
    nullable = rng.random() < 0.35
    mark = "?" if nullable else ""
    spot = Spot(name, chosen, nullable)
    written: Tree = {"type": chosen + mark}
    match chosen:
        case "string" | "text" if rng.random() < 0.5:
            written |= rng.choice(
                ({"max": 20}, {"min": 2, "max": 9}, {"matches": "[a-m ]{0,9}"}, {"folded": True})
            )
        case "integer" if rng.random() < 0.5:
            written |= rng.choice(({"min": 0}, {"min": -3, "max": 5}, {"max": 9}))
        case "decimal":
            written |= rng.choice(({}, {"scale": 0}, {"scale": 3}, {"scale": 1, "min": 0, "max": 99}))
        case "bytes":
            written["max"] = 9
        case "double" if rng.random() < 0.5:
            written |= {"min": 0, "max": 1}
        case "enum":
            spot.values = rng.choice((("low", "high"), ("a", "b", "c"), ("new", "very-old")))
            written = {"type": f"enum{mark}", "enum": list(spot.values)}
        case "states":
            if any(s.kind == "states" for s in kind.spots):
                return _field(rng, name, kind, targets, identity, tenant)
            spot.nullable, spot.values = False, ("open", "doing", "done")
            written = {"states": list(spot.values), "moves": {"begin": {"from": "open", "to": "doing"}}}
            if rng.random() < 0.5:
                written["moves"]["finish"] = {"from": ["open", "doing"], "to": "done"}
        case "list":
            spot.nullable = False
            spot.element = rng.choice(("string", "integer", "date", "decimal", "boolean"))
            written = (
                {"list": spot.element, "max": 4}
                if rng.random() < 0.6
                else {"list": {"type": spot.element}, "min": 1, "max": 3}
            )
            if spot.element == "enum":
                written = {"list": {"enum": ["x", "y"]}}
        case "ref" | "refs":
            # Also to itself, where the row before has to be there or null
            target = rng.choice(targets)
            spot.target = target
            inverse = f"{kind.name.lower()}s_by_{name}"
            if chosen == "refs":
                spot.nullable = False
                written = {"refs": target, "inverse": inverse, "max": 4}
            else:
                if target == kind.name:
                    spot.nullable = nullable = True
                written = {"ref": target + ("?" if nullable else ""), "inverse": inverse}
                ways = ["restrict", "cascade", *(["set_null"] if nullable else [])]
                if rng.random() < 0.6:
                    written["on_delete"] = rng.choice(ways)
                if target == identity and rng.random() < 0.6:
                    written["set"] = "caller"
                    spot.given = True
            if tenant and target not in (identity, tenant) and rng.random() < 0.7:
                written["same"] = "tenant"
        case "slug":
            source = next((s for s in kind.spots if s.kind in ("string", "text") and not s.nullable), None)
            spot.nullable = False
            written = {"type": "slug"}
            if source is None:
                spot.kind = "string"
                written = {"type": "string"}
            else:
                written["source"] = source.name
                if rng.random() < 0.7:
                    written["unique"] = True
        case "token":
            spot.nullable = False
            written = {"type": "token", "unique": True}
        case _:
            pass
    _more(rng, spot, written)
    return spot, written


def _more(rng: Random, spot: Spot, written: Tree) -> None:
    """What may be said of a field besides its type."""
    writer = Expressions(rng, {})
    simple = spot.kind not in ("states", "refs", "slug", "token", "ref", "password")
    if simple and not spot.given and rng.random() < 0.3:
        default = writer.value(spot, Words())
        if default != "null" or spot.nullable:
            match rng.randrange(4):
                case 0 if spot.kind in ("timestamp", "date"):
                    written["on_update"] = "now" if spot.kind == "timestamp" else "date(now)"
                    spot.given = True
                case 1 if spot.kind not in ("bytes", "json", "uuid", "list"):
                    written["set"] = default
                    spot.given = True
                case 2 if spot.nullable:
                    written["input"] = False
                case _ if spot.kind not in ("bytes", "json", "uuid"):
                    written["default"] = default
    if spot.kind in ("string", "integer", "email", "date") and rng.random() < 0.12:
        written["unique"] = True
    if spot.kind not in ("states", "slug", "token", "refs") and not spot.given and rng.random() < 0.06:
        written["immutable"] = True
    if spot.kind in ("string", "text", "json", "email") and rng.random() < 0.08:
        written["encrypted"] = True
    if rng.random() < 0.06 and spot.kind != "states":
        written["personal"] = True
    if rng.random() < 0.08:
        written["wire"] = rng.choice(("wireName", "class", "def", "x_y", "from"))


def _relations(kind: Kind, kinds: dict[str, Kind]) -> None:
    for spot in kind.spots:
        if spot.kind in ("ref", "refs") and "inverse" in spot.spec:
            kinds[spot.target].inverses[spot.spec["inverse"]] = kind.name
    kind.inverses = {
        n: e for n, e in kind.inverses.items() if not (n.endswith("_of") and e == kind.spec.get("tenancy"))
    }


def _rest(rng: Random, kind: Kind, writer: Expressions, identity: str) -> None:
    spec, here = kind.spec, Words(rows={"this": kind.name}, caller=identity)
    lasting = Words(rows={"this": kind.name}, time=False)
    kind.inverses = {
        spot_inverse: other.name
        for other in writer.kinds.values()
        for s in other.spots
        if s.target == kind.name and (spot_inverse := s.spec.get("inverse"))
    }
    if rng.random() < 0.5:
        computed: Tree = {"near": writer.condition(here)}
        if rng.random() < 0.5 and kind.inverses:
            name, entity = rng.choice(list(kind.inverses.items()))
            value = writer.number(f"this.{name}", entity)
            computed["how_many"] = (
                value if rng.random() < 0.6 or "sort()" in value else {"value": value, "stored": True}
            )
        spec["computed"] = computed
        kind.conditions.append("near")
    single = [
        s
        for s in kind.spots
        if s.kind in ("string", "integer", "date", "ref", "enum", "boolean") and not s.spec.get("encrypted")
    ]
    if len(single) > 1 and rng.random() < 0.3:
        spec["unique"] = [[s.name for s in rng.sample(single, 2)]]
    ordered = [s for s in single if s.kind in ("string", "integer", "date")]
    if ordered and rng.random() < 0.3:
        spec["indexes"] = [[rng.choice(ordered).name + rng.choice(("", " desc"))]]
    if rng.random() < 0.25:
        flat = Words(rows={"this": kind.name}, time=False)
        bare = Expressions(
            rng,
            {
                n: Kind(k.name, [s for s in k.spots if s.kind not in ("ref", "refs")], k.key, {})
                for n, k in writer.kinds.items()
            },
        )
        that = bare.condition(flat, 1)
        spec["checks"] = {
            "sane": {"that": that, "field": kind.spots[-1].name} if rng.random() < 0.5 else that
        }
    for key, chance in (("soft_delete", 0.2), ("version", 0.2), ("audit", 0.15), ("immutable", 0.02)):
        if rng.random() < chance and not (key == "immutable" and kind.name == identity):
            spec[key] = (
                True
                if key != "audit" or rng.random() < 0.5
                else {"read": "public", "on": ["update", "delete"]}
            )
    spec["access"] = _access(rng, kind, writer, here, identity)
    for spot in kind.spots:
        if rng.random() < 0.05 and spot.kind not in ("password", "states") and spot.name not in kind.key:
            spot.spec["read"] = writer.condition(here, 1)
        if (
            rng.random() < 0.05
            and spot.kind not in ("password", "states", "slug", "token")
            and not spot.given
            and identity
        ):
            spot.spec["write"] = writer.condition(here, 1)
        if spot.kind == "states":
            for move in spot.spec["moves"].values():
                if rng.random() < 0.3:
                    move["may"] = writer.condition(here, 1)
                if rng.random() < 0.3:
                    move["when"] = writer.condition(Words(rows={"this": kind.name}), 1)
                given = [
                    s
                    for s in kind.spots
                    if s.kind in ("integer", "string", "timestamp", "boolean") and s.name not in kind.key
                ]
                if rng.random() < 0.3 and given:
                    changed = rng.choice(given)
                    move["set"] = {changed.name: writer.value(changed, here)}
    if kind.name == identity and isinstance(spec["access"], dict):
        spec["access"]["create"] = "public"
    del lasting


def _access(rng: Random, kind: Kind, writer: Expressions, here: Words, identity: str) -> Any:
    if kind.name == identity:
        return {
            "create": "public",
            "read": rng.choice(("public", "caller != null", "this == caller")),
            "update": "this == caller",
        }
    if rng.random() < 0.25:
        return "public"

    def rule() -> str:
        match rng.randrange(6):
            case 0 | 1:
                return "public"
            case 2 | 3 if identity:
                return "caller != null"
            case _:
                return writer.condition(here)

    read = rng.choice(("public", rule(), "caller != null" if identity else "public"))
    if rng.random() < 0.5:
        return {"read": read, "write": rule()}
    access = {"read": read, "create": rule(), "update": rule(), "delete": rule()}
    if rng.random() < 0.1:
        access["check"] = rule()
    return access
