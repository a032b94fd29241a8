"""The app on a port: in this process until it is told to stop, or in a thread beside."""

from __future__ import annotations

import gc
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

import uvicorn
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.server.answering import refusal
from cvocr_lab.wire import ENDPOINTS

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

    from starlette.types import ASGIApp

_LOG: Final = logging.getLogger("cvocr_lab.server")
_HEAD_S: Final = 30.0
"""Seconds in which a connection must have sent the head of a request, once it is open or began."""

_TAKE_S: Final = 60.0
"""Seconds in which a client must have taken a large answer."""

_HEAD_BYTES: Final = 2**16
_HEAD_LINES: Final = 200
_UPGRADE: Final = re.compile(rb"\nupgrade[ \t]*:", re.I)
_START_S: Final = 30.0
_BACKLOG: Final = 512


class _Protocol(HttpToolsProtocol):
    """HTTP for programs that are not careful, and against those that are slow on purpose."""

    _waiting: asyncio.TimerHandle | None = None
    _held: asyncio.TimerHandle | None = None
    _head = b""
    """What came of a head whose end has not."""

    _part: Literal["", "head", "body"] = ""
    """What of a request the parser is in; "" between two."""

    _dumb = 0
    """Bytes since the parser told of any content: of lines that do not end it says nothing."""

    _lines = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.access_log = False  # its lines hold links, and links may hold names
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if not self._part:
            self._wait_for_head()
            data = self._head + data
            whole = b"\r\n\r\n" in data
            self._head = b"" if whole else data
            if not whole and len(data) <= _HEAD_BYTES:
                return
            data = _plain_head(data)
        self._dumb += len(data)
        super().data_received(data)
        if self._part == "head":  # of a request that was sent before the last one was answered
            self._wait_for_head()
        if self._part and self._dumb > _HEAD_BYTES:
            self.send_400_response("the head of the request is too large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._part, self._lines = "head", 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines += 1
        if self._lines > _HEAD_LINES:
            raise ValueError("too many lines")  # the parser makes a 400 of it
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._part, self._dumb = "body", 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._dumb = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._part, self._dumb = "", 0
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # What was answered may not be taken: closing waits for it.
        self._held = self._held or self.loop.call_later(_TAKE_S, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._held = self.loop.call_later(_TAKE_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_holding()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_holding()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(_HEAD_S, self._give_up)

    def _give_up(self) -> None:
        self._waiting = None
        if self._answers():
            self._wait_for_head()
        else:
            self.transport.close()

    def _answers(self) -> bool:
        """Whether an answer is under way."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _stop_holding(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None

    def send_400_response(self, msg: str) -> None:
        if self._answers():
            self.transport.abort()  # nothing may stand in the middle of an answer
            return
        given = refusal(HTTPException(400, msg), ENDPOINTS[0])
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            f"content-length: {len(given.body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + given.body)
        self.transport.close()


def _plain_head(data: bytes) -> bytes:
    """Bring a head, and what follows, into a form that the parser takes as it is meant.

    What the first line has beside ASCII is escaped: curl sends links as they are written.  Offers
    of another protocol, which Java's client makes, are renamed: the parser would leave the body.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    line, feed, fields = head.partition(b"\n")
    if not line.isascii():
        line = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in line).encode()
    return line + feed + _UPGRADE.sub(b"\nx-upgrade:", b"\n" + fields)[1:] + end + rest


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            _LOG.info("stopping when what is under way is answered; a second Ctrl-C stops at once")
        super().handle_exit(sig, frame)


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8080, grace_s: float = 30) -> None:
    """Answer until SIGINT or SIGTERM; requests under way are finished first.

    Parameters
    ----------
    app
        What `make_app` made.
    host, port
        Where; port 0 takes a free one.
    grace_s
        Seconds that requests under way are given at the end.

    Raises
    ------
    ArgumentError
        The address cannot be listened on.
    """
    with _listening(host, port) as sock:
        _LOG.info("answering at %s; Ctrl-C stops", _url(sock))
        gc.collect()
        gc.freeze()  # what is there now stays: nobody has to wait while it is looked through
        _server(app, grace_s).run(sockets=[sock])


@contextmanager
def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Answer in a thread beside, while the block runs; gives the base URL.

    Parameters
    ----------
    app
        What `make_app` made; it is used up at the end.
    host, port
        Where; port 0 takes a free one.

    Raises
    ------
    ArgumentError
        The address cannot be listened on.

    Examples
    --------
    >>> import requests
    >>> from cvocr_lab.server import Keys, make_app
    >>> class Stamp:
    ...     name = "stamp"
    ...
    ...     def extract(self, request):
    ...         raise NotImplementedError
    >>> with serving(make_app(Stamp(), keys=Keys({"key": "secret"}))) as url:
    ...     requests.get(url + "/healthz").json()["engine"]
    'stamp'
    """
    with _listening(host, port) as sock:
        server = _server(app, grace_s=5)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        waited = threading.Event()
        for _ in range(round(_START_S / 0.01)):
            if server.started:
                break
            if not thread.is_alive():
                raise BatchError("the server did not start")
            waited.wait(0.01)
        try:
            yield _url(sock)
        finally:
            server.should_exit = True
            thread.join(30)


def _server(app: ASGIApp, grace_s: float) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=round(grace_s),
        )
    )


def _url(sock: socket.socket) -> str:
    name, number = sock.getsockname()[:2]
    return f"http://{f'[{name}]' if ':' in name else name}:{number}"


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ArgumentError(f"cannot listen on {host}, port {port}: {reason}") from None
    with sock:
        # asyncio leaves it off for sockets made so; an answer's body would wait for an ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock
