"""The app on a port: in this process until it is told to stop, or in a thread beside."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from cvocr_lab.errors import ArgumentError, BatchError

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

_LOG: Final = logging.getLogger("cvocr_lab.server")
_HEAD_S: Final = 30.0
"""Seconds in which a new connection must have sent the head of a request."""

_START_S: Final = 30.0
_BACKLOG: Final = 512


class _Protocol(H11Protocol):
    """HTTP that does not wait for ever for a client that says nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.access_log = False  # its lines hold links, and links may hold names
        self.loop.call_later(_HEAD_S, self._close_if_silent)

    def _close_if_silent(self) -> None:
        cycle: object = self.cycle  # None before the first request, whatever uvicorn declares
        if cycle is None:
            self.transport.close()


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
        _LOG.info("answering at %s", _url(sock))
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
    return uvicorn.Server(
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
