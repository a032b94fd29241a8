"""Many decisions at once: read, put together, told as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, fields
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import replacing
from cvocr_lab.frames import TEXT
from cvocr_lab.journal.decision import Decision, Item, line_of
from cvocr_lab.journal.disk import read
from cvocr_lab.journal.file import Journal, warn_of_garbled
from cvocr_lab.journal.fold import standing, unique

Decisions: TypeAlias = "str | PathLike[str] | Journal | Iterable[str | PathLike[str] | Decision]"
"""A path, an open journal, a list of paths, or decisions."""


def read_decisions(journal: Decisions) -> tuple[Decision, ...]:
    """Every decision of a journal, or of several together, each once, by time.

    Parameters
    ----------
    journal
        A path, an open `Journal`, decisions, or a list of paths.

    Raises
    ------
    ArgumentError
        There is no such file.
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
        warn_of_garbled(path, lines.garbled)
        decisions += lines.decisions
    return tuple(unique(decisions))


def merge(
    paths: Iterable[str | PathLike[str]], *, out: str | PathLike[str] | None = None
) -> tuple[Decision, ...]:
    """Put journals together: every decision once, by time.

    Merging is safe to repeat, and in any order.  Where two persons said different things of one
    field, neither knowing of the other, the field is disputed until somebody decides it again
    in the merged journal.

    Parameters
    ----------
    paths
        The journals.
    out
        Where to write the merged journal, a new file; None for nowhere.

    Raises
    ------
    ArgumentError
        A journal is not there, or `out` is there already.
    """
    decisions = read_decisions(list(paths))
    if out is None:
        return decisions
    target = Path(out)
    if target.exists():
        raise ArgumentError(f"{target} is there already")
    with replacing(target) as temporary, temporary.open("wb") as file:
        file.writelines(map(line_of, decisions))
    return decisions


def to_frame(journal: Decisions) -> pd.DataFrame:
    """Tell decisions as a table, one row each, by time: for pace, audits and thresholds.

    Columns are the parts of `Decision` and of its `Item`, `replaces` joined by ``;``, and
    `stands`: False for those taken back and for the takings back.

    Raises
    ------
    ArgumentError
        There is no such file.

    Examples
    --------
    >>> item = Item(source="a.jpg", field="name")
    >>> table = to_frame([Decision(item, "confirmed", "TRẦN ÂN", seconds=1.5)])
    >>> table[["field", "seconds", "state", "stands"]].to_dict("records")
    [{'field': 'name', 'seconds': 1.5, 'state': 'confirmed', 'stands': True}]
    """
    decisions = read_decisions(journal)
    valid = {d.id for d in standing(decisions)}
    rows = [
        (
            d.id, d.time, d.who, *astuple(d.item), d.state, d.value, d.engine, d.engine_value,
            d.seconds, d.note, d.doubt, d.chance, d.undoes, ";".join(d.replaces), d.id in valid,
        )
        for d in decisions
    ]  # fmt: skip
    names = (
        "id", "time", "who", *(f.name for f in fields(Item)), "state", "value", "engine",
        "engine_value", "seconds", "note", "doubt", "chance", "undoes", "replaces", "stands",
    )  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    dtypes: dict[str, str] = {
        "time": "datetime64[us, UTC]", "label": "object", "page": "int64", "nth": "int64",
        "seconds": "float64", "chance": "float64", "stands": "bool",
    }  # fmt: skip
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtypes.get(name, TEXT))
            for name, values in zip(names, columns, strict=True)
        }
    )
