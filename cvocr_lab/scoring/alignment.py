"""List rows of the truth and readings that could not be paired one to one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvocr_lab.frames import TEXT, Pairing, Records, Truth, as_text
from cvocr_lab.frames.pairing import paired_labels


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
    of_rows = {
        "rows without a reading": np.flatnonzero(~answered),
        "rows whose reading failed": np.flatnonzero(in_vain),
        "duplicate rows": again[twins.duplicated().to_numpy(bool)],
        "rows with several readings": np.asarray(several, np.int64),
    }
    of_readings = {
        "readings without truth": lone,
        "surplus readings of a label": spare,
        "readings ignored as copies": pairing.copies,
    }
    tables = [
        *(pd.DataFrame({"what": what, "row": rows, "reading": pairing.first[rows]})
          for what, rows in of_rows.items()),
        *(pd.DataFrame({"what": what, "row": -1, "reading": readings})
          for what, readings in of_readings.items()),
    ]  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    return table.astype({"what": TEXT, "row": "int64", "reading": "int64"})
