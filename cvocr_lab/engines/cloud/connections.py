"""Connections as `requests` makes them, without its session: no cookie, no ``.netrc``, no redirect.

Proxies and certificates are those that `requests` would take.  What it does anew for every request
(preparing headers and links, looking for proxies) is done once a host: it took a third of a call.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from cvocr_lab.engines.cloud.asking import Body

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool
    from urllib3._base_connection import BaseHTTPConnection

_HEADERS: Final = {
    "User-Agent": "cvocr-lab",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}
_POOL: Final = 64
"""Connections kept open; more threads than this open and close theirs."""


@dataclass(frozen=True, slots=True)
class _Host:
    """How one host is reached."""

    pool: HTTPConnectionPool
    prefix: str
    """What stands before the paths: nothing, but for a proxy of plain http."""


class Connections:
    """Connections that are kept open, shared by threads.

    Parameters
    ----------
    base
        The proxies and certificates that the environment names for it are looked up once.
    """

    def __init__(self, base: str) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        found = requests.Session().merge_environment_settings(base, {}, None, None, None)
        self._proxies = found["proxies"]
        self._verify = found["verify"] if found["verify"] is not None else True
        self._adapter = HTTPAdapter(pool_maxsize=_POOL, max_retries=0)
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextmanager
    def sent(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | None,
        timeout: tuple[float, float],
    ) -> Iterator[BaseHTTPResponse]:
        """Send once; the answer's body is not read yet, and its connection is let go of after.

        Raises
        ------
        OSError, urllib3.exceptions.HTTPError, requests.RequestException
            It cannot be sent, or no answer comes.
        """
        from urllib3 import Timeout

        parts = urlsplit(url)
        host = self._host(f"{parts.scheme}://{parts.netloc}")
        length = {} if body is None else {"Content-Length": str(len(body))}
        response = host.pool.urlopen(
            method,
            f"{host.prefix}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
            body=body,  # type: ignore[arg-type]  # pieces of memory are sent as they are
            headers={**_HEADERS, **headers, **length},
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=timeout[0], read=timeout[1]),
        )
        try:
            yield response
        finally:
            response.close()
            response.release_conn()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._hosts.clear()
            self._adapter.close()

    def _host(self, origin: str) -> _Host:
        with self._lock:
            if origin not in self._hosts:
                self._hosts[origin] = self._found(origin)
            return self._hosts[origin]

    def _found(self, origin: str) -> _Host:
        import requests

        asked = requests.Request("GET", f"{origin}/").prepare()
        pool = self._adapter.get_connection_with_tls_context(asked, self._verify, self._proxies)
        self._adapter.cert_verify(pool, origin, self._verify, None)  # type: ignore[no-untyped-call]
        pool = cast("HTTPConnectionPool", pool)
        pool.ConnectionCls = _joining(pool.ConnectionCls)
        # "/", or the whole link where a proxy is to fetch it.
        prefix = self._adapter.request_url(asked, self._proxies).removesuffix("/")
        return _Host(pool, prefix)


def _joining(kind: type[BaseHTTPConnection]) -> type[BaseHTTPConnection]:
    """Make connections that send a head with the start of its body, not before: one packet."""

    class Joining(kind):  # type: ignore[misc, valid-type]
        _joins = False
        _head: bytes | None = None

        def request(
            self, method: str, url: str, body: Body | None = None, **options: object
        ) -> None:
            self._joins, self._head = body is not None, None
            super().request(method, url, body=body, **options)

        def send(self, data: bytes | memoryview) -> None:
            if self._joins:
                self._joins, self._head = False, bytes(data)
                return
            head, self._head = self._head, None
            super().send(data if head is None else b"".join((head, data)))

    return Joining
