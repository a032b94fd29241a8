"""Label Studio tasks: predictions to correct there, and annotations that come back.

Source: labelstud.io, *Import pre-annotated data* and *Export annotations, units of image
annotations*.
"""

from __future__ import annotations

import html
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import quote, unquote

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.exchange.label_studio_boxes import place_in_percent, quad_of_percent
from cvocr_lab.exchange.papers import (
    LeftOutWarning,
    Paper,
    Region,
    bare_name,
    frame_of,
    inside,
    papers_of,
    picture_size,
    regions_of,
    values_of,
)
from cvocr_lab.files import replacing_text
from cvocr_lab.frames import field_columns
from cvocr_lab.journal.decision import plain_label
from cvocr_lab.results import Document, Quad
from cvocr_lab.text import nfc

_LOCAL: Final = "/data/local-files/?d="
_SHAPES: Final = frozenset(
    {"rectangle", "rectanglelabels", "polygon", "polygonlabels", "labels", "textarea"}
)

Json = Mapping[str, object]


def to_label_studio(
    frame: pd.DataFrame,
    path: str | PathLike[str],
    *,
    made_by: Literal["engine", "person"] | None = None,
    folders: bool = True,
    root: str | None = None,
) -> None:
    """Write a flat frame as a file of Label Studio tasks, one for each row.

    Set up the project with `label_studio_config`.  A value with a place is a box (a polygon where
    it is not rectangular) with the field as label and a text of its own; one without a place is a
    text beside the picture.  A failed row is a task without results.  The sizes of
    the pictures are read, because places are given in percent of them.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file, ``.json``; it holds people's data and is readable by you alone.
    made_by
        None writes annotations of what persons reviewed and predictions of the rest, as
        ``ocr_reviewed`` of a reviewed frame says; ``"engine"`` writes predictions only,
        ``"person"`` annotations only.
    folders
        Whether paths keep their folders; False writes the bare names of the files.
    root
        What Label Studio finds pictures under: put before the paths, as
        ``"/data/local-files/?d=folder/"`` for its local storage.  None leaves them as they are.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or holds pictures instead of paths.
    RowError
        A picture with values cannot be read.
    """
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
    """The labelling interface, as XML, that fits the tasks of `to_label_studio`.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN")})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> '<Label value="name"/>' in label_studio_config(frame)
    True
    """
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


def from_label_studio(
    path: str | PathLike[str],
    *,
    take: Literal["annotations", "predictions"] | None = None,
    root: str | None = None,
    column: str = "image",
    outside: bool = False,
) -> pd.DataFrame:
    """Read an export of Label Studio (JSON, not JSON-MIN) into a flat frame, one row per task.

    Of several annotations of a task the latest counts; cancelled ones don't.  Regions of one
    label are lines of one field, joined in their order; regions without a label are lines of
    ``text``.  ``ocr_engine`` is the prediction's model, or ``label-studio`` for a person's work.

    Parameters
    ----------
    path
        The file.
    take
        What to read; None for annotations, and predictions of tasks that have none.
    root
        Taken off the paths that begin with it; see `to_label_studio`.
    column
        What to call the column of paths.
    outside
        Whether pictures outside the folder of the file are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        The file is no such export, or a picture is outside.

    Warns
    -----
    LeftOutWarning
        Places drawn on a picture that was turned in Label Studio: their values come without.
    """
    try:
        tasks = json.loads(Path(path).read_text("utf-8-sig"))
        if not isinstance(tasks, list):
            raise TypeError("tasks are a list")
        turned: list[str] = []
        papers = [_paper(at, task, take, root, turned) for at, task in enumerate(tasks)]
        for paper in papers:
            inside(paper.source, path, outside=outside)
    except ArgumentError:
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ArgumentError(
            f"{path} is no export of Label Studio in its JSON format ({type(error).__name__})"
        ) from None
    if turned:
        text = f"{len(turned)} places were drawn on turned pictures; their values come without"
        warnings.warn(text, LeftOutWarning, stacklevel=2)
    return frame_of(papers, column=column)


def _task(
    paper: Paper,
    name: str,
    size: tuple[int, int],
    made_by: Literal["engine", "person"] | None,
    root: str | None,
) -> Json:
    image = name if root is None else root + _escaped(name, root)
    label = plain_label(paper.label)
    data: dict[str, object] = {"image": image, "label": label, "face": paper.nth}
    document = paper.document
    if document is None:
        return {"data": data}
    data |= {"type": document.type, "side": document.side, "page": int(document.page)}
    regions = list(regions_of(document))
    by_person = [r for r in regions if made_by == "person" or r.field in paper.reviewed]
    by_engine = [r for r in regions if r not in by_person]
    if made_by == "engine":
        by_person, by_engine = [], regions
    task: dict[str, object] = {"data": data}
    # A person may have said that nothing is there: an annotation without results.
    if by_person or made_by == "person" or (made_by is None and paper.reviewed):
        task["annotations"] = [{"result": _results(by_person, size)}]
    if by_engine or "annotations" not in task:
        known = [r.confidence for r in by_engine if r.confidence is not None]
        prediction: dict[str, object] = {"model_version": paper.engine}
        prediction["result"] = _results(by_engine, size)
        task["predictions"] = [prediction | ({"score": min(known)} if known else {})]
    return task


