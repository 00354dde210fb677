"""Pages of HTML: the template of an answer, and the names that it uses."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import Environment, TemplateError, meta, nodes

from backwright.model.expand.codes import TEMPLATE
from backwright.model.expand.draft import Draft
from backwright.model.types import ShapeMember, ShowHtml
from backwright.spec.nodes import At

ALWAYS = frozenset({"csrf_token"})
_OTHER_FILES = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def template(
    draft: Draft, written: At[str], context: tuple[ShapeMember, ...], names: Iterable[str]
) -> ShowHtml | None:
    """The page that a template makes of the values of `with`; None where there is no such template.

    `names` are all that `with` gives, even those whose value is wrong.
    """
    templates = draft.building.document.templates
    source = templates.get(written.value)
    if source is None:
        message = f"there is no template `{written.value}`"
        draft.refuse(TEMPLATE, written.place, message, "add the file to the project, or correct its path")
        return None
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateError as error:
        message = f"`{written.value}` cannot be read: {error.message}"
        draft.refuse(TEMPLATE, written.place, message, "write it in the syntax of Jinja")
        return None
    given = set(names)
    unknown = sorted(meta.find_undeclared_variables(tree) - given - ALWAYS - {"range"})
    if unknown:
        message = f"`{written.value}` names {', '.join(unknown)}, which the answer does not give"
        draft.refuse(TEMPLATE, written.place, message, f"add `with: {{{unknown[0]}: …}}`")
    if any(True for _ in tree.find_all(_OTHER_FILES)):
        message = f"`{written.value}` includes another file"
        draft.refuse(TEMPLATE, written.place, message, "write the whole page in one template")
    if (
        any(each.name == "safe" for each in tree.find_all(nodes.Filter))
        or any(True for _ in tree.find_all(nodes.MarkSafe))
        or any(True for _ in tree.find_all(nodes.ScopedEvalContextModifier))
    ):
        message = f"`{written.value}` goes past the escaping with `safe` or `autoescape`"
        draft.refuse(TEMPLATE, written.place, message, "remove it: what rows hold is escaped")
    return ShowHtml(template=written.value, source=source, context=context)
