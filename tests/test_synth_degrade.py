from __future__ import annotations

import numpy as np
import pytest

from cvocr_lab.synth import degrade
from cvocr_lab.synth.degrade import Degradation

ALL = [*degrade.CAMERA, *degrade.LIGHT, *degrade.SENSOR, degrade.photograph]


def _text_like() -> degrade.Picture:
    picture = np.full((40, 120, 3), 220, np.uint8)
    picture[10:30, 10:110:6] = 30
    return picture


@pytest.mark.parametrize("step", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("grey", [False, True])
def test_shape_stays_input_stays_and_strong_changes_more(step: Degradation, grey: bool) -> None:
    picture = _text_like()[..., 0] if grey else _text_like()
    before = picture.copy()

    def change(strength: float) -> float:
        rounds = [step(picture, np.random.default_rng(k), strength) for k in range(12)]
        assert all(r.shape == picture.shape and r.dtype == np.uint8 for r in rounds)
        return float(np.mean([np.abs(r.astype(int) - picture).mean() for r in rounds]))

    weak, strong = change(0.05), change(1.0)
    assert strong > weak
    assert strong > 2
    np.testing.assert_array_equal(picture, before)


def test_same_seed_same_picture() -> None:
    one, two = (degrade.photograph(_text_like(), np.random.default_rng(5), 0.7) for _ in range(2))
    np.testing.assert_array_equal(one, two)
