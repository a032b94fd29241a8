"""Connections of `requests`, without its session: no cookie, no ``.netrc``, no redirect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cvocr_lab.engines.cloud.asking import Body

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

_HEADERS: Final = {
    "User-Agent": "cvocr-lab",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}
_POOL: Final = 64
"""Connections kept open; more threads than this open and close theirs."""


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
        self._request = requests.Request

    def sent(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: Body | None,
        auth: Callable[[PreparedRequest], PreparedRequest],
        timeout: tuple[float, float],
    ) -> Response:
        """Send once; the answer's body is not read yet."""
        prepared = self._request(
            method, url, headers=_HEADERS | headers, data=body, auth=auth
        ).prepare()
        return self._adapter.send(
            prepared, stream=True, timeout=timeout, verify=self._verify, proxies=self._proxies
        )

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()
