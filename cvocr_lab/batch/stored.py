"""`read_store`: what a store holds, as a frame."""

from __future__ import annotations

from contextlib import closing
from os import PathLike

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.store import Store


def read_store(
    path: str | PathLike[str], *, kind: str | None = None, engine: str | None = None
) -> pd.DataFrame:
    """Read what a run has kept so far, while it goes on or after it died.

    Nothing is read by an engine.  To get the frame of a run that ended early, in the order and
    with the index of its sources, rather make the same call of `extract` again.

    Parameters
    ----------
    path
        The file that `extract` was given as ``store``.
    kind
        Only readings of this kind; needed where a store holds single pictures and pairs.
    engine
        Only readings of this engine, by its name and version, e.g. ``"local 1"``.

    Returns
    -------
    pandas.DataFrame
        A flat frame of each picture once, oldest first, under the name it was read by; column
        ``image``, or ``front`` and ``back``.

    Raises
    ------
    ArgumentError
        There is no such store, or it holds single pictures and pairs, and `kind` is None.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from cvocr_lab.batch import extract
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> class Stamp:
    ...     name = "stamp 1"
    ...
    ...     def extract(self, request):
    ...         return Extraction((Document("tcc_chip", "front", {"id": FieldValue("001")}),))
    >>> folder = tempfile.TemporaryDirectory()
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> store = f"{folder.name}/run.sqlite"
    >>> _ = extract([picture, picture], engine=Stamp(), store=store, progress=False)
    >>> read_store(store)[["image", "id"]].to_dict("records")
    [{'image': 'ndarray', 'id': '001'}]
    >>> folder.cleanup()
    """
    readings: list[Reading] = []
    names: list[tuple[str, ...]] = []
    with (
        Store(path, make=False) as store,
        closing(store.readings(kind=kind, engine=engine)) as kept,
    ):
        for each in kept:
            readings.append(each.reading)
            names.append(each.names)
    lengths = {len(name) for name in names}
    if len(lengths) > 1:
        raise ArgumentError(f"{path} holds single pictures and pairs: say kind=…")
    columns = ["front", "back"] if lengths == {2} else ["image"]
    return to_frame(readings, pd.DataFrame(names, columns=columns))
