"""The documentation of the server: parts of the OpenAPI description, and an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from cvocr_lab.wire import ENDPOINTS, Endpoint

_WORDS: Final = {
    "id_pair": "front and back of an identity card",
    "id_front": "front of an identity card",
    "id_back": "back of an identity card",
    "id_any": "identity card, either side, or passport",
    "id_pdf": "PDF or picture with any number of identity papers",
    "vehicle": "vehicle registration, either side",
    "vehicle_pair": "front and back of a vehicle registration",
    "scan": "lines of text",
}
_ANSWER: Final[dict[str, object]] = {
    "type": "object",
    "required": ["data", "errorCode", "errorMessage"],
    "properties": {
        "data": {"type": ["object", "array", "null"]},
        "type": {"type": "string"},
        "valid": {"type": "string", "enum": ["True", "False"]},
        "errorCode": {"type": "string"},
        "errorMessage": {"type": "string"},
    },
}
_ERROR: Final[dict[str, object]] = {
    "type": "object",
    "required": ["errorCode", "errorMessage"],
    "properties": {
        "data": {"type": "null"},
        "errorCode": {"type": "string", "enum": ["1", "2", "3", "4", "5", "6"]},
        "errorMessage": {"type": "string"},
    },
}
_STATUSES: Final = {
    200: "what was read",
    400: "the request or the picture is malformed (errorCode 2, 3 or 6)",
    401: "wrong api_key or api_secret (5)",
    402: "out of requests (4)",
    404: "no such path",
    405: "method not allowed",
    408: "the body did not arrive in time",
    413: "the body is too large",
    415: "wrong content type",
    422: "no such paper in the picture (1), or the link could not be fetched (2)",
    502: "the engine failed",
    503: "the queue is full; see Retry-After",
    504: "reading took too long",
}


def responses(shape: str) -> dict[int | str, dict[str, object]]:
    """Return the responses of an endpoint by status, for OpenAPI."""
    answer, error = _ANSWER, _ERROR
    if shape == "lines":
        properties = {"result": {"type": ["array", "null"]}, "time": {"type": "number"}}
        answer = {"type": "object", "properties": properties, "required": ["result", "time"]}
        error = {"type": "object", "required": ["errorCode", "errorMessage"]}
    return {
        status: {
            "description": words,
            "content": {"application/json": {"schema": answer if status == 200 else error}},
        }
        for status, words in _STATUSES.items()
    }


def operation(endpoints: Sequence[Endpoint]) -> dict[str, object]:
    """Return the parameters and bodies of endpoints with one method and path, for OpenAPI."""
    first = endpoints[0]
    choices = {"format_type": [e.transport for e in endpoints], "get_thumb": ["true", "false"]}
    described: dict[str, object] = {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in first.images,
                "schema": {"type": "string"}
                | ({"enum": choices[name]} if name in choices else {"format": "uri"}),
            }
            for name in first.params
        ]
    }
    bodies = {e.content_type: {"schema": _body(e)} for e in endpoints if e.body}
    if bodies:
        described["requestBody"] = {"required": True, "content": bodies}
    return described


def summary(endpoint: Endpoint) -> str:
    """Describe what an endpoint reads."""
    return _WORDS[endpoint.kind]


def _body(endpoint: Endpoint) -> dict[str, object]:
    how = (
        {"type": "string", "format": "binary"}
        if endpoint.transport == "file"
        else {"type": "string", "contentEncoding": "base64"}
    )
    names = list(endpoint.images)
    return {"type": "object", "required": names, "properties": dict.fromkeys(names, how)}


def page(engine: str) -> str:
    """Return a self-contained HTML page that lists the endpoints."""
    rows = "".join(
        f"<tr><td>{e.method}<td><code>{escape(e.path)}</code><td>{escape(_how(e))}"
        f"<td>{escape(summary(e))}"
        for e in ENDPOINTS
    )
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>cvocr-lab serve</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;margin:2em}}
td,th{{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}}</style>
<h1>cvocr-lab serve</h1>
<p>Answers by engine <code>{escape(engine)}</code>. HTTP Basic: key and secret.</p>
<table><tr><th>method<th>path<th>pictures<th>reads{rows}</table>
<p><a href="openapi.json">openapi.json</a> · <a href="healthz">healthz</a> ·
<a href="metrics">metrics</a></p></html>"""


def _how(endpoint: Endpoint) -> str:
    names = ", ".join(endpoint.images)
    if endpoint.transport == "url":
        return f"links {names}"
    return f"{'files' if endpoint.transport == 'file' else 'base64 in JSON'} {names}"
