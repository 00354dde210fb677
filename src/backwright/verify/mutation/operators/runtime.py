"""The runtime, where a project carries it: what every request passes through.

These know its text, which is the same in every project. A change of the runtime that takes a place away is noticed by
the tests of the tool, not passed over.
"""

from __future__ import annotations

import re

from msgspec import Struct

from backwright.verify.mutation.editing import in_module, in_place
from backwright.verify.mutation.sources import Sources
from backwright.verify.mutation.types import Family, Made, Make

FAMILY = Family("runtime")


class Place(Struct, frozen=True):
    """A text of one module of the runtime, and what a careless change makes of it.

    `needs` is a pattern of what a package that uses the place says somewhere: in others it means nothing.
    `everywhere`: the text is there several times, and all of them are changed.
    """

    name: str
    about: str
    module: str
    before: str
    after: str
    needs: str = ""
    everywhere: bool = False


PLACES = (
    Place(
        "expired-token-accepted", "a token is accepted after its time is over", "tokens",
        "return known if now < known.expires_at else None", "return known",
        needs=r"token_seconds=",
    ),
    Place(
        "token-of-another-service", "a token that another service issued is accepted", "tokens",
        'if claims.get("iss") != self._issuer:', "if False:",
        needs=r"token_seconds=",
    ),
    Place(
        "any-password-in-the-runtime", "the answer of the password hasher is not looked at", "passwords",
        "user is None or hashed is None or matches is None", "user is None or hashed is None",
        needs=r"passwords\.verified",
    ),
    Place(
        "revocation-not-asked", "a session that was ended is accepted", "sessions",
        "if self.revocation and await", "if not self.revocation and await",
        needs=r"revocation=True",
    ),
    Place(
        "cookie-without-proof", "a write with a cookie does not prove where it comes from", "sessions",
        "if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):",
        "if False:",
        needs=r"cookie=",
    ),
    Place(
        "scheme-not-asked", "any word before a token will do", "sessions",
        'rf"{re.escape(scheme)} +(\\S+)"', 'r"\\S+ +(\\S+)"',
        needs=r"scheme=",
    ),
    Place(
        "cookie-readable-by-scripts", "the session's cookie can be read by scripts", "sessions",
        'f"{self.cookie}={session.token}{common}; HttpOnly; Secure; SameSite=Lax"',
        'f"{self.cookie}={session.token}{common}; Secure; SameSite=Lax"',
        needs=r"cookie=",
    ),
    Place(
        "rate-off-by-one", "one request more than the limit goes through", "limits",
        "if count > rate.count:", "if count > rate.count + 1:",
        needs=r"rates=",
    ),
    Place(
        "rate-without-retry-after", "a refusal for the rate does not say how long to wait", "limits",
        'raise TooManyRequests(headers=(("retry-after", str(wait)),))', "raise TooManyRequests",
        needs=r"rates=",
    ),
    Place(
        "idempotency-key-for-another-request", "a key that was used for another request gives its answer",
        "idempotency", "if bytes(kept.fingerprint) != key.fingerprint:", "if False:",
        needs=r"idempotent=",
    ),
    Place(
        "replay-not-kept", "a request that is sent twice with one key is carried out twice", "application",
        "if answer is not None:\n                return answer",
        "if answer is not None and False:\n                return answer",
        needs=r"idempotent=",
    ),
    Place(
        "cursor-of-another-list", "a cursor is accepted for another list or other filters", "paging",
        "if found != digest or", "if",
        needs=r"Keyset\(",
    ),
    Place(
        "next-page-always", "the last page says that there is a next one", "paging",
        "if len(rows) <= query.limit:", "if len(rows) < query.limit:",
        needs=r"Keyset\(",
    ),
    Place(
        "if-match-anything", "an If-Match of no version allows every version", "requests",
        "return frozenset(map(int, ENTITY_TAGS.findall(given)))",
        "return frozenset(map(int, ENTITY_TAGS.findall(given))) or None",
        needs=r"if_match=",
    ),
    Place(
        "if-match-not-demanded", "a version that has to be named may be left out", "requests",
        "raise PreconditionRequired", "return None",
        needs='if_match="required"',
    ),
    Place(
        "unchanged-not-said", "If-None-Match is not looked at", "application",
        "if _is_unchanged(answer, asked):", "if False:",
        needs=r'\bversion=(?!")',
    ),
    Place(
        "body-of-any-type", "a body is read whatever it says it is", "requests",
        "raise UnsupportedMediaType\n", "return\n",
    ),
    Place(
        "body-of-any-size", "a body may be as large as it likes", "requests",
        "raise PayloadTooLarge\n", "pass\n",
        everywhere=True,
    ),
    Place(
        "declared-size-not-looked-at", "a body that says that it is too large is waited for", "requests",
        "raise PayloadTooLarge\n", "pass\n",
    ),
    Place(
        "null-not-refused", "null is stored where a value is required", "inputs",
        'raise Refused("null")\n            into', "pass\n            into",
    ),
    Place(
        "only-the-first-error", "of several wrong members only the first is named", "inputs",
        "raise Invalid(*errors)", "raise Invalid(errors[0])",
    ),
    Place(
        "repeated-parameter", "of a parameter that comes twice one is taken", "inputs",
        'raise Refused("repeated")', "found.values[member.name] = read(texts[0], member.wire, found.errors)",
    ),
    Place(
        "access-not-asked", "who may call an operation at all is not asked", "application",
        "if route.access is not None:", "if False:",
        needs=r"access=",
    ),
    Place(
        "request-id-lost", "an answer does not carry the request's id", "application",
        'headers = [(b"x-request-id", request_id.encode()), *ALWAYS]', "headers = [*ALWAYS]",
    ),
    Place(
        "security-headers-lost", "the headers that protect browsers are missing", "application",
        "headers += [header for name, header in UNLESS_REPLACED.items() if name not in told]", "pass",
    ),
    Place(
        "challenge-lost", "a 401 does not say how to sign in", "application",
        'headers["www-authenticate"] = self.sessions.scheme', "pass",
        needs=r"token_seconds=",
    ),
    Place(
        "missing-row-is-a-defect", "what is not there is an internal error", "errors",
        "NotFound(otherwise)\n    return row", "Internal()\n    return row",
    ),
    Place(
        "timestamp-without-zone", "a timestamp is printed without its zone", "texts",
        'return text if value.microsecond else f"{text[:-1]}.000000Z"',
        'return text[:-1] if value.microsecond else f"{text[:-1]}.000000"',
        needs=r"timestamp\(",
    ),
    Place(
        "timestamp-in-seconds", "a timestamp is printed without its fraction", "texts",
        'return text if value.microsecond else f"{text[:-1]}.000000Z"', 'return f"{text[:19]}Z"',
        needs=r"timestamp\(",
    ),
    Place(
        "half-to-even", "a decimal is rounded half to even", "texts",
        "rounding=ROUND_HALF_UP, context=EXACT)\n    return f",
        "rounding=__import__('decimal').ROUND_HALF_EVEN, context=EXACT)\n    return f",
        needs=r"decimal_text",
    ),
    Place(
        "slug-of-upper-case", "the words of an address keep their case", "texts",
        '"[^a-z0-9]+", "-", plain.lower()', '"[^a-zA-Z0-9]+", "-", plain',
        needs=r"\bslug\(",
    ),
    Place(
        "transaction-kept-after-failure", "what a failed transaction did is kept", "database/sqlite",
        'writer.execute("ROLLBACK")', 'writer.execute("COMMIT")',
    ),
    Place(
        "references-not-held", "the database is not asked to hold references", "database/sqlite",
        '"PRAGMA foreign_keys = ON"', '"PRAGMA foreign_keys = OFF"',
    ),
)  # fmt: skip


def _make(place: Place) -> Make:
    def make(sources: Sources) -> Made:
        if not any(re.search(place.needs, module.text) for module in sources.modules()):
            return
        for module in sources.runtime(place.module):
            at = module.text.find(place.before)
            if at >= 0 and place.everywhere:
                yield from in_module(module, module.text.replace(place.before, place.after), place.about)
            elif at >= 0:
                yield from in_place(module, (at, at + len(place.before)), place.after, place.about)

    make.__name__ = place.name
    return make


for _place in PLACES:
    FAMILY.operator(_place.about)(_make(_place))
