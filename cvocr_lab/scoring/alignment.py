"""List rows of the truth and readings that could not be paired one to one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvocr_lab.frames import TEXT, Pairing, Records, Truth, as_text
from cvocr_lab.frames.pairing import paired_labels
from cvocr_lab.frames.records import Ints


def alignment(
    read: Records, truth: Truth, pairing: Pairing, *, on: str | None = None
) -> pd.DataFrame:
    """List rows and readings that have no partner, or several.

    Rows with the same label and the same values are reported as duplicates.
    """
    answered = pairing.first >= 0
    spoken = pairing.answering(read.failed)
    in_vain = answered & read.failed[spoken] if len(read) else np.zeros(len(truth), bool)
    given, labels = paired_labels(read, truth, on)
    known = np.asarray(given.isin(labels), bool)
    again = np.flatnonzero(labels.duplicated(keep=False))
    some = truth.frame.iloc[again]
    stated = [*truth.columns, *(c for c in ("type", "side", "page") if c in some)]
    twins = pd.DataFrame({c: as_text(some[c]) for c in stated})
    twins[""] = pd.factorize(labels.take(again))[0]
    lone, spare = pairing.extra[~known[pairing.extra]], pairing.extra[known[pairing.extra]]
    several = sorted(row for row, more in pairing.more.items() if more)
    none = np.full(len(read) + len(truth), -1, np.int64)
    noticed: list[tuple[str, Ints, Ints]] = []
    for what, rows in (
        ("rows without a reading", np.flatnonzero(~answered)),
        ("rows whose reading failed", np.flatnonzero(in_vain)),
        ("duplicate rows", again[twins.duplicated().to_numpy(bool)]),
        ("rows with several readings", np.asarray(several, np.int64)),
    ):
        noticed.append((what, rows, pairing.first[rows]))
    for what, readings in (
        ("readings without truth", lone),
        ("surplus readings of a label", spare),
        ("readings ignored as copies", pairing.copies),
    ):
        noticed.append((what, none[: len(readings)], readings))
    tables = [pd.DataFrame({"what": w, "row": r, "reading": at}) for w, r, at in noticed]
    return pd.concat(tables, ignore_index=True).astype({"what": TEXT})
