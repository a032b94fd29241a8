"""The rules of `check`, which ``check_rules.csv`` lists, and the issues that they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvocr_lab.data import rows

Severity = Literal["high", "medium", "low"]
"""``high``: both cannot be right; ``medium``: exceptions exist; ``low``: a weak rule or a hint."""

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its severity, the message of an issue (without values), and its source.

    `evidence` has a place ``{}`` for each value of an issue's evidence; if it is "", the values are
    joined by commas.
    """

    severity: Severity
    message: str
    source: str
    evidence: str = ""


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        name: Rule(cast("Severity", severity), *texts)
        for name, severity, *texts in (row.values() for row in rows("check_rules.csv"))
    }
)
"""All rules by name."""


class Issues:
    """The issues found so far."""

    def __init__(self) -> None:
        self._pieces: list[pd.DataFrame] = []

    def add(
        self, rule: str, fields: str | Texts, where: Mask, *values: NDArray[Any], form: str = ""
    ) -> None:
        """Add an issue for each row in `where`.

        `fields` is the field, or one for each row of the frame.  The evidence is the row's entry of
        each of the arrays `values`, in the places ``{}`` of `form` or of the rule, or else joined.
        """
        at = np.flatnonzero(where)
        if not len(at):
            return
        form = form or RULES[rule].evidence or ", ".join(["{}"] * len(values))
        evidence = zip(*(value[at] for value in values), strict=True)
        self._pieces.append(
            pd.DataFrame(
                {
                    "position": at,
                    "field": fields if isinstance(fields, str) else fields[at],
                    "rule": rule,
                    "severity": RULES[rule].severity,
                    "message": RULES[rule].message,
                    "evidence": [form.format(*row) for row in evidence],
                }
            )
        )

    def frame(self) -> pd.DataFrame:
        """Return all issues by row, the most severe first."""
        columns = ["field", "rule", "severity", "message", "evidence", "position"]
        if not self._pieces:
            made = pd.DataFrame({c: pd.Series([], dtype="str") for c in columns})
            return made.astype({"position": "int64"})
        made = pd.concat(self._pieces, ignore_index=True)[columns]
        rank = made["severity"].map({"high": 0, "medium": 1, "low": 2})
        order = np.lexsort((np.arange(len(made)), rank.to_numpy(), made["position"].to_numpy()))
        return made.take(order).reset_index(drop=True)
