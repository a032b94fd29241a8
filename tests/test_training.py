from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from cvocr_lab.engines.local.recogniser import Recogniser, model_file
from cvocr_lab.errors import ArgumentError
from cvocr_lab.text import CHARSET

torch = pytest.importorskip("torch")

from cvocr_lab.training import (  # noqa: E402
    average_checkpoints,
    evaluate,
    export,
    finders,
    finetune_lines,
    labelled_lines,
    restore,
    stream,
    train_finder,
)
from cvocr_lab.training.loop import read  # noqa: E402
from cvocr_lab.training.nets import LineNet, PaperNet, steps  # noqa: E402


@pytest.fixture(scope="module")
def shard() -> stream.Shard:
    return stream.draw_shard(7, 30, "shipped")


def test_shards_come_back_as_they_went(shard: stream.Shard, tmp_path: Path) -> None:
    stream.write_arrays(shard.arrays(), tmp_path / "drawn-7.npz")
    back = stream.load_shard(tmp_path / "drawn-7.npz")
    assert back.texts == shard.texts
    assert back.sorts == shard.sorts
    for one, two in zip(back.pictures, shard.pictures, strict=True):
        np.testing.assert_array_equal(one, two)
    assert [p.name for p in tmp_path.iterdir()] == ["drawn-7.npz"]


def test_batches_are_full_and_match_their_texts(shard: stream.Shard, tmp_path: Path) -> None:
    stream.write_arrays(shard.arrays(), tmp_path / "drawn-7.npz")
    made = stream.batches(tmp_path, random.Random(0), columns=3000)
    for _ in range(8):
        batch = next(made)
        n, one, height, width = batch.columns.shape
        assert (n, one, height) == (len(batch.texts), 1, 48)
        assert max(batch.widths) <= width < max(batch.widths) + 32
        assert set(batch.texts) <= set(shard.texts)


def test_steps_match_the_net() -> None:
    net = LineNet(5).eval()
    for width in (8, 47, 96, 97):
        assert net(torch.zeros(1, 1, 48, width)).shape == (1, int(steps(torch.tensor(width))), 6)


def test_figures_count_edits(shard: stream.Shard) -> None:
    perfect = evaluate(lambda _: shard.texts, shard)
    assert perfect["all"].cer == 0
    assert perfect["all"].exact == 1
    silent = evaluate(lambda pictures: [""] * len(pictures), shard)
    assert silent["all"].cer == 1
    assert silent["all"].lines == 30


def test_exported_file_reads_as_the_net_does(shard: stream.Shard, tmp_path: Path) -> None:
    net, charset = restore(model_file())
    path = tmp_path / "net.onnx"
    export(net, charset, path, figures={"validation": {"cer": 0.5}}, examples=shard.pictures)
    reader = Recogniser(path)
    assert reader.card["charset"] == charset
    assert reader.card["validation"] == {"cer": 0.5}
    assert path.stat().st_size < 6_000_000
    ours = read(net, shard.pictures)
    # Under an alphabet no word decides: the net alone is compared.
    everything = [charset] * len(shard.pictures)
    theirs = [line.text for line in reader.read(shard.pictures, alphabets=everything)]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same >= 29  # float16 may turn a near tie


def test_a_restored_net_reads_as_the_one_exported(shard: stream.Shard, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = LineNet(len(CHARSET))
    for _ in range(3):  # statistics other than those of a fresh net
        net(torch.randn(4, 1, 48, 64))
    net.eval()
    export(net, CHARSET, tmp_path / "net.onnx", figures={}, examples=shard.pictures)
    back, charset = restore(tmp_path / "net.onnx")
    assert charset == CHARSET
    lines = torch.randn(3, 1, 48, 120)
    with torch.no_grad():
        torch.testing.assert_close(back(lines), net(lines), atol=5e-3, rtol=0)


def test_other_files_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"none")
    with pytest.raises(ArgumentError, match="not a line model"):
        restore(tmp_path / "x.onnx")


