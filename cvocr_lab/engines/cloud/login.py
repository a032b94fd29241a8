"""The key and the secret, kept out of every repr, log and traceback."""

from __future__ import annotations

import base64
import os
from typing import Final, Protocol

from cvocr_lab.errors import ArgumentError

KEY: Final = "CVOCR_API_KEY"
SECRET: Final = "CVOCR_API_SECRET"


class Signs(Protocol):
    """What signs requests."""

    @property
    def header(self) -> str:
        """What ``Authorization`` says; "" for nothing."""
        ...


class Login:
    """Signs requests by HTTP Basic.

    Parameters
    ----------
    key, secret
        None for the environment's ``CVOCR_API_KEY`` and ``CVOCR_API_SECRET``.

    Raises
    ------
    ArgumentError
        One is neither given nor in the environment, or the key has a colon.
    """

    __slots__ = ("_header",)

    def __init__(self, key: str | None, secret: str | None) -> None:
        key = key or os.environ.get(KEY)
        secret = secret or os.environ.get(SECRET)
        if not key or not secret:
            raise ArgumentError(
                f"no credentials: give key=… and secret=…, or set {KEY} and {SECRET}"
            )
        if ":" in key:
            raise ArgumentError("a key has no colon: check that key=… is the key alone")
        self._header = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()

    @property
    def header(self) -> str:
        """What ``Authorization`` says."""
        return self._header

    def __repr__(self) -> str:
        return "Login(…)"
