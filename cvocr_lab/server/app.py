"""`make_app`: the ASGI app with all endpoints of the API, health, metrics and documentation."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from html import escape
from importlib import metadata
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security.http import HTTPBase
from starlette.exceptions import HTTPException

from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import engine_spec
from cvocr_lab.errors import QuotaError
from cvocr_lab.server.job import Bounds, Queue, open_pool
from cvocr_lab.server.keys import Keys
from cvocr_lab.server.request_handler import Metrics, RequestHandler, refusal
from cvocr_lab.server.simulated_faults import Faults, FaultyApp
from cvocr_lab.wire import ENDPOINTS, Endpoint

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_BOUNDS: Final = Bounds()
_V1: Final = "/backend/"
_V2: Final = "/api/v2/"
# What the endpoints read and answer, by kind and status, with the schemas of the answers.
_DESCRIBED: Final = json.loads(files("cvocr_lab.server").joinpath("openapi.json").read_bytes())


def make_app(
    engine: str | Engine | Callable[..., object] = "local",
    *,
    keys: Keys,
    workers: int | None = None,
    bounds: Bounds = _BOUNDS,
    faults: Faults | None = None,
    **options: object,
) -> ASGIApp:
    """Create an ASGI app with the endpoints of the API, answered by any engine.

    Parameters
    ----------
    engine
        ``"local"``, another engine's name, an open engine (shared by threads), or a class or
        function that creates one (called in each worker process).
    keys
        The keys of the clients.
    workers
        Number of pictures to read at a time; None chooses a number that suits the engine and the
        machine.
    bounds
        Limits of requests.
    faults
        Faults to simulate; None for no faults.
    options
        Options of an engine given by name.

    Raises
    ------
    ArgumentError
        The engine or an option does not exist.
    BatchError
        The engine cannot be opened.

    Notes
    -----
    An error is reported as JSON with an ``errorCode`` of the API.  If none fits, it is 2
    ("download failed") for GET and 3 ("upload failed") for POST.  The HTTP status is an error too,
    and the header ``X-Reason`` contains a message.

    Examples
    --------
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> class Stamp:
    ...     name = "stamp"
    ...
    ...     def extract(self, request):
    ...         return Extraction((Document("cmt", "front", {"id": FieldValue("001")}),))
    >>> import requests
    >>> from cvocr_lab.server import serving
    >>> path = "/backend/api/v1/request/ocr/cmt/get_infor_all"
    >>> with serving(make_app(Stamp(), keys=Keys({"key": "secret"}))) as url:
    ...     file = open("sample_data/25_cmt_scan.jpg", "rb")
    ...     answer = requests.post(url + path, auth=("key", "secret"), files={"image": file})
    ...     file.close()
    >>> answer.json()["data"]
    {'id': '001'}
    """
    # Its log messages contain bytes of uploads.
    logging.getLogger("python_multipart").disabled = True
    logging.getLogger("python_multipart.multipart").disabled = True
    spec = engine_spec(engine, options)
    pool = open_pool(spec, workers=workers, limit_s=bounds.time_limit_s)
    waiting = bounds.queue if bounds.queue is not None else 16 * len(pool.workers)
    queue = Queue(pool, waiting=waiting)
    metrics = Metrics(queue)
    handler = RequestHandler(queue, keys, metrics, bounds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pool.close()

    app = FastAPI(
        title="cvocr-lab serve",
        version=_version(),
        description="OCR of Vietnamese identity papers and vehicle registrations.",
        docs_url=None,  # FastAPI's own page loads scripts from the internet
        redoc_url=None,
        lifespan=lifespan,
    )
    _add_endpoints(app, handler)
    _add_pages(app, metrics, spec.known_name or "engine")
    app.add_exception_handler(HTTPException, _refused_path)
    if faults is None:
        return app
    spent = {v: refusal(QuotaError(), _like(v, "GET")).response() for v in (_V1, _V2)}
    return FaultyApp(app, faults, counted=metrics.faults, out_of_requests=spent)


def _add_endpoints(app: FastAPI, handler: RequestHandler) -> None:
    place = attrgetter("path", "method")
    # Only for the OpenAPI description: FastAPI's own check does not support all keys.
    basic = Depends(HTTPBase(scheme="basic", scheme_name="HTTPBasic", auto_error=False))
    for (path, method), group in groupby(sorted(ENDPOINTS, key=place), place):
        endpoints = tuple(group)
        app.add_api_route(
            path,
            handler.route(endpoints),
            methods=[method],
            summary=_summary(endpoints[0]),
            tags=[endpoints[0].version],
            operation_id=f"{method.lower()}{path.replace('/', '_')}",
            responses=_responses(endpoints[0].shape),
            openapi_extra=_operation(endpoints),
            dependencies=[basic],
            response_class=JSONResponse,
        )


def _add_pages(app: FastAPI, server_metrics: Metrics, name: str) -> None:
    @app.get("/healthz", summary="whether the server runs")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok", "engine": name})

    @app.get("/metrics", summary="counters", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return PlainTextResponse(server_metrics.text())

    @app.get("/", include_in_schema=False)
    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(_page(name))


async def _refused_path(request: Request, error: Exception) -> Response:
    """Reply to an unknown path or method in the format of the version that it resembles."""
    method = "GET" if request.method in ("GET", "HEAD") else "POST"
    return refusal(error, _like(request.url.path, method)).response()


def _like(path: str, method: str) -> Endpoint:
    """Return an endpoint of the version that a path resembles."""
    version = "v2" if path.startswith(_V2) else "v1"
    return next(e for e in ENDPOINTS if (e.version, e.method) == (version, method))


def _version() -> str:
    try:
        return metadata.version("cvocr-lab")
    except metadata.PackageNotFoundError:
        return "0"


def _responses(shape: str) -> dict[int | str, dict[str, object]]:
    """Return the responses of an endpoint by status, for OpenAPI."""
    prefix = "lines " if shape == "lines" else ""
    answer, error = _DESCRIBED[f"{prefix}answer"], _DESCRIBED[f"{prefix}error"]
    return {
        int(status): {
            "description": words,
            "content": {"application/json": {"schema": answer if status == "200" else error}},
        }
        for status, words in _DESCRIBED["statuses"].items()
    }


def _operation(endpoints: Sequence[Endpoint]) -> dict[str, object]:
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


def _summary(endpoint: Endpoint) -> str:
    return str(_DESCRIBED["reads"][endpoint.kind])


def _body(endpoint: Endpoint) -> dict[str, object]:
    how = (
        {"type": "string", "format": "binary"}
        if endpoint.transport == "file"
        else {"type": "string", "contentEncoding": "base64"}
    )
    names = list(endpoint.images)
    return {"type": "object", "required": names, "properties": dict.fromkeys(names, how)}


def _page(engine: str) -> str:
    """Return a self-contained HTML page that lists the endpoints."""
    rows = "".join(
        f"<tr><td>{e.method}<td><code>{escape(e.path)}</code><td>{escape(_how(e))}"
        f"<td>{escape(_summary(e))}"
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
