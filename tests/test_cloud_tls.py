"""The cloud engine over TLS: whom it trusts, and that nobody else learns anything."""

from __future__ import annotations

import ssl
from pathlib import Path

import numpy as np
import pytest
import trustme
from loopback import loopback

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud import CloudEngine
from cvocr_lab.errors import TransportError
from cvocr_lab.images import load

PICTURE = load(np.zeros((20, 30), np.uint8))


def served_by(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def engine_for(url: str) -> CloudEngine:
    return CloudEngine(key="made-up", secret="made-up", base_url=url, retries=3)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """One that this environment trusts, beside no other."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return made


def test_an_authority_of_the_environment_is_trusted(authority: trustme.CA) -> None:
    with loopback(tls=served_by(authority, "127.0.0.1")) as server:
        engine = engine_for(server.url)
        found = engine.extract(Request((PICTURE,)))
        engine.close()
    assert found.documents[0].fields["id"].text == "001099000123"
    assert len(server.asked) == 1


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_a_stranger_is_refused_at_once() -> None:
    assert_refused(served_by(trustme.CA(), "127.0.0.1"))


def test_a_certificate_for_another_host_is_refused_at_once(authority: trustme.CA) -> None:
    assert_refused(served_by(authority, "127.0.0.2"))


def assert_refused(tls: ssl.SSLContext) -> None:
    with loopback(tls=tls) as server:
        engine = engine_for(server.url)
        with pytest.raises(TransportError, match="certificate cannot be trusted") as caught:
            engine.extract(Request((PICTURE,)))
        engine.close()
    assert caught.value.attempts == 1
    assert server.asked == []
