from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from cvocr_lab.engines.local.recogniser import Recogniser
from cvocr_lab.text import CHARSET

torch = pytest.importorskip("torch")

from cvocr_lab.training import evaluate, export, stream  # noqa: E402
from cvocr_lab.training.loop import read  # noqa: E402
from cvocr_lab.training.model import LineNet, steps  # noqa: E402


@pytest.fixture(scope="module")
def shard() -> stream.Shard:
    return stream.draw_shard(7, 30, "shipped")


def test_shards_come_back_as_they_went(shard: stream.Shard, tmp_path: Path) -> None:
    stream.save_shard(shard, tmp_path / "lines-7.npz")
    back = stream.load_shard(tmp_path / "lines-7.npz")
    assert back.texts == shard.texts
    assert back.sorts == shard.sorts
    for one, two in zip(back.pictures, shard.pictures, strict=True):
        np.testing.assert_array_equal(one, two)
    assert [p.name for p in tmp_path.iterdir()] == ["lines-7.npz"]


def test_batches_are_full_and_match_their_texts(shard: stream.Shard, tmp_path: Path) -> None:
    stream.save_shard(shard, tmp_path / "lines-7.npz")
    made = stream.batches(tmp_path, random.Random(0), columns=3000)
    for _ in range(8):
        batch = next(made)
        n, one, height, width = batch.columns.shape
        assert (n, one, height) == (len(batch.texts), 1, 48)
        assert width == max(batch.widths)
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
    torch.manual_seed(0)
    net = LineNet(len(CHARSET)).eval()
    path = tmp_path / "net.onnx"
    export(net, CHARSET, path, figures={"validation": {"cer": 0.5}})
    reader = Recogniser(path)
    assert reader.charset == CHARSET
    assert reader.card["validation"] == {"cer": 0.5}
    assert path.stat().st_size < 6_000_000
    ours = read(net, shard.pictures)
    theirs = [line.text for line in reader.read(shard.pictures)]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same >= 27  # an untrained net's scores are near ties; float16 turns a few
