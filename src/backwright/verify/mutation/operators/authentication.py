"""Who is calling: passwords, tokens and sessions."""

from __future__ import annotations

import ast

from backwright.verify.mutation.editing import in_module, in_place, keywords, without_statements
from backwright.verify.mutation.sources import Sources, called
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("authentication")


@FAMILY.operator("a password is stored as it was sent", blind=True)
def password_unhashed(sources: Sources) -> Made:
    """`await ctx.passwords.hash(x)` becomes `x`."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Await(value=ast.Call(args=[given]) as call) if called(call) == "hash":
                    text = module.source(given)
                    yield from in_place(
                        module, module.span(node), text, f"line {node.lineno}: stores `{text}`"
                    )


@FAMILY.operator("any password is right", blind=True)
def password_not_verified(sources: Sources) -> Made:
    """`x = await ctx.passwords.verified(x, …)` becomes a check that there is an account."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if called(value) == "verified":
                    text = f"assert {name} is not None"
                    yield from in_place(
                        module, module.span(node), text, f"line {node.lineno}: no verification"
                    )


@FAMILY.operator("an unknown account is answered differently from a wrong password", blind=True)
def account_enumeration(sources: Sources) -> Made:
    """The row that is to be verified has to exist first: 404."""
    for module in sources.modules("services"):
        for function in module.functions():
            if not any(module.calls("verified", within=function)):
                continue
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)], value=ast.Await() as value) if called(
                        value
                    ).startswith("find"):
                        text = f'__import__("backwright_runtime").found({module.source(value)}, "{name}")'
                        what = f"{function.name}: 404 for an unknown account"
                        yield from in_place(module, module.span(value), text, what)


@FAMILY.operator("tokens are valid a thousand times as long", blind=True)
def token_never_expires(sources: Sources) -> Made:
    """`token_seconds`."""
    for module in sources.modules("app"):
        for _, keyword in keywords(module):
            if keyword.arg == "token_seconds":
                text = f"{module.source(keyword.value)}000"
                yield from in_place(module, module.span(keyword.value), text, f"token_seconds={text}")


@FAMILY.operator("signing out does not end the session", blind=True)
def sign_out_forgotten(sources: Sources) -> Made:
    """`await ctx.sign_out(tx)`."""
    for module in sources.modules("services"):
        yield from without_statements(
            module, lambda node: isinstance(node, ast.Expr) and called(node.value) == "sign_out", "does not"
        )


@FAMILY.operator("a token is issued for someone else's row, or not at all", blind=True)
def token_of_a_new_id(sources: Sources) -> Made:
    """`ctx.issue_token(row.id)` names a fresh key."""
    for module in sources.modules("services"):
        for call in module.calls("issue_token"):
            what = f"line {call.lineno}: for another key"
            yield from in_place(module, module.span(call.args[0]), "ctx.new_id()", what)


@FAMILY.operator("the caller is the row that was first stored", blind=True)
def caller_of_another_row(sources: Sources) -> Made:
    """What looks the caller up does not ask for the token's subject."""
    for module in sources.modules("callers"):
        after = module.text.replace("    WHERE id = :id\n", "    WHERE id = (SELECT min(id) FROM {0})\n")
        if after != module.text:
            table = module.text.split("    FROM ", 1)[1].split("\n", 1)[0].strip()
            yield from in_module(module, after.replace("{0}", table), "anyone is the first one stored")


@FAMILY.operator("an operation may be called as often as one likes", blind=True)
def rate_limit_forgotten(sources: Sources) -> Made:
    """`rates=[…]` of a route."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg == "rates":
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {keyword.value.lineno}: no limit")


@FAMILY.operator("a session cookie is not asked for, only a header", blind=True)
def cookie_not_read(sources: Sources) -> Made:
    """`cookie=…` of the application."""
    for module in sources.modules("app"):
        for call, keyword in keywords(module):
            if keyword.arg == "cookie":
                yield from in_module(module, module.without_argument(call, keyword), "no cookie")


@FAMILY.operator("the header's scheme is another one than the contract's", blind=True)
def scheme_changed(sources: Sources) -> Made:
    """`scheme=…` of the application."""
    for module in sources.modules("app"):
        for call, keyword in keywords(module):
            if keyword.arg == "scheme":
                yield from in_module(module, module.without_argument(call, keyword), "the usual scheme")
