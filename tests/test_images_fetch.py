import contextlib
import gzip
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from malformed import encode, good_pdf, picture

from cvocr_lab import images
from cvocr_lab.errors import ArgumentError, FetchError, ImageError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.images._fetch import _is_public

PNG = encode(picture(), "PNG")
PUBLIC = "93.184.216.34"
HERE = Fetch(allow_private=True)


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str | None]]] = []

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.seen.append((self.path, self.headers["Authorization"]))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, path.strip("/").replace("-", "_"), self.picture)()

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def picture(self) -> None:
        self.answer(PNG, Content_Length=str(len(PNG)))

    def no_length(self) -> None:
        self.answer(PNG)

    def chunked(self) -> None:
        self.protocol_version = "HTTP/1.1"
        parts = [PNG[at : at + 999] for at in range(0, len(PNG), 999)] + [b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        self.answer(body, Transfer_Encoding="chunked")

    def page(self) -> None:
        self.answer(b"<!doctype html><p>Nguyen Van A</p>")

    def packed(self) -> None:
        self.answer(gzip.compress(PNG), Content_Encoding="gzip")

    def short(self) -> None:
        self.answer(PNG[:2000], Content_Length=str(len(PNG)))

    def endless(self) -> None:
        self.answer(b"")
        while True:
            self.wfile.write(PNG)

    def said_large(self) -> None:
        self.answer(b"", Content_Length=str(10**9))

    def drip(self) -> None:
        self.answer(PNG[:100])
        for byte in PNG[100:]:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def drip_head(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        for _ in range(200):
            self.wfile.write(b"X")
            time.sleep(0.05)

    def silent(self) -> None:
        time.sleep(3)

    def noise(self) -> None:
        self.wfile.write(b"\x00\xff not HTTP at all\r\n\r\n")

    def missing(self) -> None:
        self.answer(b"", 404)

    def login(self) -> None:
        self.answer(b"", 401)

    def broken(self) -> None:
        self.answer(b"", 500)

    def empty(self) -> None:
        self.answer(b"", Content_Length="0")

    def moved(self) -> None:
        self.answer(b"", 302, Location="/picture?b=2")

    def loop(self) -> None:
        self.answer(b"", 302, Location="/loop")

    def to_file(self) -> None:
        self.answer(b"", 302, Location="file:///etc/passwd")

    def inside(self) -> None:
        port = self.connection.getsockname()[1]
        self.answer(b"", 307, Location=f"http://127.0.0.1:{port}/secret")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{served.server_address[1]}"
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture(autouse=True)
def no_hits() -> None:
    Handler.seen.clear()


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let every name have the addresses of the next answer; gives what was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[Any]:
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ipaddress.ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def public_leads(monkeypatch: pytest.MonkeyPatch, server: str) -> list[str]:
    """Let connections to the public address end at `server`; gives where they went."""
    went: list[str] = []
    connect = socket.socket.connect
    port = int(server.rpartition(":")[2])

    def lead(self: socket.socket, address: Any) -> None:
        went.append(address[0])
        connect(self, ("127.0.0.1", port) if address[0] == PUBLIC else address)

    monkeypatch.setattr(socket.socket, "connect", lead)
    return went


@pytest.mark.parametrize("path", ["/picture", "/no-length", "/chunked", "/moved", "", "/?a=/b"])
def test_a_picture_is_fetched(server: str, path: str) -> None:
    found = images.load(server + path, fetch=HERE)
    assert found.source == "url"
    assert found.data == PNG
    assert found.url == server + path
    assert found.name == server + path.partition("?")[0]
    assert found.pixels.shape == (48, 64, 3)
    assert images.load_url(server + path, fetch=HERE) == found


def test_letters_in_links_are_escaped(server: str) -> None:
    images.load(f"{server}/thẻ căn-cước.jpg?khoá=a b%20c", fetch=HERE)
    wanted = "/th%E1%BA%BB%20c%C4%83n-c%C6%B0%E1%BB%9Bc.jpg?kho%C3%A1=a%20b%20c"
    assert [path for path, _ in Handler.seen] == [wanted]


def test_the_login_of_a_link_is_used_and_not_shown(server: str) -> None:
    url = server.replace("//", "//user:pa%20ss@")
    found = images.load(url + "/picture?token=1", fetch=HERE)
    assert found.name == server + "/picture"
    assert "pa" not in repr(found)
    assert Handler.seen == [("/picture?token=1", "Basic dXNlcjpwYSBzcw==")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "answered with a web page, not a picture"),
        ("/packed", "compressed data"),
        ("/short", "broke off"),
        ("/said-large", "larger than"),
        ("/endless", "larger than"),
        ("/noise", "cannot be reached"),
        ("/missing", "status 404: check the link"),
        ("/login", "status 401: the link needs a login"),
        ("/broken", "status 500: try again later"),
        ("/empty", "answered with an empty file"),
        ("/loop", "more than 5 times"),
        ("/to-file", "only http and https"),
    ],
)
def test_what_is_no_picture(server: str, path: str, words: str) -> None:
    url = server.replace("//", "//user:word@") + path + "?token=secret"
    with pytest.raises(FetchError, match=words) as caught:
        images.load(url, fetch=Fetch(allow_private=True, max_bytes=200_000))
    assert not any(hidden in str(caught.value) for hidden in ("secret", "word", "Nguyen"))


