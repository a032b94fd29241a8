"""`encode`: convert results to the JSON documented by the API."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Literal

from cvocr_lab.errors import CvocrError, NoDocumentError
from cvocr_lab.kinds import spec_of
from cvocr_lab.results import Document, Extraction, Quad
from cvocr_lab.wire.codes import MESSAGES, NOTHING_READ, SUCCESS
from cvocr_lab.wire.endpoints import Endpoint
from cvocr_lab.wire.names import api_name


def encode(
    result: Extraction | CvocrError, endpoint: Endpoint, *, seconds: float = 0.0
) -> dict[str, object]:
    """Return the answer of `endpoint` as an object for `json.dumps`.

    An error without a code is reported as 1, nothing read.  Endpoints for one paper answer with the
    paper of their side, or else with the first one.  `seconds` is the time spent, for the answer of
    scanned text.

    In addition to the documented keys, there are those of the actual service:
    ``<field>_confidence``, ``<field>_box``, ``invalidCode``.  A side of a pair also has its
    ``type``, to distinguish chip cards from cards with a barcode.  As in the v1 documentation,
    ``valid`` is ``"True"`` unless the picture was found unfit.

    >>> from cvocr_lab.results import FieldValue
    >>> from cvocr_lab.wire import endpoint
    >>> paper = Document("cmt", "front", {"id": FieldValue("012345678", 0.97)})
    >>> encode(Extraction((paper,)), endpoint("id_any", "file"))["data"]
    {'id': '012345678', 'id_confidence': 0.97}
    """
    if isinstance(result, Extraction) and not (result.documents or result.lines):
        result = NoDocumentError("nothing was read")
    if endpoint.shape == "lines":
        return _lines(result, endpoint, seconds)
    if isinstance(result, CvocrError):
        return {"data": None} | _status(result.code or NOTHING_READ, endpoint)
    documents = result.documents
    answer: dict[str, object]
    match endpoint.shape:
        case "single":
            side = {"id_front": "front", "id_back": "back"}.get(endpoint.kind)
            paper = next((d for d in documents if d.side == side), documents[0])
            answer = {"type": paper.type, "data": _fields(paper, "v1")} | _validity([paper])
        case "pair":
            front, back = _sides(documents)
            answer = {"data": {"mattruoc": _side(front), "matsau": _side(back)}}
            answer |= _validity(documents)
        case "pages":
            pages = [{"type": d.type, "data": _fields(d, "v1")} for d in documents]
            answer = {"type": "pdf", "data": pages}
        case "object":
            answer = {"data": _object(documents[0])}
        case _:
            answer = {"data": [_object(d) for d in documents]}
    return answer | _status(SUCCESS, endpoint)


def _lines(
    result: Extraction | CvocrError, endpoint: Endpoint, seconds: float
) -> dict[str, object]:
    answer: dict[str, object] = {"result": None, "time": round(seconds, 3)}
    if isinstance(result, Extraction):
        if result.lines:
            answer["result"] = [line.text for line in result.lines]
    elif not isinstance(result, NoDocumentError):
        answer |= _status(result.code or NOTHING_READ, endpoint)
    return answer


def _status(code: str, endpoint: Endpoint) -> dict[str, object]:
    return {"errorCode": code, "errorMessage": MESSAGES[endpoint.version][code]}


def _sides(documents: Sequence[Document]) -> tuple[Document | None, Document | None]:
    fronts = [d for d in documents if d.side != "back"]
    backs = [d for d in documents if d.side == "back"]
    # The place of a missing side is taken by a second paper.
    return next(iter(fronts + backs[1:]), None), next(iter(backs + fronts[1:]), None)


def _side(paper: Document | None) -> dict[str, object]:
    return {"type": paper.type, **_fields(paper, "v1")} if paper else {}


def _object(paper: Document) -> dict[str, object]:
    spec = spec_of(paper.type)
    answer: dict[str, object] = {"type": spec.alias or spec.name if spec else paper.type}
    answer["info"] = _fields(paper, "v2")
    # According to the v2 documentation, vehicle registrations have no such keys.
    return answer if spec and spec.family == "vehicle" else answer | _validity([paper])


def _fields(paper: Document, version: Literal["v1", "v2"]) -> dict[str, object]:
    spec = spec_of(paper.type)
    cells: dict[str, object] = {}
    for name, value in paper.fields.items():
        key = api_name(spec, name, version)
        cells[key] = value.text
        if value.confidence is not None:
            cells[f"{key}_confidence"] = value.confidence
        if value.quad is not None:
            cells[f"{key}_box"] = _box(value.quad)
    if paper.thumb is not None and version == "v2":
        cells["image"] = base64.b64encode(paper.thumb).decode()
    return dict(paper.extra) | cells


def _box(quad: Quad) -> list[float]:
    xs, ys = quad[0::2], quad[1::2]
    return [min(xs), min(ys), max(xs), max(ys)]


def _validity(documents: Sequence[Document]) -> dict[str, object]:
    bad = next((d for d in documents if d.valid is False), None)
    answer: dict[str, object] = {"valid": "False" if bad else "True"}
    why = bad or next((d for d in documents if d.invalid_code is not None), documents[0])
    if why.invalid_code is not None:
        answer["invalidCode"] = str(why.invalid_code)
    if why.invalid_message:
        answer["invalidMessage"] = why.invalid_message
    return answer
