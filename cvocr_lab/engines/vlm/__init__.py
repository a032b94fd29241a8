"""The vlm engine, which asks a vision language model with a chat endpoint that accepts pictures.

vLLM, Ollama, LM Studio and most hosted models support this protocol, OpenAI's chat completions.
Pictures are sent to the address given by the caller; nothing is written to disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud import checked_base
from cvocr_lab.engines.cloud.request_body import HttpRequest
from cvocr_lab.engines.cloud.retries import Login, RetryingClient, RetryPolicy
from cvocr_lab.engines.vlm import answers, prompt
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    CredentialsError,
    CvocrError,
    ImageError,
    QuotaError,
)
from cvocr_lab.results import Extraction

__all__ = ["ENGINE", "VlmEngine"]

KEY: Final = "CVOCR_VLM_KEY"

_BY_STATUS: Final[Mapping[int, CvocrError]] = {
    401: CredentialsError(f"the server refused the key: pass key=… or set {KEY}"),
    402: QuotaError("the account has no credit left: the finished rows are kept"),
    403: CredentialsError("the server refuses this key: ask its provider"),
    404: ArgumentError("the server does not know this address or model: check both"),
    413: ImageError("the picture is too large for the server: pass a smaller max_side=…"),
}


class VlmEngine:
    """Read pictures with a vision language model; threads can share it.

    The prompt and the JSON schema of the answer are generated from the document types in
    `cvocr_lab.kinds`.  Answers in another form and refusals (`RefusalError`) are errors of the row.
    Models return neither confidences nor places.  They may invent values, which `score` counts as
    ``invented`` if nothing is printed.  Tokens and cost, if known, are in the columns
    ``ocr_tokens_in``, ``ocr_tokens_out`` and ``ocr_cost``.

    Parameters
    ----------
    base_url
        The address before ``/chat/completions``, such as ``"http://127.0.0.1:8000/v1"``.  http
        without TLS is only allowed for this machine and private addresses.
    model
        Name of the model on the server.
    key
        The key; None for the environment variable ``CVOCR_VLM_KEY``.  Local servers need none.
    structured
        Whether to ask the server to enforce the schema; False for a server that cannot.
    max_side
        Maximum length of a picture's longer side in pixels; larger pictures are resized.
    max_tokens
        Maximum number of tokens in an answer.
    temperature
        Temperature of the model; 0 for the most likely answer.
    price_in, price_out
        Prices of a million tokens, for computing the cost; None for the cost given by the server.
    connect_s, read_s, total_s, retries, per_second
        See `cvocr_lab.engines.cloud.CloudEngine`.

    Raises
    ------
    ArgumentError
        `base_url` or `model` is missing, or a number is out of range.

    Examples
    --------
    >>> VlmEngine(base_url="http://127.0.0.1:8000/v1", model="qwen2.5-vl")
    VlmEngine('http://127.0.0.1:8000/v1', 'qwen2.5-vl')
    """

    parallel: ClassVar[Literal["process", "thread"]] = "thread"

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: str | None = None,
        structured: bool = True,
        max_side: int = 2048,
        max_tokens: int = 2000,
        temperature: float = 0.0,
        price_in: float | None = None,
        price_out: float | None = None,
        connect_s: float = 10.0,
        read_s: float = 180.0,
        total_s: float = 300.0,
        retries: int = 4,
        per_second: float | None = None,
    ) -> None:
        if not model:
            raise ArgumentError("pass the name of a model: model=…")
        for name, number in {"max_side": max_side, "max_tokens": max_tokens}.items():
            if not number > 0:
                raise ArgumentError(f"{name} must be greater than 0, not {number!r}")
        if not temperature >= 0:
            raise ArgumentError(f"temperature must be 0 or more, not {temperature!r}")
        self._base, self._model = checked_base(base_url), model
        self._structured, self._longest = structured, max_side
        self._settings = {"max_tokens": max_tokens, "temperature": temperature}
        self._prices = (price_in, price_out)
        policy = RetryPolicy(connect_s, read_s, total_s, retries, per_second)
        key = key or os.environ.get(KEY)
        login = Login(f"Bearer {key}" if key else "", KEY)
        self._client = RetryingClient(self._base, login, policy, _is_spent)
        self.name = f"vlm {model}"

    @property
    def options(self) -> Mapping[str, object]:
        """The options that affect its answers."""
        asked = {"base_url": self._base, "max_side": self._longest, "structured": self._structured}
        return asked | self._settings | {"asked": prompt.version()}

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        RefusalError
            The model refused to read the picture.
        AnswerError
            The answer does not have the requested form.
        NoDocumentError, ImageError
            The model sees no paper; the server does not accept the picture.
        TransportError
            There was no answer, after retries.
        CredentialsError, QuotaError
            The server refuses the key, or the account is spent.
        ArgumentError
            The server does not know the model, or the kind is ``scan``.
        """
        if request.kind == "scan":
            raise ArgumentError("the engine 'vlm' reads papers: pass another kind than 'scan'")
        sent = list(prompt.pictures(request.images, self._longest))
        body = prompt.body(
            self._model, request.kind, [uri for _, uri in sent], self._settings,
            structured=self._structured,
        )  # fmt: skip
        # Retries of the same request have the same key.
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(body).hexdigest(),
        }

        def read(status: int, answer: bytes) -> Extraction:
            if status != 200:
                raise _refused(status, answer)
            return answers.read(answer, [page for page, _ in sent], self.name, self._prices)

        return self._client.ask(HttpRequest("POST", "/chat/completions", "", headers, body), read)

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self._client.close()

    def __repr__(self) -> str:
        return f"VlmEngine({self._base!r}, {self._model!r})"


def _refused(status: int, body: bytes) -> CvocrError:
    if _is_spent(body):
        return QuotaError("the account has no credit left: the finished rows are kept")
    known = _BY_STATUS.get(status)
    if known is not None:
        return type(known)(*known.args)
    advice = ": if it cannot enforce a schema, pass structured=False" if status == 400 else ""
    return AnswerError(f"the server answered with status {status}{advice}")


def _is_spent(body: bytes) -> bool:
    """Return whether an error means that the account is spent, which retries cannot change."""
    try:
        error = json.loads(body)["error"]
        return "insufficient_quota" in (error.get("code"), error.get("type"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


ENGINE = VlmEngine
