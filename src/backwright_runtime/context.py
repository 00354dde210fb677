"""What an operation is run with: the caller, the instant, the database."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from backwright_runtime.database.interface import Database, Queries
from backwright_runtime.errors import Unauthenticated
from backwright_runtime.passwords import Passwords
from backwright_runtime.seam import Moment
from backwright_runtime.tokens import Tokens

Caller = TypeVar("Caller")


class RequestContext(Generic[Caller]):
    """One request, as services see it. `caller` is None when nobody is signed in."""

    __slots__ = ("_moment", "_tokens", "caller", "db", "now", "passwords", "request_id")

    def __init__(
        self,
        *,
        db: Database,
        moment: Moment,
        request_id: str,
        caller: Caller | None,
        passwords: Passwords,
        tokens: Tokens,
    ) -> None:
        self.db = db
        self.now: datetime = moment.now
        self.request_id = request_id
        self.caller = caller
        self.passwords = passwords
        self._moment = moment
        self._tokens = tokens

    def signed_in(self) -> Caller:
        """The caller. Raises Unauthenticated when nobody is signed in."""
        if self.caller is None:
            raise Unauthenticated
        return self.caller

    def new_id(self) -> UUID:
        """A new key."""
        return self._moment.new_id()

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing: commits at the end of the block, rolls back when it raises.

        `serializable`: what it reads cannot change before it commits. The application runs the operation
        again where another one came first.
        """
        return self.db.transaction(serializable=serializable)

    def issue_token(self, subject: UUID) -> str:
        """An access token for the identity row with this key."""
        return self._tokens.issue(subject, self.now)