def _results(regions: Sequence[Region], size: tuple[int, int]) -> list[Json]:
    return [part for region in regions for part in _parts(region, size)]


def _escaped(source: str, root: str) -> str:
    # A query ends at & and #; a plain folder is left as it reads best.
    return quote(source, safe="/") if "?" in root else source


def _parts(region: Region, size: tuple[int, int]) -> list[Json]:
    text = {"text": [region.text]}
    score = {} if region.confidence is None else {"score": region.confidence}
    if region.quad is None:
        return [
            {"id": f"{region.field}-text", "from_name": region.field, "to_name": "image",
             "type": "textarea", "value": text, **score},
        ]  # fmt: skip
    kind, place = place_in_percent(region.quad, size)
    about = {
        "id": region.field,
        "to_name": "image",
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        **score,
    }
    name = "box" if kind == "rectangle" else "outline"
    return [
        {**about, "from_name": name, "type": kind, "value": place},
        {**about, "from_name": "label", "type": "labels",
         "value": {**place, "labels": [region.field]}},
        {**about, "from_name": "transcription", "type": "textarea", "value": {**place, **text}},
    ]  # fmt: skip


def _paper(
    at: int,
    task: Json,
    take: Literal["annotations", "predictions"] | None,
    root: str | None,
    turned: list[str],
) -> Paper:
    data = cast("Json", task["data"])
    work, engine = _work(task, take)
    by_id: dict[str, list[Json]] = {}
    for part in cast("Sequence[Json]", work.get("result", ())):
        if part.get("type") in _SHAPES:
            by_id.setdefault(str(part.get("id")), []).append(part)
    values = values_of([_region(parts, turned) for parts in by_id.values()])
    kind = str(data.get("type") or ("scan" if set(values) == {"text"} else ""))
    page = data.get("page")
    document = Document(
        kind,
        str(data.get("side") or ""),
        values,
        page if isinstance(page, int) and page > 0 else 1,
    )
    label = data.get("label", at)
    nth = data.get("face")
    return Paper(
        plain_label(label),
        _source(_picture(data), root),
        document,
        nth if isinstance(nth, int) else 1,
        engine,
    )


def _work(task: Json, take: str | None) -> tuple[Json, str]:
    """The annotation or prediction of a task that counts, and whose it is."""
    if take not in ("annotations", "predictions", None):
        raise ArgumentError(f"take is 'annotations' or 'predictions', not {take!r}")
    if take != "predictions":
        done = cast("Sequence[Json]", task.get("annotations") or ())
        done = [work for work in done if not work.get("was_cancelled")]
        if done:
            latest = max(done, key=lambda w: str(w.get("updated_at") or w.get("created_at") or ""))
            return latest, "label-studio"
    if take != "annotations":
        made = cast("Sequence[Json]", task.get("predictions") or ())
        if made:
            return made[-1], str(made[-1].get("model_version") or "")
    return {}, ""


def _picture(data: Json) -> str:
    """The picture of a task, whatever the labelling interface calls it."""
    named = [data[key] for key in ("image", "ocr", "captioning") if key in data]
    named += [v for v in data.values() if isinstance(v, str) and _PICTURE.search(v)]
    if not named:
        raise KeyError("image")
    return str(named[0])


_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|tiff?|bmp|webp|gif|pdf)(?:$|\?)", re.IGNORECASE)
_UPLOAD: Final = re.compile(r"^/?data/upload/\d+/(?:[0-9a-f]{8}-)?")


def _source(image: str, root: str | None) -> str:
    if root is None and _UPLOAD.match(image):
        return _UPLOAD.sub("", image)
    for prefix in (root, _LOCAL):
        if prefix and image.startswith(prefix):
            rest = image.removeprefix(prefix)
            return unquote(rest) if "?" in prefix else rest
    return image


def _region(parts: Sequence[Json], turned: list[str]) -> Region:
    """The region that parts of one id describe: outline, label, text."""
    field, text = "", ""
    quad: Quad | None = None
    confidence: float | None = None
    for part in parts:
        value = cast("Mapping[str, object]", part["value"])
        for key in ("labels", "rectanglelabels", "polygonlabels"):
            found = cast("Sequence[object]", value.get(key) or ())
            field = field or next((str(name) for name in found), "")
        lines = value.get("text")
        if lines is not None:
            text = (
                lines if isinstance(lines, str) else "\n".join(map(str, cast("list[str]", lines)))
            )
        if part.get("score") is not None and confidence is None:
            confidence = float(str(part["score"]))
        if quad is None and ("x" in value or "points" in value):
            if part.get("image_rotation"):
                turned.append(str(part.get("id")))
            else:
                quad = quad_of_percent(part, value)
    if not field and quad is None and parts[0].get("type") == "textarea":
        name = str(parts[0].get("from_name") or "")
        field = "" if name == "transcription" else name
    text = nfc(text)
    if field and field not in ("text", "mrz"):
        text = text.replace("\n", " ")
    return Region(field or "text", text, confidence, quad)
