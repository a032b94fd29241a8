"""Read annotations and predictions of Label Studio into a flat frame.

Source: labelstud.io, *Export annotations and data from Label Studio*.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError, fromstring

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.exchange.label_studio import Json, place_of, quad_of
from cvocr_lab.exchange.papers import (
    MALFORMED,
    LeftOutWarning,
    Paper,
    Region,
    frame_of,
    inside,
    values_of,
    with_about,
)
from cvocr_lab.journal.decision import plain_label
from cvocr_lab.results import Document, FieldValue, Quad
from cvocr_lab.text import nfc

_LOCAL: Final = "/data/local-files/?d="
_SHAPES: Final = frozenset(
    {"rectangle", "rectanglelabels", "polygon", "polygonlabels", "labels", "textarea"}
)
_UNMOVED: Final = 0.01
"""Largest distance in pixels of a corner that was not moved: percentages are rounded."""


def from_label_studio(
    path: str | PathLike[str],
    *,
    take: Literal["annotations", "predictions"] | None = None,
    root: str | None = None,
    config: str | PathLike[str] | None = None,
    column: str = "image",
    outside: bool = False,
) -> pd.DataFrame:
    """Read an export of Label Studio (JSON, not JSON-MIN) into a flat frame, one row per task.

    If a task has several annotations, the latest one that was not cancelled is used.  Regions with
    the same label are lines of one field, joined in their order; regions without a label are lines
    of ``text``.  ``ocr_engine`` is the model of the prediction, or ``label-studio`` for
    annotations.

    Parameters
    ----------
    path
        The file.
    take
        What to read; None for annotations, and for the predictions of tasks without annotations.
        If `to_label_studio` wrote a task as partly reviewed, None also reads the predictions of
        the fields that have not been reviewed since.  Any other field that an annotation lacks is
        empty, because a person has deleted it.
    root
        Prefix that is removed from the paths; see `to_label_studio`.
    config
        The project's labelling interface, as XML or the path of a file with it.  Its ``Image``
        tag says which key of the tasks' data contains the picture.  None for ``image``, ``ocr`` or
        ``captioning``, or else the only key whose value ends like the name of a picture.
    column
        Name of the column of paths.
    outside
        Whether pictures outside the folder of the file are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        The file is not such an export, `config` is not a labelling interface with a picture, or a
        picture is outside the folder.

    Warns
    -----
    LeftOutWarning
        Regions were drawn on a picture that was rotated in Label Studio; they have no quad.
    """
    try:
        tasks = json.loads(Path(path).read_text("utf-8-sig"))
        if not isinstance(tasks, list):
            raise TypeError("tasks are a list")
        turned: set[tuple[int, str]] = set()
        keys = () if config is None else _picture_keys(config)
        papers = [_paper(at, task, take, root, keys, turned) for at, task in enumerate(tasks)]
        for paper in papers:
            inside(paper.source, path, outside=outside)
    except ArgumentError:
        raise
    except MALFORMED as error:
        raise ArgumentError(
            f"{path} is not a JSON export of Label Studio ({type(error).__name__})"
        ) from None
    if turned:
        text = f"{len(turned)} regions were drawn on rotated pictures: their values have no quads"
        warnings.warn(text, LeftOutWarning, stacklevel=2)
    return frame_of(papers, path, column=column)


def _paper(
    at: int,
    task: Json,
    take: Literal["annotations", "predictions"] | None,
    root: str | None,
    keys: Sequence[str],
    turned: set[tuple[int, str]],
) -> Paper:
    data = task["data"]
    work, engine = _work(task, take)
    reading = _mapping(data.get("reading"))
    values = _values(at, work, reading, turned)
    left = reading.get("unreviewed")
    if take is None and isinstance(left, list):
        predicted = _values(at, _prediction(task), reading, turned)
        values = {f: v for f, v in predicted.items() if f in left} | dict(values)
    kind = str(data.get("type") or ("scan" if set(values) == {"text"} else ""))
    page, nth = data.get("page"), data.get("face")
    page = page if isinstance(page, int) and page > 0 else 1
    document = with_about(Document(kind, str(data.get("side") or ""), values, page), reading)
    label, source = plain_label(data.get("label", at)), _source(_picture(data, keys), root)
    return Paper(label, source, document, nth if isinstance(nth, int) else 1, engine)


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _values(
    at: int, work: Json, reading: Json, turned: set[tuple[int, str]]
) -> Mapping[str, FieldValue]:
    """Return the values of an annotation or prediction, and add rotated regions to `turned`."""
    by_id: dict[str, list[Json]] = {}
    for part in work.get("result", ()):
        if part.get("type") in _SHAPES:
            by_id.setdefault(str(part.get("id")), []).append(part)
    turned.update((at, name) for name, parts in by_id.items() if _is_turned(parts))
    exact = _mapping(reading.get("quads"))
    return values_of([_region(parts, exact) for parts in by_id.values()])


def _is_turned(parts: Sequence[Json]) -> bool:
    return any(part.get("image_rotation") for part in parts)


def _work(task: Json, take: str | None) -> tuple[Json, str]:
    """Return the annotation or prediction of a task that is used, and its author."""
    if take not in ("annotations", "predictions", None):
        raise ArgumentError(f"take must be 'annotations' or 'predictions', not {take!r}")
    if take != "predictions":
        every = task.get("annotations") or ()
        if done := [work for work in every if not work.get("was_cancelled")]:
            latest = max(done, key=lambda w: str(w.get("updated_at") or w.get("created_at") or ""))
            return latest, "label-studio"
    if take != "annotations":
        made = _prediction(task)
        return made, str(made.get("model_version") or "")
    return {}, ""


def _prediction(task: Json) -> Json:
    predictions: Sequence[Json] = task.get("predictions") or ({},)
    return predictions[-1]


def _picture_keys(config: str | PathLike[str]) -> tuple[str, ...]:
    """Return the keys of the data that contain pictures, from a labelling interface."""
    text = os.fspath(config)
    try:
        tree = fromstring(text if text.lstrip().startswith("<") else Path(text).read_text("utf-8"))
    except (ParseError, ValueError) as error:
        raise ArgumentError(
            f"config is not a labelling interface ({type(error).__name__})"
        ) from None
    values = [tag.get("value", "") for tag in tree.iter("Image")]
    keys = tuple(value[1:] for value in values if value.startswith("$"))
    if not keys:
        raise ArgumentError('config has no picture, such as <Image name="image" value="$image"/>')
    return keys


def _picture(data: Json, keys: Sequence[str]) -> str:
    """Return the picture of a task, whatever its key in the data."""
    named = [data[key] for key in keys or ("image", "ocr", "captioning") if key in data]
    if not named and not keys:
        found = {v for v in data.values() if isinstance(v, str) and _PICTURE.search(v)}
        named = list(found) if len(found) == 1 else []
    if not named:
        raise ArgumentError(
            "the key of the pictures in this JSON export of Label Studio is unknown: pass "
            "config=…, the labelling interface of the project"
        )
    return str(named[0])


_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|tiff?|bmp|webp|gif|pdf)(?:$|\?)", re.IGNORECASE)
_UPLOAD: Final = re.compile(r"^(?:https?://[^/]+)?/?data/upload/(?:\d+/)?(?:[0-9a-f]{8}-)?")
"""Prefix of uploaded files in Label Studio: the project and eight random digits."""


def _source(image: str, root: str | None) -> str:
    if root is None and _UPLOAD.match(image):
        return _UPLOAD.sub("", image)
    for prefix in (root, _LOCAL):
        if prefix and image.startswith(prefix):
            rest = image.removeprefix(prefix)
            return unquote(rest) if "?" in prefix else rest
    return image


def _region(parts: Sequence[Json], exact: Mapping[str, object]) -> Region:
    """Return the region that the parts with one id describe: outline, label, text."""
    field, text = "", ""
    quad: Quad | None = None
    confidence: float | None = None
    turned = _is_turned(parts)
    for part in parts:
        value = part["value"]
        for key in ("labels", "rectanglelabels", "polygonlabels"):
            field = field or next((str(name) for name in value.get(key) or ()), "")
        lines = value.get("text")
        if lines is not None:
            text = lines if isinstance(lines, str) else "\n".join(map(str, lines))
        if part.get("score") is not None and confidence is None:
            confidence = float(str(part["score"]))
        if quad is None and not turned and ("x" in value or "points" in value):
            quad = quad_of(part, value)
    if not field and quad is None and parts[0].get("type") == "textarea":
        name = str(parts[0].get("from_name") or "")
        field = "" if name == "transcription" else name
    text = nfc(text)
    if field and field not in ("text", "mrz"):
        text = text.replace("\n", " ")
    if quad is not None:
        quad = _exact(quad, parts[0], exact.get(field))
    return field or "text", FieldValue(text, confidence, quad)


def _exact(found: Quad, part: Json, written: object) -> Quad:
    """Return the exact quad that was exported, if the region has not been moved."""
    if not isinstance(written, Sequence) or len(written) != 8:
        return found
    quad = cast("Quad", tuple(map(float, written)))
    size = (int(str(part["original_width"])), int(str(part["original_height"])))
    drawn = quad_of(part, place_of(quad, size)[1])
    return quad if max(abs(a - b) for a, b in zip(found, drawn, strict=True)) < _UNMOVED else found