@pytest.mark.parametrize("path", ["/drip", "/drip-head", "/silent"])
def test_a_slow_server_is_left(server: str, path: str) -> None:
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"too slow"):
        images.load(server + path, fetch=Fetch(allow_private=True, total_s=0.4))
    with pytest.raises(FetchError, match=r"too slow"):
        images.load(server + "/silent", fetch=Fetch(allow_private=True, read_s=0.2))
    assert time.monotonic() - start < 2


def test_private_addresses_are_refused(server: str) -> None:
    port = server.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(FetchError, match=r"not on the public internet|unknown host"):
            images.load(f"http://{host}:{port}/picture")
    assert Handler.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.9.9.9", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "2002:7f00:1::1", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "fe80::1%eth0", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not _is_public(address)


# The ranges of the IANA special-purpose registries (IPv4 and IPv6), as of 2025.
SPECIAL = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.0.8/32", "192.0.0.170/31", "192.0.2.0/24", "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64",
    "2001::/23", "2001::/32", "2001:2::/48", "2001:db8::/32", "2001:20::/28", "2001:30::/28",
    "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
)  # fmt: skip


@pytest.mark.parametrize("range_", SPECIAL)
def test_no_special_range_is_public_on_any_python(
    range_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ipaddress.ip_network(range_)
    for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        for claim in ("is_global", "is_private", "is_reserved"):  # no answer of the interpreter's
            monkeypatch.setattr(kind, claim, property(lambda _: pytest.fail("asked")))
    if range_ != "::ffff:0:0/96":  # there the IPv4 address decides
        for address in (network[0], network[-1], network[network.num_addresses // 2]):
            assert not _is_public(str(address))
            if network.version == 4:
                assert not _is_public(f"::ffff:{address}")
                assert not _is_public(f"64:ff9b::{address}")


@pytest.mark.parametrize(
    "address",
    ["192.0.1.1", "100.128.0.0", "172.32.0.0", "198.20.0.0", "2001:200::1", "2620:4f:8001::1",
     "3ffe::1", "3fff:1000::1"],
)  # fmt: skip
def test_the_neighbours_of_special_ranges_are_public(address: str) -> None:
    assert _is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_that_are_public(address: str) -> None:
    assert _is_public(address)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(FetchError, match=r"not on the public internet"):
        images.load("http://a.example/picture")


def test_a_redirect_to_a_private_address_is_refused(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went = public_leads(monkeypatch, server)
    names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    with pytest.raises(FetchError, match=r"not on the public internet"):
        images.load("http://a.example/inside")
    assert [path for path, _ in Handler.seen] == ["/inside"]
    assert went == [PUBLIC]


def test_a_name_that_changes_its_address_leads_nowhere_else(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went = public_leads(monkeypatch, server)
    asked = names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    assert images.load("http://a.example/picture").data == PNG
    assert asked == ["a.example"]
    assert went == [PUBLIC]


def test_the_next_address_is_tried(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(server.rpartition(":")[2])
    names(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    assert images.load(f"http://a.example:{port}/picture", fetch=HERE).data == PNG


def test_proxies_and_netrc_take_no_part(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    images.load(server + "/picture", fetch=HERE)
    assert Handler.seen == [("/picture", None)]


def test_a_stranger_without_tls_is_not_trusted(server: str) -> None:
    with pytest.raises(FetchError, match=r"cannot be trusted \(TLS\)"):
        images.load(server.replace("http:", "https:"), fetch=HERE)


@pytest.mark.parametrize(
    "url",
    [
        "http://", "http:///a", "http://a.example:x/", "http://a.example:99999/", "http://[::1/",
        "http://" + "a" * 300 + ".example/", "http://no-such-host.invalid/", "http://a..b/",
        "https://\u2024/", "http://a b.example/",
    ],
)  # fmt: skip
def test_links_that_are_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(FetchError):
        images.load(url)


def test_paths_are_no_links() -> None:
    for path in ("/etc/passwd", "a.png", "", "file:///etc/passwd"):
        with pytest.raises(FetchError, match=r"only http and https"):
            images.load_url(path)


def test_the_network_can_be_switched_off(server: str) -> None:
    with pytest.raises(FetchError, match=r"switched off"):
        images.load(server, fetch=Fetch(allow_private=True, allow_network=False))
    assert Handler.seen == []


def test_the_limits_hold_for_links_too(server: str) -> None:
    with pytest.raises(ImageError, match=r"larger than 99 bytes"):
        images.load(server, fetch=HERE, limits=Limits(max_bytes=99))


def test_pdfs_come_from_links_too(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "picture", lambda self: self.answer(good_pdf()))
    assert images.load(server + "/scan", fetch=HERE).pixels.shape == (278, 556, 3)


def test_the_digest_of_a_link_asks_nobody(server: str) -> None:
    assert images.digest(server + "/a") != images.digest(server + "/b")
    assert Handler.seen == []


@pytest.mark.parametrize("name", ["connect_s", "read_s", "total_s", "max_bytes"])
def test_bounds_are_positive(name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        Fetch(**{name: 0})  # type: ignore[arg-type]
