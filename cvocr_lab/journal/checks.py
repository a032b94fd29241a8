"""Check the form of a value that a person typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cvocr_lab.kinds import FIELD_TYPES, FieldError

Check = Callable[[str], str]
"""A function that takes a value and returns briefly what is wrong with it, or ""."""


def check_value(
    field: str, form: str, text: str, checks: Mapping[str, Check | None] | None = None
) -> str:
    """Return briefly what is wrong with the form of a value; "" if nothing is.

    `form` is the name of the field's type, "" for none.  An empty text, for an absent value, is
    always right.  For some fields, `checks` may have a function to use instead of the type, or
    None for no check.

    >>> check_value("id", "CITIZEN_ID", "00109000000")
    'not 12 digits'
    >>> check_value("id", "CITIZEN_ID", "00109000000", {"id": None})
    ''
    """
    if not text.strip():
        return ""
    if checks and field in checks:
        own = checks[field]
        return own(text) if own else ""
    if form not in FIELD_TYPES:
        return ""
    try:
        FIELD_TYPES[form].parse(text)
    except FieldError as error:
        message = str(error).replace(f"of the form of a {form}", "of the usual form")
        return message.replace(f"in the list of {form}", "one of the usual values")
    return ""
