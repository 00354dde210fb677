"""What `upgrade` calls and names in its own module, put where it stands: helpers, texts, tables and statements."""

from __future__ import annotations

import ast
import copy

from backwright.review.migrations.core import named_tables


def inlined(tree: ast.Module, body: list[ast.stmt]) -> list[ast.stmt]:
    """The body with the module's helpers in place of their calls, each once, and its texts in place of their names."""
    inliner = _Inliner(tree)
    return [each for node in body for each in inliner.replaced(node)]


class _Inliner(ast.NodeTransformer):
    def __init__(self, tree: ast.Module) -> None:
        # A helper is taken out when it is used, so helpers that call each other end.
        self.helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.texts = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and not isinstance(node.value, ast.Name)
        }
        self.tables = dict(named_tables(tree))

    def replaced(self, node: ast.stmt) -> list[ast.stmt]:
        found = self.visit(node)
        return found if isinstance(found, list) else [found]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        match node.value:
            case ast.Call(func=ast.Name(id=name)) if name in self.helpers:
                helper = self.helpers.pop(name)
                return [each for inner in helper.body for each in self.replaced(inner)]
            case _:
                self.generic_visit(node)
                return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.texts.get(node.id)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value
        if not isinstance(node.ctx, ast.Load) or (table := self.tables.pop(node.id, None)) is None:
            return node
        found: ast.expr = self.visit(copy.deepcopy(table))  # without its own name, which may be in it
        self.tables[node.id] = table
        return found
