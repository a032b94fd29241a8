"""`Displayed`: show a result as text, and as HTML in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape

import pandas as pd


class Displayed(ABC):
    """A result that is shown as a headline, tables and a note."""

    __slots__ = ()

    @abstractmethod
    def headline(self) -> str:
        """Return the result in one line."""

    @abstractmethod
    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        """Return the tables, of which empty ones are left out, and the note ("" for none)."""

    def __repr__(self) -> str:
        tables, note = self._shown()
        texts = [table.to_string() for table in tables if len(table)]
        return "\n".join(
            [f"{type(self).__name__}: {self.headline()}", *texts, *filter(None, [note])]
        )

    def _repr_html_(self) -> str:
        # Without colours, so that it fits light and dark notebooks.
        tables, note = self._shown()
        parts = [f"<p><b>{type(self).__name__}</b>: {escape(self.headline())}</p>"]
        parts += [
            f'<div style="overflow-x:auto">{table.to_html(border=0)}</div>'
            for table in tables
            if len(table)
        ]
        parts += [f"<p><small>{escape(note)}</small></p>"] if note else []
        return f"<div>{''.join(parts)}</div>"
