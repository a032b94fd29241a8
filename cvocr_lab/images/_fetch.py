"""Fetch a picture from a URL on the public internet.

The host name is resolved once, all its addresses must be public, and the connection is made to one
of these addresses.  Therefore neither redirects nor host names that change their address can reach
a private network.  Proxies, cookies and ``.netrc`` of the user are not used.
"""

from __future__ import annotations

import base64
import io
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from cvocr_lab.errors import FetchError
from cvocr_lab.images._formats import format_of, is_readable
from cvocr_lab.images._limits import changed_fields, check_positive

if TYPE_CHECKING:
    import http.client
    import ssl

_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_PATH_CHARACTERS: Final = "/%:@!$&'()*+,;=~-._"
_HINTS: Final = {
    401: "the link needs a login",
    403: "the link needs a login or has expired",
    404: "check the link",
    410: "check the link",
    429: "try again later",
}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_6: Final = ipaddress.ip_network("2000::/3")
"""IPv6 global unicast; mapped, translated, local and multicast addresses are not in it."""

# `is_global` is not used, because it differs between versions of Python.  Sources: the registries
# iana-ipv4-special-registry and iana-ipv6-special-registry, multicast, and 6to4 and Teredo, which
# contain an IPv4 address that may be private.
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
            "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetch:
    """How URLs are fetched.

    Parameters
    ----------
    connect_s
        Seconds to wait for a connection.
    read_s
        Seconds to wait for the next bytes.
    total_s
        Seconds in total, including redirects, but not the resolution of the host name.
    max_bytes
        Maximum size of the response.
    max_redirects
        Maximum number of redirects.
    allow_private
        Whether to allow addresses that are not public: loopback, private, link-local, reserved
        and multicast.
    allow_network
        Whether to fetch URLs at all.
    """

    connect_s: float = 10.0
    read_s: float = 15.0
    total_s: float = 60.0
    max_bytes: int = 64 * 2**20
    max_redirects: int = 5
    allow_private: bool = False
    allow_network: bool = True

    def __repr__(self) -> str:
        return changed_fields(self)

    def __post_init__(self) -> None:
        check_positive(self, "connect_s", "read_s", "total_s", "max_bytes")


def public_name(url: str) -> str:
    """Return the URL without user, password, query and fragment, for messages."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{host}{port}{parts.path}"[:300]


def fetch_bytes(url: str, options: Fetch) -> bytes:
    """Fetch the picture or PDF at a URL; any failure is a `FetchError`."""
    name = public_name(url)
    if not options.allow_network:
        raise FetchError(f"{name} is not fetched: the network is switched off")
    deadline = monotonic() + options.total_s
    with _translated(name):
        for _ in range(options.max_redirects + 1):
            answer = _get(url, options, deadline)
            if isinstance(answer, bytes):
                found = format_of(answer)
                if is_readable(found):
                    return answer
                advice = "use the link of the picture itself"
                raise FetchError(f"{name} answered with {found}, not a picture: {advice}")
            if urlsplit(url).scheme == "https" and urlsplit(answer).scheme == "http":
                raise FetchError(f"{name} redirects from https to http: use the last link")
            url = answer
    raise FetchError(f"{name} redirects more than {options.max_redirects} times: check the link")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    import http.client
    import ssl

    try:
        yield
    except TimeoutError as error:
        raise FetchError(f"{name} is too slow: try again, or raise the times in Fetch") from error
    except ssl.SSLError as error:
        raise FetchError(f"{name} cannot be trusted (TLS): check the link") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = type(error).__name__
        raise FetchError(f"{name} cannot be reached ({reason}): check the link") from error


def _get(url: str, options: Fetch, deadline: float) -> bytes | str:
    """Make one request, and return the body of the response or the URL of a redirect."""
    import http.client  # slow to import

    parts = urlsplit(url)
    name = public_name(url)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _PORTS or not host:
        raise FetchError(f"{name} is not fetched: only http and https links are supported")
    host = host if host.isascii() else host.encode("idna").decode()
    port = parts.port or _PORTS[scheme]
    sock: socket.socket = _connect(host, port, name, options, deadline)
    try:
        if scheme == "https":
            sock.settimeout(_left(options.connect_s, deadline))
            sock = _tls().wrap_socket(sock, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = _TimedSocket(sock, options.read_s, deadline)
        port_text = "" if port == _PORTS[scheme] else f":{port}"
        host_text = f"[{host}]" if ":" in host else host
        headers = {"Host": host_text + port_text, "User-Agent": "cvocr-lab", "Accept": "*/*"}
        headers |= _login(parts)
        connection.request("GET", _target(parts), headers=headers)
        with connection.getresponse() as response:
            where = response.getheader("Location")
            if response.status in _REDIRECTS and where:
                return urljoin(url, where)
            return _body(response, name, options)
    finally:
        sock.close()


def _body(response: http.client.HTTPResponse, name: str, options: Fetch) -> bytes:
    if response.status != 200:
        hint = _HINTS.get(response.status, "try again later" if response.status >= 500 else "check")
        raise FetchError(f"{name} answered with status {response.status}: {hint}")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(
            f"{name} answered with compressed data: use the link of the picture itself"
        )
    length = response.length
    most = options.max_bytes
    taken = io.BytesIO()
    while taken.tell() <= most and (length is None or length <= most):
        some = response.read1(65536)
        if not some:
            break
        taken.write(some)
    else:
        raise FetchError(f"{name} is larger than {most} bytes: raise Fetch.max_bytes")
    if length is not None and taken.tell() < length:
        raise FetchError(f"{name} broke off in the middle: try again")
    return taken.getvalue()


def _connect(host: str, port: int, name: str, options: Fetch, deadline: float) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise FetchError(f"{name} has an unknown host: check the link") from error
    if not options.allow_private and not all(_is_public(str(to[0])) for *_, to in found):
        raise FetchError(f"{name} is not fetched: its address is not on the public internet")
    trouble: OSError = OSError("no address")
    for family, socket_type, protocol, _, address in found:
        sock = socket.socket(family, socket_type, protocol)
        try:
            sock.settimeout(_left(options.connect_s, deadline))
            # Connect to the address, since resolving the name again could give another one.
            sock.connect(address)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    raise trouble


def _is_public(text: str) -> bool:
    """Return whether an address is public, that is, in no special-purpose range."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address in _NAT64:
            return _is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        if address not in _GLOBAL_6:
            return False
    return not any(address in network for network in _SPECIAL)


def _left(most: float, deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return min(most, left)


def _tls() -> ssl.SSLContext:
    import ssl

    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_PATH_CHARACTERS)
    query = quote(parts.query, safe=_PATH_CHARACTERS + "?")
    return f"{path}?{query}" if query else path


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()}


class _TimedSocket(io.RawIOBase):
    """A socket for `http.client` whose reads and writes end at the deadline."""

    def __init__(self, sock: socket.socket, read_s: float, deadline: float) -> None:
        self._sock = sock
        self._read_s = read_s
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._read_s, self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(_left(self._read_s, self._deadline))
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Do nothing, since the caller closes the socket."""
