"""The tree of exceptions, with the ``errorCode`` of the API for each class.

::

    CvocrError
    ├── RowError                  concerns one row; a bulk run stores it and continues
    │   ├── ImageError            3   the picture cannot be read
    │   ├── NoDocumentError       1   no paper in the picture
    │   ├── FetchError            2   the URL cannot be fetched
    │   ├── FormatTypeError       6   the service refused the format type
    │   ├── AnswerError           -   the service's answer was not understood
    │   ├── RefusalError          -   a model refused to read the picture
    │   ├── TransportError        -   the service could not be reached, after retries
    │   └── TimeLimitError        -   reading took longer than the time limit
    ├── DriftError            -   a score is significantly worse than a frozen one
    └── BatchError                stops the run; finished rows are kept
        ├── CredentialsError      5   wrong key or secret
        ├── QuotaError            4   out of requests
        └── ArgumentError         -   unknown kind, engine, column …
            └── MissingPartError  -   an optional part is not installed

Messages say what happened and what to do.  They never contain values of fields, keys or
credentials.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    import pandas as pd


_LISTED: Final = 40
"""Maximum number of names that a message lists."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a request (including pictures) and of the answer, and the cost of a reading.

    The cost is in the currency of the prices; None means unknown.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None


class CvocrError(Exception):
    """Base class of the package's exceptions."""

    code: ClassVar[str | None] = None
    """The ``errorCode`` of the API, a string of digits; None if the API has none."""


class RowError(CvocrError):
    """One row cannot be read; other rows can."""

    attempts: int = 1
    """Number of attempts; more than 1 only over a network."""

    usage: Usage | None = None
    """Tokens and cost in spite of the error."""


class ImageError(RowError):
    """The picture cannot be read: broken, too large, not a picture."""

    code = "3"


class NoDocumentError(RowError):
    """There is no paper in the picture, or no text for the kind ``scan``.

    For the offline engine, a paper of another type than requested is not an error.
    """

    code = "1"


class FetchError(RowError):
    """The URL cannot be fetched, or is not allowed."""

    code = "2"


class FormatTypeError(RowError):
    """The service refused the transport of the picture."""

    code = "6"


class AnswerError(RowError):
    """The service's answer was not understood."""


class RefusalError(RowError):
    """A model, or the filter of its server, refused to read the picture."""


class TransportError(RowError):
    """The service could not be reached, after retries."""


class TimeLimitError(RowError):
    """Reading took longer than the time limit per picture."""


class DriftError(CvocrError):
    """A score is significantly worse than a frozen one.

    `fallen` has a row per field that is worse: `what` (``exact`` or ``CER``), `was`, `now`, `p`.
    """

    def __init__(self, message: str, fallen: pd.DataFrame) -> None:
        super().__init__(message)
        self.fallen = fallen


class BatchError(CvocrError):
    """An error that would affect all further rows; it stops the run."""

    partial: pd.DataFrame | None = None
    """The flat frame of the rows that were finished before the error."""


class CredentialsError(BatchError):
    """The service refused the key or the secret."""

    code = "5"


class QuotaError(BatchError):
    """The account has no requests left."""

    code = "4"


class ArgumentError(BatchError, ValueError):
    """An argument is wrong, such as an unknown kind, engine or column."""


class MissingPartError(ArgumentError, ImportError):
    """An optional dependency is not installed; the message contains the install command."""


def unknown(what: str, name: object, known: Iterable[object], *, more: str = "") -> ArgumentError:
    """Create the error for an unknown name, with the name that was probably meant.

    `what` is the word for it, such as ``"column"``; `more` is appended to the message.

    >>> print(unknown("kind", "id_ayn", ["id_any", "scan"]))
    unknown kind 'id_ayn': did you mean 'id_any'? There are: id_any, scan
    """
    names = list(dict.fromkeys(map(str, known)))
    folded = {key.casefold(): key for key in names}
    near = get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.5)
    meant = f": did you mean {folded[near[0]]!r}? There are" if near else "; there are"
    shown = ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
    tail = f": {shown}" if near else f" {shown}"
    return ArgumentError(f"unknown {what} {name!r}{meant}{tail if names else ' none'}{more}")


def refuse_ending(path: str | PathLike[str], *endings: str, more: str = "") -> None:
    """Refuse a file name with a wrong ending.

    Raises ArgumentError if the name has none of `endings`; `more` is appended to the message.
    """
    name = Path(path).name
    if not name.lower().endswith(endings):
        raise ArgumentError(f"this writes {' or '.join(endings)}, not {name!r}{more}")


def caller_stacklevel() -> int:
    """Return the `stacklevel` at which a warning points to the line that called this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "cvocr_lab":
        level, frame = level + 1, frame.f_back
    return level
