"""``df.cvocr`` and ``series.cvocr``: a table of contents.

The accessors hold the frame and nothing else (pandas 3 makes a new one at each use); every
method has a function twin in `cvocr_lab`, which says all there is to say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cvocr_lab import batch, cleaning, exchange, frames, scoring, views
from cvocr_lab.batch import Column, Plan
from cvocr_lab.engines import Engine
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.journal import Decisions, Journal
from cvocr_lab.scoring import Alternatives
from cvocr_lab.views import Check, Order, Reviewer, Sweeper, SweepOrder, Viewer
from cvocr_lab.views.queue import Seconds

if TYPE_CHECKING:
    from PIL import Image


@pd.api.extensions.register_dataframe_accessor("cvocr")
class FrameAccessor:
    """What `cvocr_lab` does with a DataFrame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def extract(
        self,
        column: Column | Sequence[Column] | None = None,
        *,
        kind: str = "id_any",
        engine: str | Engine | Callable[[], Engine] = "local",
        workers: int | None = None,
        time_limit_s: float | None = batch.TIME_LIMIT_S,
        progress: bool = True,
        errors: Literal["coerce", "raise"] = "coerce",
        base: str | PathLike[str] | None = None,
        pages: Sequence[int] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        retry_failed: bool = False,
        **options: object,
    ) -> pd.DataFrame:
        """Read the pictures of a column (of two for pairs); see `cvocr_lab.extract`."""
        return batch.extract(
            self._frame,
            column=column,
            kind=kind,
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            errors=errors,
            base=base,
            pages=pages,
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=retry_failed,
            **options,
        )

    def extract_iter(
        self,
        column: Column | Sequence[Column] | None = None,
        *,
        chunk: int = 1_000,
        kind: str = "id_any",
        engine: str | Engine | Callable[[], Engine] = "local",
        workers: int | None = None,
        time_limit_s: float | None = batch.TIME_LIMIT_S,
        progress: bool = True,
        errors: Literal["coerce", "raise"] = "coerce",
        base: str | PathLike[str] | None = None,
        pages: Sequence[int] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        retry_failed: bool = False,
        **options: object,
    ) -> Iterator[pd.DataFrame]:
        """Read a column piece by piece; see `cvocr_lab.extract_iter`."""
        return batch.extract_iter(
            self._frame,
            chunk=chunk,
            column=column,
            kind=kind,
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            errors=errors,
            base=base,
            pages=pages,
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=retry_failed,
            **options,
        )

    def plan(
        self,
        column: Column | Sequence[Column] | None = None,
        *,
        quota: int | None = None,
        kind: str = "id_any",
        engine: str | Engine | Callable[[], Engine] = "local",
        workers: int | None = None,
        time_limit_s: float | None = batch.TIME_LIMIT_S,
        progress: bool = True,
        errors: Literal["coerce", "raise"] = "coerce",
        base: str | PathLike[str] | None = None,
        pages: Sequence[int] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        retry_failed: bool = False,
        **options: object,
    ) -> Plan:
        """Tell what `extract` would do, before anything is spent; see `cvocr_lab.plan`."""
        return batch.plan(
            self._frame,
            quota=quota,
            column=column,
            kind=kind,
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            errors=errors,
            base=base,
            pages=pages,
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=retry_failed,
            **options,
        )

    def locate(
        self,
        *,
        fields: Sequence[str] | None = None,
        again: bool = False,
        engine: str | Engine | Callable[[], Engine] = "local",
        workers: int | None = None,
        time_limit_s: float | None = batch.TIME_LIMIT_S,
        progress: bool = True,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        **options: object,
    ) -> pd.DataFrame:
        """Give values that came without a place their quads; see `cvocr_lab.locate`."""
        return batch.locate(
            self._frame,
            fields=fields,
            again=again,
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            limits=limits,
            fetch=fetch,
            store=store,
            **options,
        )

    def apply(
        self,
        decisions: Decisions,
        *,
        match: Literal["path", "content"] = "path",
    ) -> pd.DataFrame:
        """Put what persons decided into this flat frame; see `cvocr_lab.apply`."""
        return views.apply(self._frame, decisions, match=match)

    def view(
        self,
        *,
        truth: pd.DataFrame | None = None,
        mask: bool = False,
        query: str = "",
        sort: str = "",
        on: str | None = None,
        height: int = 640,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    ) -> Viewer:
        """Show what was read, and where, row by row; see `cvocr_lab.view`."""
        return views.view(
            self._frame,
            truth=truth,
            mask=mask,
            query=query,
            sort=sort,
            on=on,
            height=height,
            limits=limits,
            fetch=fetch,
        )

    def show(
        self,
        row: int = 0,
        *,
        truth: pd.DataFrame | None = None,
        mask: bool = False,
        on: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    ) -> Image.Image:
        """Draw one row as a plain picture; see `cvocr_lab.show`."""
        return views.show(
            self._frame,
            row,
            truth=truth,
            mask=mask,
            on=on,
            limits=limits,
            fetch=fetch,
        )

    def review(
        self,
        journal: str | PathLike[str] | Journal = "review.jsonl",
        *,
        truth: pd.DataFrame | None = None,
        order: Order = "gain",
        audit: float = 0.1,
        seed: int = 0,
        fields: Sequence[str] | None = None,
        queue: pd.DataFrame | None = None,
        other: pd.DataFrame | None = None,
        checks: Mapping[str, Check | None] | None = None,
        who: str | None = None,
        on: str | None = None,
        height: int = 640,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    ) -> Reviewer:
        """Confirm and correct it field by field, by keyboard; see `cvocr_lab.review`."""
        return views.review(
            self._frame,
            journal,
            truth=truth,
            order=order,
            audit=audit,
            seed=seed,
            fields=fields,
            queue=queue,
            other=other,
            checks=checks,
            who=who,
            on=on,
            height=height,
            limits=limits,
            fetch=fetch,
        )

    def check(
        self,
        *,
        images: str | Sequence[str] | bool = False,
        base: str | PathLike[str] | None = None,
        on: str | None = None,
        rules: Sequence[str] | None = None,
        today: dt.date | None = None,
    ) -> pd.DataFrame:
        """List what contradicts itself; see `cvocr_lab.check`."""
        return cleaning.check(
            self._frame, images=images, base=base, on=on, rules=rules, today=today
        )

    def clean(
        self,
        *,
        fields: Sequence[str] | None = None,
        threshold: float = cleaning.THRESHOLD,
        parts: bool = False,
    ) -> pd.DataFrame:
        """Set the normal form of every value beside it; see `cvocr_lab.clean`."""
        return cleaning.clean(self._frame, fields=fields, threshold=threshold, parts=parts)

    def changes(
        self, *, fields: Sequence[str] | None = None, threshold: float = cleaning.THRESHOLD
    ) -> pd.DataFrame:
        """Tell what `clean` does to each cell, and why; see `cvocr_lab.changes`."""
        return cleaning.changes(self._frame, fields=fields, threshold=threshold)

    def suggestions(
        self,
        *,
        fields: Sequence[str] | None = None,
        threshold: float = cleaning.THRESHOLD,
        rules: Sequence[str] | None = None,
        on: str | None = None,
        today: dt.date | None = None,
    ) -> pd.DataFrame:
        """List the values worth a look, with repairs, for review; see `cvocr_lab.suggestions`."""
        return cleaning.suggestions(
            self._frame, fields=fields, threshold=threshold, rules=rules, on=on, today=today
        )

    def labels_from_codes(self, *, on: str | None = None) -> pd.DataFrame:
        """Make a truth of what QR codes and MRZ prove; see `cvocr_lab.labels_from_codes`."""
        return cleaning.labels_from_codes(self._frame, on=on)

    def to_excel(
        self,
        path: str | PathLike[str],
        *,
        crops: bool | Sequence[str] = False,
        folders: bool = True,
        quads: bool = False,
    ) -> None:
        """Write this flat frame as an Excel workbook; see `cvocr_lab.to_excel`."""
        exchange.to_excel(self._frame, path, crops=crops, folders=folders, quads=quads)

    def to_image_folder(
        self,
        folder: str | PathLike[str],
        *,
        pictures: Literal["copy", "link"] = "copy",
        metadata: Literal["jsonl", "csv"] = "jsonl",
    ) -> None:
        """Write a Hugging Face ``imagefolder``; see `cvocr_lab.to_image_folder`."""
        exchange.to_image_folder(self._frame, folder, pictures=pictures, metadata=metadata)

    def to_label_studio(
        self,
        path: str | PathLike[str],
        *,
        made_by: Literal["engine", "person"] = "engine",
        folders: bool = True,
        root: str | None = None,
    ) -> None:
        """Write Label Studio tasks; see `cvocr_lab.to_label_studio`."""
        exchange.to_label_studio(self._frame, path, made_by=made_by, folders=folders, root=root)

    def to_paddle(
        self,
        path: str | PathLike[str],
        *,
        folders: bool = True,
        prefix: str = "",
    ) -> None:
        """Write PaddleOCR's ``Label.txt``; see `cvocr_lab.to_paddle`."""
        exchange.to_paddle(self._frame, path, folders=folders, prefix=prefix)

    def suspects(
        self,
        truth: pd.DataFrame,
        *,
        other: pd.DataFrame | None = None,
        on: str | None = None,
        fields: Sequence[str] | None = None,
        least: float = 0.3,
    ) -> pd.DataFrame:
        """List labels that are likely wrong, as a queue; see `cvocr_lab.suspects`."""
        return views.suspects(self._frame, truth, other=other, on=on, fields=fields, least=least)

    def review_queue(
        self,
        *,
        truth: pd.DataFrame | None = None,
        order: Order = "gain",
        audit: float = 0.1,
        seed: int = 0,
        fields: Sequence[str] | None = None,
        seconds: Seconds | None = None,
        on: str | None = None,
    ) -> pd.DataFrame:
        """List what there is to review, the most worthwhile first; see `cvocr_lab.review_queue`."""
        return views.review_queue(
            self._frame,
            truth=truth,
            order=order,
            audit=audit,
            seed=seed,
            fields=fields,
            seconds=seconds,
            on=on,
        )

    def sweep(
        self,
        field: str,
        journal: str | PathLike[str] | Journal = "review.jsonl",
        *,
        order: SweepOrder = "confidence",
        per_page: int = 40,
        checks: Mapping[str, Check | None] | None = None,
        who: str | None = None,
        height: int = 640,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    ) -> Sweeper:
        """Go through one field of all papers at once; see `cvocr_lab.sweep`."""
        return views.sweep(
            self._frame,
            field,
            journal,
            order=order,
            per_page=per_page,
            checks=checks,
            who=who,
            height=height,
            limits=limits,
            fetch=fetch,
        )

    def relocate(self, old: str | PathLike[str], new: str | PathLike[str]) -> pd.DataFrame:
        """Say where the pictures are after they moved; see `cvocr_lab.relocate`."""
        return frames.relocate(self._frame, old, new)

    def wide(self) -> pd.DataFrame:
        """Set the faces of each input side by side; see `cvocr_lab.wide`."""
        return frames.wide(self._frame)

    def score(
        self,
        truth: pd.DataFrame,
        *,
        on: str | None = None,
        fields: Sequence[str] | None = None,
        by: str | Sequence[str] | None = None,
        tone_style: Literal["unify"] | None = None,
        alternatives: Alternatives | None = None,
        baseline: str | PathLike[str] | None = None,
    ) -> scoring.Score:
        """Judge this flat frame by a truth; see `cvocr_lab.score`."""
        return scoring.score(
            self._frame,
            truth,
            on=on,
            fields=fields,
            by=by,
            tone_style=tone_style,
            alternatives=alternatives,
            baseline=baseline,
        )

    def compare(
        self,
        b: pd.DataFrame,
        truth: pd.DataFrame,
        *,
        on: str | None = None,
        fields: Sequence[str] | None = None,
        names: tuple[str, str] = ("a", "b"),
        detect: float = 0.02,
        seed: int = 0,
    ) -> scoring.Comparison:
        """Set another reading of the same pictures against this one; see `cvocr_lab.compare`."""
        return scoring.compare(
            self._frame, b, truth, on=on, fields=fields, names=names, detect=detect, seed=seed
        )


@pd.api.extensions.register_series_accessor("cvocr")
class SeriesAccessor:
    """What `cvocr_lab` does with a Series of pictures."""

    def __init__(self, series: pd.Series) -> None:
        self._series = series

    def extract(
        self,
        *,
        kind: str = "id_any",
        engine: str | Engine | Callable[[], Engine] = "local",
        workers: int | None = None,
        time_limit_s: float | None = batch.TIME_LIMIT_S,
        progress: bool = True,
        errors: Literal["coerce", "raise"] = "coerce",
        base: str | PathLike[str] | None = None,
        pages: Sequence[int] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        retry_failed: bool = False,
        **options: object,
    ) -> pd.DataFrame:
        """Read these pictures; see `cvocr_lab.extract`."""
        return batch.extract(
            self._series,
            column=None,
            kind=kind,
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            errors=errors,
            base=base,
            pages=pages,
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=retry_failed,
            **options,
        )
