"""The exception tree, each class with the API ``errorCode`` it stands for.

::

    CvocrError
    ├── RowError                  one row's trouble; a bulk run notes it and goes on
    │   ├── ImageError            3   the picture cannot be read
    │   ├── NoDocumentError       1   no paper in the picture
    │   ├── FetchError            2   the URL cannot be fetched
    │   ├── FormatTypeError       6   the service refused the format type
    │   ├── AnswerError           -   the service's answer was not understood
    │   ├── RefusalError          -   a model would not read the picture
    │   ├── TransportError        -   the service could not be reached, after retries
    │   └── TimeLimitError        -   reading took longer than the time limit
    ├── DriftError            -   a score has fallen behind a frozen one
    └── BatchError                ends the run; finished rows are kept
        ├── CredentialsError      5   wrong key or secret
        ├── QuotaError            4   out of requests
        └── ArgumentError         -   unknown kind, engine, column …
            └── MissingPartError  -   an optional part is not installed

Messages say what happened and what to do.  They never hold a field value, a key or a credential.
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
"""Names that a message lists."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reading used up at a service that counts.

    Parameters
    ----------
    tokens_in, tokens_out
        Tokens of the question, pictures included, and of the answer; None when unknown.
    cost
        In the currency of the prices; None when unknown.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None


class CvocrError(Exception):
    """Anything this package raises on purpose."""

    code: ClassVar[str | None] = None
    """The API ``errorCode``, a string of digits; None where the API has none."""


class RowError(CvocrError):
    """One row cannot be read; other rows can."""

    attempts: int = 1
    """Times that it was tried; more than 1 only over a network."""

    usage: Usage | None = None
    """What it cost all the same."""


class ImageError(RowError):
    """The picture cannot be read: broken, too large, not a picture."""

    code = "3"


class NoDocumentError(RowError):
    """There is no paper in the picture; for kind ``scan``, no text.

    A paper of another kind than the asked one is no error offline: its type is found and told.
    """

    code = "1"


class FetchError(RowError):
    """The URL cannot be fetched, or may not be."""

    code = "2"


class FormatTypeError(RowError):
    """The service refused the way the picture was sent."""

    code = "6"


class AnswerError(RowError):
    """The service's answer was not understood."""


class RefusalError(RowError):
    """A model, or the filter of its server, would not read the picture."""


class TransportError(RowError):
    """The service could not be reached, after retries."""


class TimeLimitError(RowError):
    """Reading took longer than the time limit per picture."""


class DriftError(CvocrError):
    """A score has fallen below a frozen one by more than chance explains.

    Parameters
    ----------
    message
        Which fields, and how far.
    fallen
        One row per field that fell: `what` (``exact`` or ``CER``), `was`, `now` and `p`.
    """

    def __init__(self, message: str, fallen: pd.DataFrame) -> None:
        super().__init__(message)
        self.fallen = fallen


class BatchError(CvocrError):
    """Every further row would fail too; the run stops."""

    partial: pd.DataFrame | None = None
    """The flat frame of the rows finished before, when a run was under way."""


class CredentialsError(BatchError):
    """The service refused the key or the secret."""

    code = "5"


class QuotaError(BatchError):
    """The account has no requests left."""

    code = "4"


class ArgumentError(BatchError, ValueError):
    """The call itself is wrong: unknown kind, engine, column."""


class MissingPartError(ArgumentError, ImportError):
    """An optional part is not installed; the message gives the exact install line."""


def unknown(what: str, name: object, known: Iterable[object], *, more: str = "") -> ArgumentError:
    """Make the error for a name that is none of those there are, with the one it may have meant.

    Parameters
    ----------
    what
        What it is the name of: ``"kind"``, ``"column"``.
    name
        The name as given.
    known
        The names that there are.
    more
        What else to say.

    Examples
    --------
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
    """Refuse a file whose name says that it holds something else than what is written.

    Raises
    ------
    ArgumentError
        It ends in none of `endings`; the message goes on with `more`.
    """
    name = Path(path).name
    if not name.lower().endswith(endings):
        raise ArgumentError(f"this writes {' or '.join(endings)}, not {name!r}{more}")


def outside() -> int:
    """Count the frames up to the line that called this package: the `stacklevel` of a warning."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "cvocr_lab":
        level, frame = level + 1, frame.f_back
    return level