def test_labelled_lines_are_cut_where_the_truth_is_known() -> None:
    picture = np.full((100, 400, 3), 200, np.uint8)
    picture[20:40, 50:250] = 10
    quad = (50.0, 20.0, 250.0, 20.0, 250.0, 40.0, 50.0, 40.0)
    frame = pd.DataFrame(
        {
            "image": [picture] * 4,
            "name": ["NGUYÊN VĂN A", "NGUYEN VAN B", "OTHER", "TRẦN C"],
            "name_quad": [quad, quad, quad, None],
        },
        index=list("abcd"),
    )
    truth = pd.DataFrame({"name": ["NGUYỄN VĂN A", None, "NGUYỄN", "TRẦN C"]}, index=list("abcd"))
    found = labelled_lines(frame, truth)
    assert (found.texts, found.cards) == (["NGUYỄN VĂN A"], [0])
    assert found.pictures[0].shape[:2] == (23, 201)
    assert found.pictures[0][12, 100, 0] == 10
    with pytest.raises(ArgumentError, match="unknown column 'card'"):
        labelled_lines(frame, truth, on="card")


def test_labels_of_another_paper_of_the_picture_are_not_taken() -> None:
    picture = np.full((100, 400, 3), 200, np.uint8)
    quad = (50.0, 20.0, 250.0, 20.0, 250.0, 40.0, 50.0, 40.0)
    frame = pd.DataFrame(
        {"image": [picture], "file": ["a"], "ocr_type": ["tcc"], "id": ["012345678901"],
         "id_quad": [quad]}
    )  # fmt: skip
    truth = pd.DataFrame(
        {"file": ["a", "a", "b"], "type": ["cmt", "tcc", "tcc"],
         "id": ["012345678902", "012345678903", "012345678904"]}
    )  # fmt: skip
    assert labelled_lines(frame, truth, on="file").texts == ["012345678903"]
    assert labelled_lines(frame, truth[2:], on="file").texts == []


@pytest.mark.slow
def test_fine_tuning_never_returns_a_worse_model(tmp_path: Path) -> None:
    drawn = stream.draw_shard(3, 40, "shipped", "number")
    done = finetune_lines(drawn.pictures, drawn.texts, tmp_path / "mine.onnx", minutes=0.1)
    assert done.before.lines == done.after.lines == 8
    if done.model is None:
        assert not (tmp_path / "mine.onnx").exists()
    else:
        assert done.after.cer <= done.before.cer
        assert Recogniser(done.model).card["charset"] == CHARSET
    with pytest.raises(ArgumentError, match="at least ten"):
        finetune_lines(drawn.pictures[:5], drawn.texts[:5], tmp_path / "mine.onnx")


def test_the_mean_of_two_checkpoints_has_the_mean_of_their_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    nets = [PaperNet().eval(), PaperNet().eval()]
    for name, net in zip(("early", "late"), nets, strict=True):
        torch.save({"average": net.state_dict()}, tmp_path / f"{name}.pt")
    shares = {str(tmp_path / "early.pt"): 0.75, str(tmp_path / "late.pt"): 0.25}
    average_checkpoints("papers", shares, tmp_path / "papers.onnx")
    early, late = (net.state_dict() for net in nets)
    mean = PaperNet().eval()
    mean.load_state_dict(
        {k: 0.75 * v + 0.25 * late[k] if v.is_floating_point() else v for k, v in early.items()}
    )
    picture = np.random.default_rng(0).integers(0, 255, (1, 320, 320, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(tmp_path / "papers.onnx")
    (read,) = session.run(None, {"pictures": picture})
    with torch.no_grad():
        asked = mean((torch.from_numpy(picture).float().permute(0, 3, 1, 2) - 127.5) / 64).numpy()
    assert float(np.abs(asked).max()) > 0.1
    assert np.allclose(read, asked, atol=0.02)  # the file holds float16


@pytest.mark.slow
def test_each_finder_trains_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "_FLATS", 40)
    monkeypatch.setattr(finders, "_VALIDATION_FLATS", 40)
    picture: dict[finders.Finder, tuple[int, int]] = {
        "papers": (320, 320),
        "turns": (144, 224),
        "text": (320, 320),
    }
    for which, size in picture.items():
        for minutes in (0.1, 0.2):
            train_finder(which, tmp_path, minutes, every_minutes=0.05)
        log = [*map(json.loads, (tmp_path / f"{which}-log.jsonl").read_text().splitlines())]
        steps_done = [entry["step"] for entry in log]
        assert 0 < steps_done[0] < steps_done[-1]
        assert steps_done == sorted(steps_done)
        assert log[-1]["minutes"] >= 0.2
        session = onnxruntime.InferenceSession(tmp_path / f"{which}.onnx")
        (answer, *_) = session.run(None, {"pictures": np.zeros((1, *size, 3), np.uint8)})
        assert np.isfinite(answer).all()
