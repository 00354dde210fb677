"""What an operation is run with: the caller, the instant, the database."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from backwright_runtime.cipher import Cipher
from backwright_runtime.database.interface import Data, Queries
from backwright_runtime.errors import PreconditionFailed, Unauthenticated
from backwright_runtime.logic import Runner
from backwright_runtime.passwords import Passwords
from backwright_runtime.seam import Moment
from backwright_runtime.sessions import REVOKE, Sessions
from backwright_runtime.settings import RuntimeSettings
from backwright_runtime.tokens import Session

Caller = TypeVar("Caller")
S = TypeVar("S", bound=RuntimeSettings)


class Services(Protocol):
    """What all requests of an application share."""

    passwords: Passwords
    cipher: Cipher
    sessions: Sessions
    logic: Runner
    settings: RuntimeSettings


class RequestContext(Generic[Caller]):
    """One request, as services see it. `caller` is None when nobody is signed in.

    `versions` are those that `If-Match` allows; None is any.
    """

    __slots__ = (
        "_moment", "_sessions", "_settings", "caller", "cipher", "db", "issued", "logic", "now", "passwords",
        "request_id", "session", "signed_out", "versions",
    )  # fmt: skip

    def __init__(
        self,
        services: Services,
        *,
        db: Data,
        moment: Moment,
        request_id: str,
        caller: Caller | None,
        session: Session | None,
        versions: frozenset[int] | None,
    ) -> None:
        self.db = db
        self.now: datetime = moment.now
        self.request_id = request_id
        self.caller = caller
        self.session = session
        self.versions = versions
        self.passwords = services.passwords
        self.cipher = services.cipher
        self.logic: Runner = services.logic
        self.issued: Session | None = None
        self.signed_out = False
        self._moment = moment
        self._sessions = services.sessions
        self._settings = services.settings

    def signed_in(self) -> Caller:
        """The caller. Raises Unauthenticated when nobody is signed in."""
        if self.caller is None:
            raise Unauthenticated
        return self.caller

    def settings(self, kind: type[S]) -> S:
        """The service's own settings. Raises TypeError where the application runs with others."""
        if not isinstance(self._settings, kind):
            raise TypeError(f"the application runs without {kind.__name__}")
        return self._settings

    # What is made up ---------------------------------------------------------------------------------

    def new_id(self) -> UUID:
        """A new key."""
        return self._moment.new_id()

    def new_token(self) -> str:
        """32 characters that nobody can guess."""
        return self._moment.new_token()

    def new_suffix(self) -> str:
        """Eight hexadecimal digits, for a slug that is taken."""
        return self._moment.new_suffix()

    # The database ------------------------------------------------------------------------------------

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing: commits at the end of the block, rolls back when it raises.

        `serializable`: what it reads cannot change before it commits. The application runs the operation
        again where another one came first.
        """
        return self.db.transaction(serializable=serializable)

    def snapshot(self) -> AbstractAsyncContextManager[Queries]:
        """Several reads of one state of the database."""
        return self.db.snapshot()

    def must_match(self, version: int) -> None:
        """Raises PreconditionFailed unless the request allows this version of the row (`If-Match`)."""
        if self.versions is not None and version not in self.versions:
            raise PreconditionFailed

    # Sessions ----------------------------------------------------------------------------------------

    def presented(self) -> Session:
        """The session that the caller came with. Raises Unauthenticated when nobody is signed in."""
        if self.session is None:
            raise Unauthenticated
        return self.session

    @property
    def session_token(self) -> str | None:
        """The token that the caller came with."""
        return None if self.session is None else self.session.token

    @property
    def session_expires_at(self) -> datetime | None:
        """Until when that token is valid."""
        return None if self.session is None else self.session.expires_at

    @property
    def csrf_token(self) -> str | None:
        """What proves, in a form of the answer, that it is ours."""
        session = self.issued or self.session
        return None if session is None else session.csrf

    def issue_token(self, subject: UUID | int | str) -> str:
        """An access token for the identity row with this key; in cookie sessions the answer sets the cookies."""
        self.issued = self._sessions.issue(subject, self.now)
        return self.issued.token

    async def sign_out(self, tx: Queries) -> None:
        """From the commit on, the token that the caller came with is worth nothing.

        Raises Unauthenticated where it is worth nothing already: another request ended the same session meanwhile.
        """
        if not self._sessions.revocation:
            raise RuntimeError("a service that signs out says so: Application(revocation=True)")
        if self.session is not None:
            expires = self.session.expires_at
            if await tx.execute(REVOKE, token_id=self.session.token_id, expires_at=expires) == 0:
                raise Unauthenticated
            self.signed_out = True

    def session_cookies(self) -> tuple[str, ...]:
        """The Set-Cookie headers with which this request begins or ends a session."""
        if self.issued is not None:
            return self._sessions.begun(self.issued)
        return self._sessions.ended() if self.signed_out else ()
