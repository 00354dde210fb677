"""Services whose rules reach over relations: `workspace()` and `chain()`.

They are written as specifications, because the point of such rules is how little one has to write.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read

WORKSPACE = """\
service: {name: workspace, version: 1.0.0}
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields:
      email: {type: email, unique: true}
      password: password
    access: {create: public, read: caller != null}
  Org:
    fields:
      name: {type: string, min: 1, max: 80}
      owner: {ref: User, set: caller}
    computed:
      is_member: this.owner == caller || this.members.exists(m, m.user == caller)
      is_admin: "this.owner == caller || this.members.exists(m, m.user == caller && m.role in ['admin'])"
    access:
      create: this.owner == caller
      read: this.is_member
      update: this.is_admin
      delete: this.owner == caller
    crud: {path: /orgs, order: name}
  Member:
    fields:
      org: {ref: Org}
      user: {ref: User}
      role: {enum: [guest, member, admin], default: member}
    indexes: [{on: [org, user], unique: true}]
    access:
      create: this.org.is_admin
      read: this.org.is_member
      update: "this.org.is_admin && this.user != caller"
      delete: this.user == caller || this.org.is_admin
    crud: {path: /members, filters: {org: this.org == params.org}, order: role}
  Project:
    fields:
      title: {type: string, min: 1, max: 100}
      org: {ref: Org}
      lead: {ref: "User?"}
      archived: {type: boolean, default: false}
    access:
      read: this.org.is_member
      create: this.org.is_admin
      update: this.org.is_admin || this.lead == caller
      delete: this.org.owner == caller && size(this.tasks) == 0
    crud:
      path: /projects
      order: title
      filters:
        busy: (size(this.tasks.filter(t, !t.done)) > 0) == params.archived
        led_by: this.org.members.exists(m, m.user == params.lead && m.role == 'admin')
  Task:
    fields:
      title: {type: string, min: 1, max: 100}
      project: {ref: Project}
      done: {type: boolean, default: false}
      blocked_by: {ref: "Task?"}
      author: {ref: User, set: caller}
    access:
      read: this.project.org.is_member
      create: "!this.project.archived && this.project.org.members.exists(m, m.user == caller && m.role != 'guest')"
      update: "this.author == caller || this.project.org.is_admin"
      delete: this.project.org.owner == caller || this.blocked_by.author == caller
    crud:
      path: /tasks
      order: title
      filters: {done: this.done == params.done, project: this.project == params.project}
"""

CHAIN = """\
service: {name: chain, version: 1.0.0}
auth: {identity: Person, by: email, flows: [register, login]}
entities:
  Person:
    fields:
      email: {type: email, unique: true}
      password: password
      team: {ref: "Team?"}
    access: {create: public, read: public, update: this == caller}
    crud: {path: /people, only: [get, update]}
  Team:
    fields:
      name: string
      head: {ref: Person, set: caller, inverse: headed}
      parent: {ref: "Team?", inverse: parts}
    access:
      read: public
      create: this.head == caller && (this.parent == null || this.parent.head == caller)
      update: this.head == caller || this.parent.head == caller || this.parent.parent.head == caller
      delete: this.head == caller && this.parts.all(p, p.head == caller)
    crud: {path: /teams, order: name}
  Follow:
    fields:
      follower: {ref: Person, set: caller, inverse: follows}
      followed: {ref: Person, inverse: followers}
    indexes: [{on: [follower, followed], unique: true}]
    access:
      read: this.follower == caller || this.followed == caller
      create: this.follower == caller && this.followed != caller
      delete: this.follower == caller
    crud: {path: /follows, only: [list, create, delete]}
  Post:
    fields:
      text: {type: string, max: 200}
      author: {ref: Person, set: caller}
      audience: {enum: [everyone, followers, team], default: everyone}
      pinned: {type: boolean, default: false}
      at: {type: timestamp, set: now}
    computed:
      for_team: this.audience == 'team' && this.author.team != null && this.author.team == caller.team
      for_followers: this.audience == 'followers' && this.author.followers.exists(f, f.follower == caller)
    access:
      read: this.audience == 'everyone' || this.author == caller || this.for_followers || this.for_team
      create: this.author == caller
      update: this.author == caller && !this.author.followers.exists(f, f.follower.team == null)
      delete: this.author == caller || this.author.team.head == caller
    crud:
      path: /posts
      order: at desc
      filters: {popular: (size(this.author.followers) > 1) == params.pinned}
"""


def workspace() -> Model:
    """Organisations with members in roles, their projects, and the projects' tasks."""
    return specified(WORKSPACE)


def chain() -> Model:
    """People in nested teams, who follow each other: references to oneself, nullable ones, two to one entity."""
    return specified(CHAIN)


def specified(text: str) -> Model:
    """The model of a specification in one file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "backwright.yaml").write_text(text, encoding="utf-8")
        return build(read(Project(Path(folder))))
