"""What no statement can hold is refused at its place; every example is emitted whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.emit.refusals import not_emitted
from backwright.model.build import build
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError

EXAMPLES = Path(__file__).parents[3] / "examples"
SECRETS = """
service: {name: vault, version: 1.0.0}
auth: {identity: Keeper, by: login, flows: [login]}
entities:
  Keeper:
    fields: {login: {type: string, unique: true}, password: password}
    access: {read: this == caller}
  Secret:
    fields:
      text: {type: string, encrypted: true}
      keeper: {ref: Keeper, set: caller}
    access: this.keeper == caller
operations:
  search:
    route: GET /secrets
    list: Secret
    filters: {from: this.text >= params.from}
    order: id
"""


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_example_is_emitted_whole(name: str):
    assert not_emitted(build(read(Project(EXAMPLES / name)))) == []


def test_an_order_of_encrypted_values_is_refused_where_it_is_asked_for(tmp_path: Path):
    (tmp_path / "backwright.yaml").write_text(SECRETS)
    with pytest.raises(SpecificationError) as refused:
        build(read(Project(tmp_path)))
    places = {(problem.code, problem.place.file, problem.place.line) for problem in refused.value.diagnostics}
    assert places == {("BW318", "backwright.yaml", 17)}
    assert "no order" in str(refused.value)
