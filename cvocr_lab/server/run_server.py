"""Run the app on a port: `serve` in this process, `serving` in a thread.

Granian handles HTTP.  It closes connections whose next request does not arrive in time, and does
not read more of a body than is needed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from cvocr_lab.errors import ArgumentError, BatchError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_LOG: Final = logging.getLogger("cvocr_lab.server")
_HEAD_S: Final = 30.0
"""Seconds within which a connection must send the header of its next request."""

_START_S: Final = 30.0
_CONNECTIONS: Final = 512
"""Maximum number of open connections; others wait to be accepted."""


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8080, grace_s: float = 30) -> None:
    """Run the server until SIGINT or SIGTERM, and finish current requests.

    Parameters
    ----------
    app
        The app from `make_app`.
    host, port
        Address to listen on; port 0 chooses a free port.
    grace_s
        Seconds for finishing current requests.

    Raises
    ------
    ArgumentError
        The address cannot be used.
    """
    port = _checked_port(host, port)
    gc.collect()
    gc.freeze()  # existing objects need not be scanned while requests are waiting
    received: list[int] = []
    stop: Future[None] = Future()

    async def main() -> None:
        def on_signal(number: int) -> None:
            if received:
                running.cancel()
            else:
                _LOG.info("finishing current requests; press Ctrl-C again to stop at once")
                stop.set_result(None)
            received.append(number)

        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, on_signal, number)
        running = asyncio.ensure_future(_run(app, host, port, stop, grace_s))
        _LOG.info("listening at %s; press Ctrl-C to stop", _url(host, port))
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(main())
    if received:
        signal.raise_signal(received[0])


@contextmanager
def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Run the server in a thread while the block runs; yields the base URL.

    Parameters
    ----------
    app
        The app from `make_app`; it cannot be used again.
    host, port
        Address to listen on; port 0 chooses a free port.

    Raises
    ------
    ArgumentError
        The address cannot be used.

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
    port = _checked_port(host, port)
    stop: Future[None] = Future()
    running = _run(app, host, port, stop, 5.0)
    thread = threading.Thread(target=asyncio.run, args=(running,), daemon=True)
    thread.start()
    try:
        _wait_until_it_listens(host, port, thread)
        yield _url(host, port)
    finally:
        stop.set_result(None)
        thread.join(30)


async def _run(app: ASGIApp, host: str, port: int, stop: Future[None], grace_s: float) -> None:
    """Serve until `stop` is done, and then for at most `grace_s` seconds."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=round(_HEAD_S * 1000)),
        websockets=False,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        log_enabled=False,  # it would log links, which may contain personal data
    )
    serving = asyncio.ensure_future(server.serve())
    try:
        await asyncio.wait(
            {serving, asyncio.wrap_future(stop)}, return_when=asyncio.FIRST_COMPLETED
        )
        if not serving.done():
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({serving}, timeout=grace_s)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()


def _wait_until_it_listens(host: str, port: int, thread: threading.Thread) -> None:
    waited = threading.Event()
    for _ in range(round(_START_S / 0.01)):
        if not thread.is_alive():
            break
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        waited.wait(0.01)
    raise BatchError("the server did not start")


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _checked_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0, after checking that it can be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as sock:
            number: int = sock.getsockname()[1]
            return number
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ArgumentError(f"cannot listen on {host}, port {port}: {reason}") from None
