"""Whether a typed value has the form of its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cvocr_lab.kinds import FIELD_TYPES, FieldError

Check = Callable[[str], str]
"""Takes a value, gives what is wrong with it in few words, or ""."""


def complaint(
    field: str, form: str, text: str, checks: Mapping[str, Check | None] | None = None
) -> str:
    """Say in few words what is wrong with a value's form; "" for nothing.

    Parameters
    ----------
    field
        Its name, which `checks` go by.
    form
        Name of its field type; "" for none.
    text
        What was typed; the empty text, for an absent value, is always right.
    checks
        Checks of a person's own in place of the field type's; None for no check of a field.

    Examples
    --------
    >>> complaint("id", "CITIZEN_ID", "00109000000")
    'not 12 digits'
    >>> complaint("id", "CITIZEN_ID", "00109000000", {"id": None})
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
        said = str(error).replace(f"of the form of a {form}", "of the usual form")
        return said.replace(f"in the list of {form}", "one of the usual values")
    return ""
