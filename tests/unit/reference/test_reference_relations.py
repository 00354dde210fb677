"""Rules over relations judge a row against what is stored before the write."""

from __future__ import annotations

from pathlib import Path

from reference_client import Client

from backwright.model.build import build
from backwright.project import Project
from backwright.spec import read

CLUBS = Path(__file__).parents[2] / "cases" / "specification" / "fine_relations"


def test_a_membership_cannot_vouch_for_itself_and_opens_the_club_afterwards() -> None:
    client = Client(build(read(Project(CLUBS))))
    ann, bob = map(client.register, ("ann", "bob"))
    club = client.made("/clubs", {"name": "Chess"}, ann)["id"]
    users = {row["email"].partition("@")[0]: str(row["id"]) for row in client.service.rows["User"]}
    assert client.send("GET", f"/clubs/{club}", token=bob).status == 404
    own = {"club": club, "user": users["ann"], "role": "owner"}
    assert client.send("PATCH", f"/clubs/{club}", {"name": "Go"}, token=ann).status == 403
    client.service.rows["Member"].append(
        {"id": client.service.rows["User"][1]["id"], "club": client.service.rows["Club"][0]["id"]}
        | {"user": client.service.rows["User"][1]["id"], "role": "guest"}
    )
    assert client.send("GET", f"/clubs/{club}", token=bob).status == 200
    assert client.send("POST", "/members", {**own, "user": users["bob"]}, token=bob).status in (403, 422)
    assert client.send("PATCH", f"/clubs/{club}", {"name": "Go"}, token=bob).status == 403
