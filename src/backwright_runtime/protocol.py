"""HTTP/1.1 as uvicorn speaks it, which by itself waits for the head of a request for ever, however long it gets."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line with its headers."""
HEAD_SECONDS = 10.0
"""How long a client may take to send them."""
TOO_LARGE = (431, "Request Header Fields Too Large", "The head of the request is too large.")
TOO_SLOW = (408, "Request Timeout", "The head of the request took too long.")


class PatientProtocol(HttpToolsProtocol):
    """Ends a connection whose client sends the head of a request too slowly, or without end."""

    _head: int | None = 0
    """Bytes of the head that have come; None while a body comes."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came: usually whole requests, and then this costs two comparisons."""
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is None or self.transport.is_closing():
            return
        if self._head > LARGEST_HEAD:
            self._refuse(TOO_LARGE)
        elif self._head and self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, TOO_SLOW)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._stop()
        size = len(self.url) + sum(len(name) + len(text) for name, text in self.headers)
        if size > LARGEST_HEAD:
            raise ValueError("too large a head")  # the parser stops, and data_received refuses it
        self._head = None
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser stopped: the head is too large, or it is none."""
        if self._head is not None and self._head > LARGEST_HEAD:
            self._refuse(TOO_LARGE)
        else:
            super().send_400_response(msg)

    def on_message_complete(self) -> None:
        """The request is there; what comes next is another head."""
        super().on_message_complete()
        self._head = 0

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, answer: tuple[int, str, str]) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the answers before it are given, and then it is over
            self.flow.pause_reading()
        else:
            status, reason, words = answer
            self.transport.write(
                f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(words)}\r\nconnection: close\r\n\r\n{words}".encode()
            )
            self.transport.close()
