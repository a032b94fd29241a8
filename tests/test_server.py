"""What the server answers, and in which words it refuses."""

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fake_engine import (
    AUTH,
    AWAY,
    BROKEN,
    NOTHING,
    SAMPLES,
    SPENT,
    V1,
    V2,
    Fake,
    file_server,
    png,
    text,
)
from PIL import Image

from cvocr_lab.engines import Request
from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits, load
from cvocr_lab.results import Document, Extraction
from cvocr_lab.server import Bounds, Keys, make_app, serving
from cvocr_lab.server.job import Job, answer
from cvocr_lab.wire import ENDPOINTS

ANY = V1 + "get_infor_all"
SINGLE = V2 + "vehicle_registration"
SMALL = Bounds(
    body_bytes=500_000,
    limits=Limits(max_bytes=300_000, max_pixels=1_500_000, max_pages=2),
    fetch=Fetch(allow_private=True),
)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving(make_app(Fake(), keys=Keys(dict([AUTH])), bounds=SMALL)) as url:
        yield url


def post(url: str, **options: Any) -> requests.Response:
    return requests.post(url, auth=options.pop("auth", AUTH), timeout=30, **options)


def refused(response: requests.Response, status: int, code: str) -> None:
    """A refusal is the pages' JSON, whatever was wrong."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert set(answer) == {"data", "errorCode", "errorMessage"}
    assert answer["data"] is None
    assert answer["errorCode"] == code
    assert answer["errorMessage"]
    assert response.headers["x-reason"].isprintable()


@pytest.mark.parametrize(
    "auth", [None, ("key", "wrong"), ("wrong", "secret"), ("key", ""), ("", "secret"), ("ké", "ý")]
)
@pytest.mark.parametrize("path", [ANY, SINGLE])
def test_a_wrong_key_is_code_5(host: str, path: str, auth: tuple[str, str] | None) -> None:
    if auth and not all(part.isascii() for part in auth):
        auth = tuple(part.encode() for part in auth)  # type: ignore[assignment]
    response = post(host + path, auth=auth, files={"image": png()})
    refused(response, 401, "5")
    assert response.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer a2V5OnNlY3JldA==", "Basic ÿ"])
def test_a_broken_login_is_code_5(host: str, header: str) -> None:
    headers = {"Authorization": header.encode("latin-1")}
    refused(requests.post(host + ANY, headers=headers, timeout=9), 401, "5")


def test_words_are_the_versions_own(host: str) -> None:
    v1 = post(host + ANY, files={"image": png(NOTHING)})
    v2 = post(host + SINGLE, files={"img": png(NOTHING)})
    refused(v1, 422, "1")
    refused(v2, 422, "1")
    assert v1.json()["errorMessage"] == "Ảnh không chứa nội dung"
    assert v2.json()["errorMessage"].isascii()


PICTURE = png()


@pytest.mark.parametrize(
    "sent",
    [
        {"files": {"other": PICTURE}},
        {"files": {"image": b"not a picture"}},
        {"files": {"image": b""}},
        {"files": {"image": png()[:40]}},
        {"files": {"image": png(3, 3)}},
        {"files": {"image": ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")}},
        {"data": b"", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"--x\r\n\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"--x--", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"junk", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"junk", "headers": {"Content-Type": "multipart/form-data; boundary="}},
    ],
)
def test_a_bad_form_is_code_3(host: str, sent: dict[str, Any]) -> None:
    refused(post(host + ANY, **sent), 400, "3")


def test_a_form_cut_off_is_code_3(host: str) -> None:
    body = requests.Request("POST", "http://x", files={"image": PICTURE}).prepare()
    assert isinstance(body.body, bytes)
    kind = {"Content-Type": body.headers["Content-Type"]}
    refused(post(host + ANY, data=body.body[:-9], headers=kind), 400, "3")
    too_many = {f"f{i}": b"x" for i in range(40)}
    refused(post(host + ANY, files=too_many | {"image": PICTURE}), 400, "3")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"image": null}',
        b'{"image": 7}',
        b'{"image": ["a"]}',
        b'{"image": {"image": "x"}}',
        b'{"image": 1e400}',
        b'{"image": "\\u0000"}',
        b'{"image": "\\ud800"}',
        b'{"\\u0000": "x"}',
        b'{"image": ""}',
        b'{"image": "####"}',
        '{"image": "ảnh"}'.encode(),
        b'{"image": "data:image/png,abc"}',
        b'{"image": "data:image/png;base64"}',
        b'{"image": "/etc/passwd"}',
        b'{"image": "http://127.0.0.1/x.png"}',
        b"[" * 100_000,
        b'{"image": ' + b"9" * 9999 + b"}",
        b"\xff\xfe\x00",
    ],
)
def test_bad_json_is_code_3(host: str, body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    refused(post(host + ANY + "base64", data=body, headers=kind), 400, "3")


def test_base64_comes_with_line_breaks_data_prefix_or_without_padding(host: str) -> None:
    plain = base64.b64encode(PICTURE).decode()
    forms = [
        plain,
        text(PICTURE),
        f"data:image/png;base64,{plain}",
        f"data:image/png;charset=utf-8;base64,{text(PICTURE)}",
        plain.rstrip("="),
        base64.urlsafe_b64encode(PICTURE).decode(),
        f"  {plain}\r\n",
    ]
    for form in forms:
        answer = post(host + ANY + "base64", json={"image": form}).json()
        assert answer["data"]["name"] == "60 40 90"


def test_a_wrong_content_type_is_code_3(host: str) -> None:
    refused(post(host + ANY, json={"image": text(PICTURE)}), 415, "3")
    refused(post(host + ANY, data={"image": text(PICTURE)}), 415, "3")
    refused(post(host + ANY + "base64", files={"image": PICTURE}), 415, "3")
    refused(post(host + ANY, data=PICTURE), 415, "3")
    packed = {"Content-Encoding": "gzip", "Content-Type": "multipart/form-data; boundary=x"}
    refused(post(host + ANY, data=PICTURE, headers=packed), 415, "3")


def test_format_type_decides(host: str) -> None:
    body = {"img": text(PICTURE)}
    assert post(host + SINGLE + "?format_type=base64", json=body).status_code == 200
    assert post(host + SINGLE + "?format_type=file", files={"img": PICTURE}).status_code == 200
    assert post(host + SINGLE, json=body).status_code == 200  # told by the body
    for wrong in ("url", "pdf", "", "FILE"):
        refused(post(f"{host}{SINGLE}?format_type={wrong}", files={"img": PICTURE}), 400, "6")
    link = f"{host}{SINGLE}?img={host}/x.png&format_type=file"
    refused(requests.get(link, auth=AUTH, timeout=9), 400, "6")
    refused(post(host + SINGLE + "?format_type=base64", files={"img": PICTURE}), 415, "3")


def test_get_thumb_gives_the_aligned_crop(host: str) -> None:
    stripes = Image.new("L", (120, 80), 200)
    stripes.paste(30, (0, 0, 60, 80))
    file = io.BytesIO()
    stripes.save(file, "PNG")
    for value in ("true", "True", "1"):
        answer = post(f"{host}{SINGLE}?get_thumb={value}", files={"img": file.getvalue()}).json()
        thumb = answer["data"]["info"]["image"]
        assert "\n" not in thumb
        with Image.open(io.BytesIO(base64.b64decode(thumb, validate=True))) as crop:
            assert crop.format == "PNG"
            assert crop.size[0] == 120
            left, right = crop.getpixel((20, 20)), crop.getpixel((100, 20))
        assert (left, right) == ((30, 30, 30), (200, 200, 200))
    for value in ("false", "0", ""):
        answer = post(f"{host}{SINGLE}?get_thumb={value}", files={"img": file.getvalue()}).json()
        assert "image" not in answer["data"]["info"]
    both = {"img1": png(60), "img2": png(90)}
    faces = post(f"{host}{V2}vehicle_registrations?get_thumb=true", files=both).json()["data"]
    widths = [
        Image.open(io.BytesIO(base64.b64decode(face["info"]["image"]))).width for face in faces
    ]
    assert widths == [60, 90]


def test_a_tilted_paper_is_cut_out_upright() -> None:
    class Tilted:
        name = "tilted"

        def extract(self, request: Request) -> Extraction:  # noqa: ARG002
            # Upside down: the paper's own top left is the picture's bottom right.
            corners = (110.0, 70.0, 10.0, 70.0, 10.0, 10.0, 110.0, 10.0)
            return Extraction((Document("tcc", "front", corners=corners),))

    picture = Image.new("RGB", (120, 80), "white")
    picture.paste((250, 0, 0), (60, 40, 110, 70))
    file = io.BytesIO()
    picture.save(file, "PNG")
    found = answer(Tilted(), Job("id_any", (file.getvalue(),), thumb=True))
    assert isinstance(found, Extraction)
    thumb = found.documents[0].thumb
    assert thumb is not None
    flat = load(thumb).pixels
    assert flat.shape[1] == 100
    assert tuple(flat[5, 5]) == (250, 0, 0)
    assert tuple(flat[-5, -5]) == (255, 255, 255)


def test_limits_are_kept(host: str) -> None:
    refused(post(host + ANY, files={"image": b"x" * 600_000}), 413, "3")
    unsized = (b"x" * 50_000 for _ in range(12))
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(post(host + ANY, data=unsized, headers=kind), 413, "3")
    refused(post(host + ANY, files={"image": png() + b"\0" * 350_000}), 400, "3")
    refused(post(host + ANY, files={"image": png(2000, 1000)}), 400, "3")
    pdf = (SAMPLES / "pages_mixed.pdf").read_bytes()
    pages = Job("id_pdf", (pdf,), limits=Limits(max_pages=1))
    assert "pages" in str(answer(Fake(), pages))


def test_links_are_fetched(host: str) -> None:
    with file_server(SAMPLES) as files:
        link = f"{files}/02_tcc_photo.jpg?size=large&token=a%26b"
        answer = requests.get(f"{host}{ANY}?url={link}", auth=AUTH, timeout=30).json()
        assert answer["data"]["name"].startswith("900 ")
        same = requests.get(host + ANY, params={"url": link}, auth=AUTH, timeout=30).json()
        assert same == answer
        refused(requests.get(f"{host}{ANY}?url={files}/no.jpg", auth=AUTH, timeout=9), 422, "2")
        refused(requests.get(f"{host}{ANY}?url={files}/labels.csv", auth=AUTH, timeout=9), 422, "2")
    for wrong in ("", "?url=", "?url=02_tcc_photo.jpg", "?url=file:///etc/passwd", "?uri=http://x"):
        refused(requests.get(host + ANY + wrong, auth=AUTH, timeout=9), 422, "2")


def test_private_addresses_are_refused_unless_allowed() -> None:
    with (
        file_server(SAMPLES) as files,
        serving(make_app(Fake(), keys=Keys(dict([AUTH])))) as host,
    ):
        port = files.rpartition(":")[2]
        for name in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"):
            link = f"http://{name}:{port}/02_tcc_photo.jpg"
            refused(requests.get(f"{host}{ANY}?url={link}", auth=AUTH, timeout=9), 422, "2")


def test_unknown_paths_and_methods_answer_alike(host: str) -> None:
    refused(requests.get(host + "/api/v2/ocr/nothing", timeout=9), 404, "2")
    refused(requests.post(host + "/backend/api/v1/request/ocr/cmt/x", timeout=9), 404, "3")
    refused(requests.get(host + "/nothing", timeout=9), 404, "2")
    refused(requests.delete(host + ANY, auth=AUTH, timeout=9), 405, "3")
    refused(requests.put(host + SINGLE, auth=AUTH, data=b"x" * 99_999, timeout=9), 405, "3")
    assert requests.head(host + ANY, auth=AUTH, timeout=9).status_code == 405


def test_scanned_text_has_its_own_shape(host: str) -> None:
    path = "/backend/api/v1/request/text_photostory/get_scan_a4"
    answer = post(host + path, files={"image": PICTURE}).json()
    assert answer["time"] >= 0
    assert "60 40 90" in json.dumps(answer["result"])
    nothing = post(host + path, files={"image": png(NOTHING)})
    assert (nothing.status_code, nothing.json()["result"]) == (200, None)


def test_what_the_engine_fails_at_is_no_answer(host: str) -> None:
    for width in (BROKEN, AWAY):
        refused(post(host + ANY, files={"image": png(width)}), 502, "3")
    refused(post(host + ANY, files={"image": png(SPENT)}), 402, "4")


def test_a_paper_of_another_family_is_none(host: str) -> None:
    class Vehicle:
        name = "vehicle"

        def extract(self, request: Request) -> Extraction:  # noqa: ARG002
            return Extraction((Document("vehicle_registration_front", "front"),))

    assert "no such paper" in str(answer(Vehicle(), Job("id_any", (PICTURE,))))
    assert isinstance(answer(Vehicle(), Job("vehicle", (PICTURE,))), Extraction)


def test_no_value_no_link_and_no_key_is_logged(host: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), file_server(SAMPLES) as files:
        post(host + ANY, files={"image": png(BROKEN)})
        post(host + ANY, files={"image": PICTURE})
        post(host + ANY, files={"image": PICTURE}, auth=("key", "hush"))
        post(host + ANY, data=b"xx\0", headers={"Content-Type": "multipart/form-data; boundary=x"})
        link = f"{files}/02_tcc_photo.jpg?owner=MAT"
        requests.get(f"{host}{ANY}?url={link}", auth=AUTH, timeout=9)
    ours = [r for r in caplog.records if not r.name.startswith("urllib3")]
    logged = "\n".join(r.getMessage() + (r.exc_text or "") for r in ours)
    assert "get_infor_all: 200, errorCode 0" in logged
    for secret in ("MẬT", "MAT", "60 40 90", "secret", "hush", "sample", "photo.jpg"):
        assert secret not in logged
    assert not any(r.exc_info for r in ours)


def test_it_tells_about_itself(host: str) -> None:
    assert requests.get(host + "/healthz", timeout=9).json() == {"status": "ok", "engine": "fake 1"}
    post(host + ANY, files={"image": PICTURE})
    counted = requests.get(host + "/metrics", timeout=9).text
    assert f'cvocr_requests_total{{code="0",path="{ANY}",status="200"}}' in counted
    assert "cvocr_requests_inside 0.0\n" in counted
    described = requests.get(host + "/openapi.json", timeout=9).json()
    for endpoint in ENDPOINTS:
        operation = described["paths"][endpoint.path][endpoint.method.lower()]
        told = {p["name"] for p in operation.get("parameters", ())}
        if endpoint.body:
            schema = operation["requestBody"]["content"][endpoint.content_type]["schema"]
            told |= set(schema["required"])
        assert told >= {*endpoint.params, *endpoint.body}
        assert operation["security"]
    page = requests.get(host + "/docs", timeout=9).text
    assert all(endpoint.path in page for endpoint in ENDPOINTS)
    assert "://" not in page


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ArgumentError, match="unknown engine 'nobody'"):
        make_app("nobody", keys=Keys(dict([AUTH])))
    with pytest.raises(ArgumentError, match="nothing"):
        make_app("local", keys=Keys(dict([AUTH])), nothing=1)
    with pytest.raises(ArgumentError, match="unknown option 'threads'"):
        make_app(Fake(), keys=Keys(dict([AUTH])), threads=1)
    with pytest.raises(ArgumentError, match="workers must be at least 1, not 0"):
        make_app(Fake(), keys=Keys(dict([AUTH])), workers=0)
    for wrong in ({}, {"": "s"}, {"k": ""}, {"a:b": "c"}):
        with pytest.raises(ArgumentError, match="key"):
            Keys(wrong)
    with pytest.raises(ArgumentError, match="body_s"):
        Bounds(body_s=0)
