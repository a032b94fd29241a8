"""Read and merge journals, and convert decisions to a table."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import replacing
from cvocr_lab.frames import TEXT
from cvocr_lab.journal.append_only import read
from cvocr_lab.journal.decision import Decision, Item, cells_of, line_of
from cvocr_lab.journal.file import Journal, warn_of_invalid_lines
from cvocr_lab.journal.fold import not_undone, unique

Decisions: TypeAlias = "str | PathLike[str] | Journal | Iterable[str | PathLike[str] | Decision]"
"""A path, an open journal, a list of paths, or decisions."""


def read_decisions(journal: Decisions) -> tuple[Decision, ...]:
    """Read the decisions of one or several journals, without duplicates, in order of time.

    Parameters
    ----------
    journal
        A path, an open `Journal`, decisions, or a list of paths.

    Raises
    ------
    ArgumentError
        A file does not exist.
    """
    if isinstance(journal, Journal):
        return journal.decisions
    if isinstance(journal, str | PathLike):
        journal = [journal]
    decisions: list[Decision] = []
    for part in journal:
        if isinstance(part, Decision):
            decisions.append(part)
            continue
        path = Path(part)
        if not path.is_file():
            raise ArgumentError(f"there is no journal {path}")
        lines = read(path)
        warn_of_invalid_lines(path, lines.invalid_lines)
        decisions += lines.decisions
    return tuple(unique(decisions))


def merge(
    paths: Iterable[str | PathLike[str]], *, out: str | PathLike[str] | None = None
) -> tuple[Decision, ...]:
    """Merge journals: all decisions without duplicates, in order of time.

    The order of the journals does not matter, and merging can be repeated.  If two people decided
    a field differently without having seen each other's decision, the field is disputed until
    somebody decides it again in the merged journal.

    Parameters
    ----------
    paths
        The journals.
    out
        New file for the merged journal; None to write no file.

    Raises
    ------
    ArgumentError
        A journal does not exist, or `out` already exists.
    """
    decisions = read_decisions(list(paths))
    if out is None:
        return decisions
    target = Path(out)
    if target.exists():
        raise ArgumentError(f"{target} already exists")
    with replacing(target) as temporary, temporary.open("wb") as file:
        file.writelines(map(line_of, decisions))
    return decisions


def to_frame(journal: Decisions) -> pd.DataFrame:
    """Convert decisions to a table with one row each, in order of time.

    Its columns are the attributes of `Decision` and `Item` (`replaces` joined by ``;``), and
    `stands`: False for undone decisions and for those that undo others.

    Raises
    ------
    ArgumentError
        A file does not exist.

    Examples
    --------
    >>> item = Item(source="a.jpg", field="name")
    >>> table = to_frame([Decision(item, "confirmed", "TRẦN ÂN", seconds=1.5)])
    >>> table[["field", "seconds", "state", "stands"]].to_dict("records")
    [{'field': 'name', 'seconds': 1.5, 'state': 'confirmed', 'stands': True}]
    """
    decisions = read_decisions(journal)
    valid = {d.id for d in not_undone(decisions)}
    rows = [
        {**cells_of(d), "replaces": ";".join(d.replaces), "stands": d.id in valid}
        for d in decisions
    ]
    dtypes: dict[str, str] = {
        "time": "datetime64[us, UTC]", "label": "object", "page": "int64", "nth": "int64",
        "seconds": "float64", "chance": "float64", "stands": "bool",
    }  # fmt: skip
    names = [*cells_of(Decision(Item(), "untouched")), "stands"]
    table = pd.DataFrame(rows, columns=names, dtype=object)
    return table.astype({name: dtypes.get(name, TEXT) for name in names})
