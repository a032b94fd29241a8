import inspect
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import cvocr_lab
from cvocr_lab.accessor import FrameAccessor, SeriesAccessor
from cvocr_lab.engines import Request
from cvocr_lab.results import Document, Extraction, FieldValue


class Fake:
    name = "fake"

    def extract(self, request: Request) -> Extraction:
        number = FieldValue(str(request.images[0].pages[0].shape[1]))
        faces = [Document("tcc_chip", "front", {"id": number})]
        if len(request.images) == 2:
            faces.append(Document("matsautcc_chip", "back", {"date": number}))
        return Extraction(tuple(faces))


QUAD = (1.0, 2.0, 9.0, 2.0, 9.0, 6.0, 1.0, 6.0)


class Placed:
    name = "placed"

    def extract(self, request: Request) -> Extraction:
        number = FieldValue(str(request.images[0].pages[0].shape[1]), 0.5, QUAD)
        return Extraction((Document("tcc_chip", "front", {"id": number}),))


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    for width in (21, 22):
        Image.new("RGB", (width, 12)).save(tmp_path / f"{width}.png")
    paths = [str(tmp_path / "21.png"), str(tmp_path / "22.png")]
    return pd.DataFrame(
        {"image": paths, "other": paths[::-1], "id": ["21", "20"]}, index=["a", "b"]
    )


def test_a_frame_is_read_and_scored(table: pd.DataFrame) -> None:
    read = table.cvocr.extract(column="image", engine=Fake(), progress=False)
    assert read.index.tolist() == ["a", "b"]
    assert read["id"].tolist() == ["21", "22"]
    assert read.cvocr.score(table).summary().loc["id", "correct"] == 1


def test_a_series_is_read(table: pd.DataFrame) -> None:
    read = table["other"].cvocr.extract(engine=Fake(), progress=False)
    assert list(read.columns[:1]) == ["other"]
    assert read["id"].tolist() == ["22", "21"]


def test_pairs_lie_side_by_side(table: pd.DataFrame) -> None:
    read = table.cvocr.extract(
        column=("image", "other"), kind="id_pair", engine=Fake(), progress=False
    )
    wide = read.cvocr.wide()
    assert wide[["front_id", "back_date"]].to_numpy().tolist() == [["21", "21"], ["22", "22"]]
    assert wide.index.tolist() == ["a", "b"]


def test_a_frame_goes_to_other_tools_and_comes_back(table: pd.DataFrame, tmp_path: Path) -> None:
    read = table.cvocr.extract(engine=Placed(), progress=False)
    read.cvocr.to_excel(tmp_path / "read.xlsx", crops=True, quads=True)
    read.cvocr.to_label_studio(tmp_path / "tasks.json")
    read.cvocr.to_paddle(tmp_path / "Label.txt")
    read.cvocr.to_image_folder(tmp_path / "set")
    for back in (
        cvocr_lab.exchange.from_excel(tmp_path / "read.xlsx"),
        cvocr_lab.exchange.from_label_studio(tmp_path / "tasks.json"),
        cvocr_lab.exchange.from_paddle(tmp_path / "Label.txt"),
        cvocr_lab.exchange.from_image_folder(tmp_path / "set"),
    ):
        assert back[["id", "id_quad"]].to_numpy().tolist() == [["21", QUAD], ["22", QUAD]]


@pytest.mark.parametrize("accessor", [FrameAccessor, SeriesAccessor])
def test_each_method_has_a_twin_with_the_same_options(accessor: type) -> None:
    methods = [name for name in vars(accessor) if not name.startswith("_")]
    assert "extract" in methods
    for name in methods:
        twin: Callable[..., object] = inspect.unwrap(getattr(accessor, name))
        theirs = inspect.signature(twin).parameters
        ours = inspect.signature(getattr(accessor, name)).parameters
        for option, parameter in ours.items():
            if option != "self":
                assert parameter.default == theirs[option].default, option
                assert parameter.annotation == theirs[option].annotation, option
                assert parameter.kind == theirs[option].kind, option
        assert inspect.getdoc(getattr(accessor, name)) == inspect.getdoc(twin)
        assert "max_bytes" not in str(inspect.signature(getattr(accessor, name)))
        missing = set(theirs) - set(ours) - {next(iter(theirs))}
        assert missing <= ({"column"} if accessor is SeriesAccessor else set())


def test_nothing_is_kept_between_uses(table: pd.DataFrame) -> None:
    assert vars(table.cvocr) == {"_data": table.cvocr._data}
    assert table.cvocr._data is table
