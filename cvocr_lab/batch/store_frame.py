"""`read_store`: the readings in a store as a frame."""

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
    """Return the readings in a store as a flat frame, also while a run writes to it.

    No engine is asked.  To complete a run that ended early, and to get its frame with the order
    and index of its sources, repeat the same call of `extract` instead.

    Parameters
    ----------
    path
        The file that was passed to `extract` as ``store``.
    kind
        Only readings of this kind; required if the store holds single pictures and pairs.
    engine
        Only readings of this engine: name and version, such as ``"local 1"``.

    Returns
    -------
    pandas.DataFrame
        A flat frame with each picture once, oldest first.  The column ``image``, or ``front`` and
        ``back``, holds the name under which the picture was read.

    Raises
    ------
    ArgumentError
        The store does not exist, or it holds single pictures and pairs, and `kind` is None.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from cvocr_lab.batch import extract
    >>> def read(picture):
    ...     return {"id": "001"}
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> with TemporaryDirectory() as folder:
    ...     store = f"{folder}/run.sqlite"
    ...     _ = extract([picture, picture], engine=read, store=store, progress=False)
    ...     read_store(store)[["image", "id"]].to_dict("records")
    [{'image': 'ndarray', 'id': '001'}]
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
        raise ArgumentError(f"{path} holds single pictures and pairs: pass kind=…")
    columns = ["front", "back"] if lengths == {2} else ["image"]
    return to_frame(readings, pd.DataFrame(names, columns=columns))
