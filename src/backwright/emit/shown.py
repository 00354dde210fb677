"""What operations show: the views of their answers, those inside these included."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.model.operations import views_of
from backwright.model.types import Model, Operation, View


def shown_views(operations: Iterable[Operation], model: Model) -> tuple[View, ...]:
    """Every view that these operations show, in the order of the specification."""
    answers = tuple(operation.respond for operation in operations)
    found = views_of(answers, {view.name: view for view in model.views})
    return tuple(view for view in model.views if view.name in found)
