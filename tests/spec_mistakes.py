"""Every mistake that a specification can have, by the code that says it, for `test_spec_mistakes.py`.

A `«` stands before the place that the diagnostic names; it is taken out before the text is read.
"""

from __future__ import annotations

import msgspec

HEAD = """\
service: {name: mistakes, version: 1.0.0}
auth: {identity: User, by: email, flows: [login]}
entities:
  User:
    fields:
      email: {type: email, unique: true}
      password: password
      role: {enum: [reader, writer], default: reader, input: false}
    access: {create: public, read: this == caller}
"""
ENTITY = """\
  Fine:
    fields:
      title: {type: string, max: 80}
      status: {enum: [open, done], default: open}
      count: {type: integer, default: 0}
      due: date?
      sure: boolean?
      owner: {ref: User, set: caller, inverse: fine}
    access: this.owner == caller
    crud: {path: /fine, only: [list, get], order: title}
"""
FIELD = "      owner:"
ACCESS = "    access: this.owner == caller\n"
CRUD = "    crud: {path: /fine, only: [list, get], order: title}\n"


class Mistake(msgspec.Struct, frozen=True):
    """What an entity that is otherwise fine says instead of something else."""

    wrong: str
    instead: str = ACCESS
    crud: str = CRUD

    def named(self, name: str) -> str:
        """The entity with the mistake, under a name of its own."""
        assert self.instead in ENTITY
        text = ENTITY.replace(self.instead, self.wrong)
        if self.instead != CRUD:
            text = text.replace(CRUD, self.crud)
        return text.replace("Fine", name).replace("fine", name.lower())


def field(line: str) -> Mistake:
    """A field beside the others."""
    return Mistake(f"      {line}\n{FIELD}", FIELD)


def rule(expression: str) -> Mistake:
    """An access rule."""
    return Mistake(f"    access: {expression}\n")


def crud(inside: str) -> Mistake:
    """What `crud` says instead."""
    return Mistake(f"    crud: {inside}\n", CRUD)


def filtered(condition: str) -> Mistake:
    """A filter of the list."""
    return crud(f"{{path: /fine, filters: {{found: {condition}}}}}")


def beside(line: str) -> Mistake:
    """A line of the entity beside the others."""
    return Mistake(f"{ACCESS}    {line}\n")


def whole(lines: str, name: str = "  Fine:\n") -> Mistake:
    """An entity of its own."""
    return Mistake(name + lines, ENTITY)


MEANT: dict[str, Mistake] = {
    "BW301": field("friend: {ref: «Usr}"),
    "BW302": crud("{path: /fine, order: «craeted_at}"),
    "BW303": crud("{path: /fine, order: [title, «title]}"),
    "BW304": crud("«{path: /auth/login, only: [create]}"),
    "BW305": crud("{path: «fine}"),
    "BW306": field("age: {type: integer, min: 10, max: «1}"),
    "BW307": field("«friend: {ref: User, type: string}"),
    "BW308": field("level: {enum: [low, «low]}"),
    "BW309": field("«class: string"),
    "BW310": Mistake("      owner_id: uuid\n      «owner:", FIELD),
    "BW312": field("code: {type: integer, default: 1, set: «2}"),
    "BW313": field("name: {type: string, was: «title}"),
    "BW314": filtered("«this.status == 'open'"),
    "BW315": whole(
        "    fields: {made: {type: timestamp, set: now}}\n    access: public\n    crud: «{path: /fine}\n"
    ),
    "BW316": whole("    fields: {secret: password}\n    access: «this.secret == 'x'\n"),
    "BW317": filtered("«params.odd == params.even"),
    "BW318": field("secret: {type: string, encrypted: true, write: «this.secret == 'x'}"),
    "BW319": field("friend: {ref: User, inverse: «email}"),
    "BW320": beside("computed: {ready: «this.ready}"),
    "BW321": field("size: {type: integer, max: 100, default: «500}"),
    "BW323": field("«friend: {ref: User, on_delete: set_null, inverse: friends}"),
    "BW401": rule("(" * 32 + "«" + "(" * 28 + "true" + ")" * 60),
    "BW402": rule("this.owner «= caller"),
    "BW403": rule("«owner == caller"),
    "BW404": rule("this.«ownr == caller"),
    "BW405": filtered("this.title == body.«title"),
    "BW406": rule("«this.title == 3"),
    "BW407": rule("«this.title == null"),
    "BW408": rule("«this.title"),
    "BW409": rule("this.status == «'opne'"),
    "BW410": rule("«this.sure"),
    "BW411": rule("this.count < «9223372036854775808"),
    "BW501": whole("    fields: {title: string}\n", "  «Fine:\n"),
    "BW502": Mistake("    access: {read: public}\n", crud="    crud: «{path: /fine}\n"),
}
"""What is wrong with the meaning of an entity."""

SHAPED: dict[str, Mistake] = {
    "BW106": rule("«this.title == 'a #1'"),
    "BW122": rule(">-\n      this.title == 'http://a' «// why\n      && this.owner == caller"),
    "BW107": Mistake("    access: {read: «size(this.title, 1) == 3}\n"),
    "BW201": field("friend: {«reff: User}"),
    "BW202": crud("«soon"),
    "BW203": crud("«{order: title}"),
    "BW205": field("friend: «strng"),
}
"""What is wrong with the shape of an entity or its values: the meaning of such a file is not looked at."""

WRITTEN: dict[str, Mistake] = {
    "BW103": rule("«&mine this.owner == caller"),
    "BW104": rule("«!this.sure"),
    "BW105": beside("«access: public"),
    "BW113": beside("? «[a, b]\n    : c"),
}
"""What is wrong with an entity as YAML, where the rest of the file can be read."""

FILES: dict[str, dict[str, str]] = {
    "BW101": {"backwright.yaml": "«\udcff"},
    "BW102": {"backwright.yaml": "service: {name: shop\nentities«: {}"},
    "BW123": {"backwright.yaml": f"{HEAD}operations: {{one: {{route: GET /users/«{{id}}, read: User}}}}\n"},
    "BW108": {"backwright.yaml": "service: " + "[" * 23 + "«[["},
    "BW109": {"backwright.yaml": f"{HEAD}include: [«spec/usres.yaml]\n"},
    "BW110": {"backwright.yaml": f"{HEAD}include: [«backwright.yaml]\n"},
    "BW111": {
        "backwright.yaml": f"{HEAD}include: [spec/more.yaml]\n",
        "spec/more.yaml": "entities: {User: {fields: {«email: string}}}\n",
    },
    "BW112": {"backwright.yaml": f"{HEAD}«---\nentities: {{}}\n"},
    "BW311": {
        "backwright.yaml": HEAD.replace("{type: email, unique: true}", "string").replace(
            "email: s", "«email: s"
        )
    },
    "BW413": {"backwright.yaml": HEAD.replace("auth:", "#").replace("== caller", "== «caller")},
    "BW503": {"backwright.yaml": HEAD.replace("[login]", "[register]").replace("public", "«none")},
}
"""What is wrong with a file or a project as a whole."""
