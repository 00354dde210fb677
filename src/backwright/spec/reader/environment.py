"""Settings of the environment, and partners."""

from __future__ import annotations

from backwright.spec.nodes import IntegrationNode, SettingNode
from backwright.spec.raw import Raw, Scalar, Table
from backwright.spec.reader.raws import flag, text, whole, word


def read_setting(name: Scalar, raw: Raw) -> SettingNode:
    """A setting by its name, and its type or its table."""
    if isinstance(raw, Scalar):
        return SettingNode(place=name.place, name=word(name), type=word(raw))
    assert isinstance(raw, Table), "the grammar takes a word or a table"
    return SettingNode(
        place=name.place,
        name=word(name),
        type=text(raw, "type"),
        description=text(raw, "description"),
        default=text(raw, "default"),
        secret=flag(raw, "secret"),
    )


def read_integration(name: Scalar, table: Table) -> IntegrationNode:
    """A partner by its name and its table."""
    return IntegrationNode(
        place=name.place,
        name=word(name),
        description=text(table, "description"),
        header=text(table, "header"),
        seconds=whole(table, "seconds"),
        attempts=whole(table, "attempts"),
        private=flag(table, "private"),
    )
