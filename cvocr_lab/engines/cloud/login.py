"""The credentials of the API, which never appear in a repr, log or traceback."""

from __future__ import annotations

import base64
import os
from typing import Final, Protocol

from cvocr_lab.errors import ArgumentError

KEY: Final = "CVOCR_API_KEY"
SECRET: Final = "CVOCR_API_SECRET"


class Signer(Protocol):
    """Something that signs requests."""

    @property
    def header(self) -> str:
        """The header ``Authorization``; "" for none."""
        ...


class Login:
    """Sign requests with HTTP Basic.

    Parameters
    ----------
    key, secret
        None for the environment variables ``CVOCR_API_KEY`` and ``CVOCR_API_SECRET``.

    Raises
    ------
    ArgumentError
        One is missing, or the key contains a colon.
    """

    __slots__ = ("_header",)

    def __init__(self, key: str | None, secret: str | None) -> None:
        key = key or os.environ.get(KEY)
        secret = secret or os.environ.get(SECRET)
        if not key or not secret:
            raise ArgumentError(
                f"no credentials: pass key=… and secret=…, or set {KEY} and {SECRET}"
            )
        if ":" in key:
            raise ArgumentError("a key has no colon: pass the secret as secret=…")
        self._header = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()

    @property
    def header(self) -> str:
        """The header ``Authorization``."""
        return self._header

    def __repr__(self) -> str:
        return "Login(…)"
