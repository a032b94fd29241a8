"""Write Label Studio tasks, and the labelling interface for them.

Places are in percent of the picture's size.  A box is given by its top left corner and its size,
and rotated about this corner, in pixels, clockwise by ``rotation`` degrees.

Sources: labelstud.io, *Import pre-annotated data into Label Studio*, and *Export annotations, units
of image annotations*; HumanSignal/label-studio#5274 about the corner.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from os import PathLike
from typing import Any, Final, Literal
from urllib.parse import quote

import pandas as pd

from cvocr_lab.errors import refuse_ending
from cvocr_lab.exchange.papers import (
    Paper,
    Region,
    about,
    bare_name,
    outline_quad,
    papers_of,
    picture_size,
)
from cvocr_lab.files import replacing_text
from cvocr_lab.frames import field_columns, restore
from cvocr_lab.journal.decision import plain_label
from cvocr_lab.results import Quad

Json = Mapping[str, Any]

_SQUARE: Final = 0.75
"""Largest distance in pixels of a corner from that of a true rectangle."""


def to_label_studio(
    frame: pd.DataFrame,
    path: str | PathLike[str],
    *,
    made_by: Literal["engine", "person"] | None = None,
    folders: bool = True,
    root: str | None = None,
) -> None:
    """Write a flat frame as a file of Label Studio tasks, one per row.

    Set up the project with `label_studio_config`.  A value with a quad becomes a box (or a
    polygon, if it is not rectangular) with the field as label and its own text; a value without a
    quad becomes a text beside the picture.  A failed row becomes a task without results.  The
    sizes of the pictures are read, because Label Studio stores places in percent of them.

    The other attributes of a reading (``ocr_valid``, warnings, corners …) are in the task's data
    under ``reading``, together with the exact quads, which `from_label_studio` uses for boxes that
    nobody has moved.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file, ``.json``, created with mode 0600, since it contains personal data.
    made_by
        None writes annotations for the values that people reviewed (``ocr_reviewed``), and
        predictions for the others; ``"engine"`` writes only predictions, ``"person"`` only
        annotations.
    folders
        Whether to write paths with their folders; False writes only the file names.
    root
        Prefix for the paths under which Label Studio finds the pictures, such as
        ``"/data/local-files/?d=folder/"`` for its local storage.  None adds no prefix.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or contains pictures instead of paths, or `path` does not end
        in ``.json``.
    RowError
        A picture with values cannot be read.
    """
    refuse_ending(path, ".json")
    sizes: dict[str, tuple[int, int]] = {}
    tasks = []
    for paper in papers_of(frame):
        if paper.document is not None and paper.source not in sizes:
            sizes[paper.source] = picture_size(paper.source)
        name = paper.source if folders else bare_name(paper.source)
        tasks.append(_task(paper, name, sizes.get(paper.source, (1, 1)), made_by, root))
    with replacing_text(path) as file:
        json.dump(tasks, file, ensure_ascii=False, indent=1)


def label_studio_config(frame: pd.DataFrame) -> str:
    """Return the labelling interface for the tasks of `to_label_studio`, as XML.

    Examples
    --------
    >>> frame = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "name": ["TRẦN AN"]})
    >>> '<Label value="name"/>' in label_studio_config(frame)
    True
    """
    frame = restore(frame)
    fields = field_columns(frame.columns)
    labels = "".join(f'\n    <Label value="{html.escape(f)}"/>' for f in fields)
    beside = "".join(
        f'\n  <Header value="{html.escape(f)}"/>'
        f'\n  <TextArea name="{html.escape(f)}" toName="image" maxSubmissions="1" editable="true"/>'
        for f in fields
        if (frame[f].notna() & frame[f"{f}_quad"].isna()).any()
    )
    return (
        '<View>\n  <Image name="image" value="$image" zoom="true" rotateControl="true"/>\n'
        f'  <Labels name="label" toName="image">{labels}\n  </Labels>\n'
        '  <Rectangle name="box" toName="image" canRotate="true"/>\n'
        '  <Polygon name="outline" toName="image"/>\n'
        '  <TextArea name="transcription" toName="image" perRegion="true" editable="true" '
        f'required="true" displayMode="region-list"/>{beside}\n</View>\n'
    )


def _task(
    paper: Paper,
    name: str,
    size: tuple[int, int],
    made_by: Literal["engine", "person"] | None,
    root: str | None,
) -> Json:
    # In a query, & and # must be escaped; a plain folder is left readable.
    image = (root or "") + (quote(name, safe="/") if root and "?" in root else name)
    label = plain_label(paper.label)
    data: dict[str, object] = {"image": image, "label": label, "face": paper.nth}
    document = paper.document
    if document is None:
        return {"data": data}
    data |= {"type": document.type, "side": document.side, "page": document.page}
    quads = {field: value.quad for field, value in document.fields.items() if value.quad}
    reading = about(document) | ({"quads": quads} if quads else {})
    if reading:
        data["reading"] = reading
    forced = {"engine": frozenset[str](), "person": frozenset(document.fields)}
    confirmed = forced.get(made_by or "", paper.reviewed)
    by_person = [region for region in document.fields.items() if region[0] in confirmed]
    by_engine = [region for region in document.fields.items() if region[0] not in confirmed]
    task: dict[str, object] = {"data": data}
    # A person may have decided that there is no value: an annotation without results.
    if confirmed or made_by == "person":
        task["annotations"] = [
            {"result": [part for region in by_person for part in _parts(region, size)]}
        ]
        if by_engine:  # tells from_label_studio that nobody has deleted these
            data["reading"] = {**reading, "unreviewed": [field for field, _ in by_engine]}
    if by_engine or "annotations" not in task:
        known = [value.confidence for _, value in by_engine if value.confidence is not None]
        prediction: dict[str, object] = {"model_version": paper.engine}
        prediction["result"] = [part for r in by_engine for part in _parts(r, size)]
        task["predictions"] = [prediction | ({"score": min(known)} if known else {})]
    return task


def _parts(region: Region, size: tuple[int, int]) -> list[Json]:
    field, value = region
    text = {"text": [value.text]}
    score = {} if value.confidence is None else {"score": value.confidence}
    if value.quad is None:
        return [
            {"id": f"{field}-text", "from_name": field, "to_name": "image", "type": "textarea",
             "value": text, **score},
        ]  # fmt: skip
    kind, place = place_of(value.quad, size)
    about = {
        "id": field, "to_name": "image", "original_width": size[0], "original_height": size[1],
        "image_rotation": 0, **score,
    }  # fmt: skip
    name = "box" if kind == "rectangle" else "outline"
    return [
        {**about, "from_name": name, "type": kind, "value": place},
        {**about, "from_name": "label", "type": "labels",
         "value": {**place, "labels": [field]}},
        {**about, "from_name": "transcription", "type": "textarea", "value": {**place, **text}},
    ]  # fmt: skip


def place_of(quad: Quad, size: tuple[int, int]) -> tuple[str, Json]:
    """Return ``rectangle`` or ``polygon`` for a quad in pixels, and its value in a region."""
    width, height = size
    corners = list(zip(quad[::2], quad[1::2], strict=True))
    (x1, y1), (x2, y2), _, (x4, y4) = corners
    along, down = math.hypot(x2 - x1, y2 - y1), math.hypot(x4 - x1, y4 - y1)
    angle = math.degrees(math.atan2(y2 - y1, x2 - x1))
    true = _turned(x1, y1, along, down, angle)
    box = {
        "x": x1 / width * 100,
        "y": y1 / height * 100,
        "width": along / width * 100,
        "height": down / height * 100,
    }
    square = max(math.dist(a, b) for a, b in zip(corners, true, strict=True)) <= _SQUARE
    # Label Studio rejects boxes that are wider than the picture, such as a long vertical line.
    if along and square and all(0 <= percent <= 100 for percent in box.values()):
        return "rectangle", {**box, "rotation": angle % 360}
    points = [[x / width * 100, y / height * 100] for x, y in corners]
    return "polygon", {"points": points, "closed": True}


def _turned(x: float, y: float, w: float, h: float, angle_deg: float) -> list[tuple[float, float]]:
    """Return the corners of a box that is rotated clockwise about its top left corner."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return [
        (x, y),
        (x + w * cos, y + w * sin),
        (x + w * cos - h * sin, y + w * sin + h * cos),
        (x - h * sin, y + h * cos),
    ]


def quad_of(part: Json, value: Json) -> Quad:
    """Return the quad of a region's value in pixels; `part` holds the size of the picture."""
    width, height = (float(str(part[f"original_{side}"])) for side in ("width", "height"))
    if "points" in value:
        return outline_quad(
            [(float(x) * width / 100, float(y) * height / 100) for x, y in value["points"]]
        )
    x, y, w, h = (float(str(value[key])) for key in ("x", "y", "width", "height"))
    turn = float(str(value.get("rotation") or 0))
    return outline_quad(
        _turned(x * width / 100, y * height / 100, w * width / 100, h * height / 100, turn)
    )
