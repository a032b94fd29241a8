"""A server on loopback that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """`body` is sent as JSON unless it is bytes; `breaks` drops the connection that far into it."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks: int | None = None


CARD = {
    "type": "tcc_chip",
    "data": {"id": "001099000123", "id_confidence": 0.9, "name": "NGUYỄN VĂN MẪU"},
    "valid": "True",
    "errorCode": "0",
    "errorMessage": "Thành công",
}


class Loopback:
    def __init__(self, answer: Callable[[Asked], Told], tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._answer = answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                asked = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
                outer.asked.append(asked)
                told = outer._answer(asked)
                sent = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
                if told.breaks == 0:
                    self.close_connection = True
                    return
                head = [f"HTTP/1.1 {told.status} X", f"Content-Length: {len(sent)}"]
                head += [f"{name}: {value}" for name, value in told.headers.items()]
                whole = "\r\n".join(head).encode() + b"\r\n\r\n" + sent[: told.breaks]
                self.wfile.write(whole)
                self.close_connection = told.breaks is not None

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def loopback(
    answer: Callable[[Asked], Told] | object = CARD, *, tls: ssl.SSLContext | None = None
) -> Iterator[Loopback]:
    """Serve; `answer` is a function, or the JSON of every answer."""
    told = answer if callable(answer) else lambda _: Told(answer)
    server = Loopback(told, tls)
    try:
        yield server
    finally:
        server.close()


def in_turn(*answers: Told) -> Callable[[Asked], Told]:
    """Answer in this order; the last again and again."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
