"""The vlm engine: asks a vision language model behind a chat endpoint that takes pictures.

vLLM, Ollama, LM Studio and most hosted models speak this protocol, OpenAI's chat completions.  The
pictures leave the machine, for the address that the caller names; nothing is written down.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud import checked_base
from cvocr_lab.engines.cloud.exchange import Exchange, RetryPolicy
from cvocr_lab.engines.cloud.rate_limit import RateLimit
from cvocr_lab.engines.cloud.request_body import HttpRequest
from cvocr_lab.engines.vlm import answers, asking
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    CredentialsError,
    CvocrError,
    ImageError,
    QuotaError,
    RowError,
    Usage,
)
from cvocr_lab.results import Extraction

__all__ = ["ENGINE", "VlmEngine"]

KEY: Final = "CVOCR_VLM_KEY"

_BY_STATUS: Final[Mapping[int, CvocrError]] = MappingProxyType(
    {
        401: CredentialsError(f"the server refused the key: give key=… or set {KEY}"),
        402: QuotaError("the account has no credit left: the finished rows are kept"),
        403: CredentialsError("the server refuses this key: ask its provider"),
        404: ArgumentError("the server knows no such address or model: check base_url and model"),
        413: ImageError("the picture is larger than the server takes: give a smaller longest=…"),
    }
)


class VlmEngine:
    """Reads by a vision language model.  Threads may share it.

    The prompt and the JSON schema of the answer come from the papers' specs in `cvocr_lab.kinds`.
    An answer that is not of this form is the row's error, and so is a refusal (`RefusalError`).
    A model gives no confidence and no places; its values may be made up, which a score counts as
    ``invented`` where nothing is printed.  Tokens, and the cost where it is known, stand in
    ``ocr_tokens_in``, ``ocr_tokens_out`` and ``ocr_cost``.

    Parameters
    ----------
    base_url
        What comes before ``/chat/completions``, such as ``"http://127.0.0.1:8000/v1"``.  Plain http
        is for this machine and private addresses.
    model
        Its name at the server.
    key
        None for the environment's ``CVOCR_VLM_KEY``; servers of one's own need none.
    structured
        Whether the server is asked to hold the model to the schema; False for one that cannot.
    longest
        Most pixels of a picture's longer side; larger pictures are made smaller.
    max_tokens
        Most tokens of an answer.
    temperature
        Of the model; 0 for the answer it holds most likely.
    price_in, price_out
        Of a million tokens, from which the cost is worked out; None for what the server says.
    connect_s, read_s, total_s, retries, per_second
        As for `cvocr_lab.engines.cloud.CloudEngine`.

    Raises
    ------
    ArgumentError
        No `base_url` or `model`, or a number out of range.

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
        longest: int = 2048,
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
            raise ArgumentError("name a model: model=…")
        limits = {"longest": longest, "max_tokens": max_tokens, "connect_s": connect_s}
        for name, number in (limits | {"read_s": read_s, "total_s": total_s}).items():
            if not number > 0:
                raise ArgumentError(f"{name}={number!r}: give more than 0")
        if retries < 0 or not temperature >= 0:
            raise ArgumentError("retries and temperature are not below 0")
        self._base, self._model = checked_base(base_url), model
        self._structured, self._longest = structured, longest
        self._settings = {"max_tokens": max_tokens, "temperature": temperature}
        self._prices = (price_in, price_out)
        policy = RetryPolicy(connect_s, read_s, total_s, retries, 60.0)
        login = _Bearer(key or os.environ.get(KEY))
        self._exchange = Exchange(self._base, login, policy, RateLimit(per_second), _is_spent)
        self.name = f"vlm {model}"

    @property
    def options(self) -> Mapping[str, object]:
        """What makes another engine of it: who is asked, and how."""
        asked = {"base_url": self._base, "longest": self._longest, "structured": self._structured}
        return asked | self._settings | {"asked": asking.version()}

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        RefusalError
            The model would not read the picture.
        AnswerError
            The answer is not what was asked for.
        NoDocumentError, ImageError
            The model sees no paper; the server does not take the picture.
        TransportError
            No answer came, after retries.
        CredentialsError, QuotaError
            The server refuses the key, or the account is spent.
        ArgumentError
            The server knows no such model; or the kind asks for lines instead of papers.
        """
        if request.kind == "scan":
            raise ArgumentError("the engine 'vlm' reads papers: say another kind than 'scan'")
        sent = list(asking.pictures(request.images, self._longest))
        body = asking.body(
            self._model, request.kind, [uri for _, uri in sent], self._settings,
            structured=self._structured,
        )  # fmt: skip
        # The same question is the same call, however often it is sent.
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(body).hexdigest(),
        }
        received = self._exchange.ask(HttpRequest("POST", "/chat/completions", "", headers, body))
        try:
            if received.status != 200:
                raise _refused(received.status, received.body)
            found = answers.read(received.body, [page for page, _ in sent], self.name)
        except RowError as error:
            error.attempts = received.attempts
            error.usage = self._priced(error.usage)
            raise
        return replace(found, attempts=received.attempts, usage=self._priced(found.usage))

    def _priced(self, usage: Usage | None) -> Usage | None:
        if usage is None or None in self._prices:
            return usage
        tokens = zip((usage.tokens_in, usage.tokens_out), self._prices, strict=True)
        return replace(usage, cost=sum((n or 0) * (price or 0.0) for n, price in tokens) / 1e6)

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self._exchange.close()

    def __repr__(self) -> str:
        return f"VlmEngine({self._base!r}, {self._model!r})"

    def __getstate__(self) -> dict[str, object]:
        raise TypeError(
            "a vlm engine is not sent to other processes, for the sake of its key: name it, "
            f"engine='vlm', and set {KEY} there"
        )


class _Bearer:
    """Signs requests by a key, where there is one; kept out of every repr and traceback."""

    __slots__ = ("_header",)

    def __init__(self, key: str | None) -> None:
        self._header = f"Bearer {key}" if key else ""

    @property
    def header(self) -> str:
        """What ``Authorization`` says; "" for nothing."""
        return self._header

    def __repr__(self) -> str:
        return "_Bearer(…)"


def _refused(status: int, body: bytes) -> CvocrError:
    """What a status stands for that is not success."""
    if _is_spent(body):
        return QuotaError("the account has no credit left: the finished rows are kept")
    known = _BY_STATUS.get(status)
    if known is not None:
        return type(known)(*known.args)
    advice = (
        ": if it cannot hold a model to a schema, say structured=False" if status == 400 else ""
    )
    return AnswerError(f"the server answered with status {status}{advice}")


def _is_spent(body: bytes) -> bool:
    """Whether it says that the account is spent: no waiting changes that."""
    try:
        said = json.loads(body)["error"]
        return "insufficient_quota" in (said.get("code"), said.get("type"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


ENGINE = VlmEngine
