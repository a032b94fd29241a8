"""The API's error codes, with their messages and our error classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from cvocr_lab.errors import (
    AnswerError,
    CredentialsError,
    CvocrError,
    FetchError,
    FormatTypeError,
    ImageError,
    NoDocumentError,
    QuotaError,
)

SUCCESS: Final = "0"
NOTHING_READ: Final = "1"

MESSAGES: Final[Mapping[Literal["v1", "v2"], Mapping[str, str]]] = {
    # From the v1 documentation, which does not list code 6.
    "v1": {
        "0": "Thành công",
        "1": "Ảnh không chứa nội dung",
        "2": "Url của ảnh không khả dụng",
        "3": "Ảnh sai format",
        "4": "Hết số lượng request hữu dụng",
        "5": "Api_key hoặc api_secret không đúng",
        "6": "Sai format_type",
    },
    # The v2 documentation does not list the codes; these are the messages of the service.
    "v2": {
        "0": "Success",
        "1": "The photo does not contain content",
        "2": "Url is unavailable",
        "3": "Incorrect image format",
        "4": "Out of requests",
        "5": "Incorrect api_key or api_secret",
        "6": "Incorrect format_type",
    },
}
"""``errorMessage`` of each ``errorCode`` by API version."""

_ERRORS: Final[dict[str, CvocrError]] = {
    str(error.code): error
    for error in (
        NoDocumentError("the service found no paper in the picture: check that it shows one"),
        FetchError("the service could not fetch the URL: check that it opens without a login"),
        ImageError("the service could not read the picture: send a JPEG or PNG"),
        QuotaError("the account has no requests left: buy more, then run the rest"),
        CredentialsError("the service refused the key or the secret: check both"),
        FormatTypeError("the service refused this transport of the picture: pass another one"),
    )
}


def code_of(value: object) -> str:
    """Convert an ``errorCode`` to a string of digits; other text is returned unchanged.

    >>> code_of(0), code_of("05"), code_of(3.0)
    ('0', '5', '3')
    """
    if isinstance(value, bool):
        return str(int(value))
    text = str(value).strip()
    digits = re.fullmatch(r"0*(\d+?)(?:\.0+)?", text)
    return digits[1] if digits else text


def error_of(code: object) -> CvocrError:
    """Return a new error of the class for this code; `AnswerError` for undocumented codes.

    >>> error_of("4")
    QuotaError('the account has no requests left: buy more, then run the rest')
    """
    text = code_of(code)
    known = _ERRORS.get(text)
    if known is not None:
        return type(known)(*known.args)
    # An unknown code may even be the value of a field, so only a number is repeated.
    shown = f" {text}" if re.fullmatch(r"-?\d{1,5}", text) else ""
    return AnswerError(f"the service answered with an undocumented error code{shown}")
