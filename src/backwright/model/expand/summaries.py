"""One sentence for each operation whose author gave none."""

from __future__ import annotations

from backwright.model.expand.draft import Draft
from backwright.model.naming import article, words


def summary(draft: Draft) -> str:
    """What an operation does, in words."""
    node = draft.node
    if node.summary is not None:
        return node.summary.value
    if draft.entity is None or node.verb is None:
        return f"{node.name.value.replace('_', ' ').capitalize()}."
    noun = words(draft.entity.name)
    match node.verb.value:
        case "list":
            return f"The {words(draft.entity.plural)} that the caller may read, a page at a time."
        case "create":
            return f"Create {article(noun)}."
        case "read":
            return f"Get one {noun}."
        case "update" if node.replace is not None and node.replace.value:
            return f"Replace {article(noun)}; absent members get their defaults."
        case "update":
            return f"Change {article(noun)}; absent members stay as they are."
        case "delete":
            return f"Delete {article(noun)}."
        case _:
            move = "" if node.target is None else node.target.value.partition(".")[2].replace("_", " ")
            return f"{move.capitalize()} {article(noun)}."
