"""Tags of rows, kept as decisions in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.frames import TAGS_COLUMN, Records
from cvocr_lab.journal import Decision, Item, Journal, frame_items, tags_of

_MOST = 12
"""Maximum number of tags of a row."""


class Tags:
    """The tags of the rows of a flat frame.

    Without a journal, they are read-only.
    """

    def __init__(
        self, records: Records, journal: Journal | None = None, items: list[Item] | None = None
    ) -> None:
        self._records, self.journal, self._given = records, journal, items

    @cached_property
    def _items(self) -> list[Item]:
        return frame_items(self._records) if self._given is None else self._given

    @cached_property
    def _texts(self) -> pd.Series:
        texts = self._records.texts(TAGS_COLUMN).copy()
        if self.journal is None or not self.journal.standings:
            return texts
        return pd.Series([self._text(row, own) for row, own in enumerate(texts.tolist())])

    def _text(self, row: int, own: str) -> str:
        standing = self.journal.at(self._items[row], TAGS_COLUMN) if self.journal else None
        return own if standing is None else tags_of(standing) or ""

    def of(self, row: int) -> list[str]:
        """Return the tags of a row."""
        return split(self._text(row, str(self._records.texts(TAGS_COLUMN).iat[row])))

    def having(self, tag: str) -> npt.NDArray[np.bool_]:
        """Return which rows have a tag."""
        has = {text: tag in split(text) for text in self._texts.unique().tolist()}
        return self._texts.map(has).to_numpy(bool)

    def known(self) -> list[str]:
        """Return all tags in alphabetical order."""
        return sorted({tag for text in self._texts.unique().tolist() for tag in split(text)})

    def put(self, row: int, tags: Iterable[str]) -> Decision | None:
        """Replace the tags of a row; the decision is on disk when this returns."""
        assert self.journal is not None
        own = str(self._records.texts(TAGS_COLUMN).iat[row])
        text = ";".join(split(";".join(tags))[:_MOST])
        if text == str(self._texts.iat[row]):
            return None
        item = replace(self._items[row], field=TAGS_COLUMN)
        decision = self.journal.decide(item, "corrected", value=text, engine_value=own)
        self._texts.iat[row] = self._text(row, own)
        return decision


def split(text: str) -> list[str]:
    """Split a text into tags without duplicates.

    >>> split("blurred; to ask;blurred;")
    ['blurred', 'to ask']
    """
    return list(dict.fromkeys(" ".join(tag.split()) for tag in text.split(";") if tag.strip()))
