"""Opens model files on onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be run; `card` is the metadata that `cvocr_lab.training.export` wrote."""

    session: Any
    card: dict[str, Any]

    def run(self, **inputs: Any) -> Sequence[Any]:
        """Return the outputs for named inputs."""
        outputs: Sequence[Any] = self.session.run(None, inputs)
        return outputs


def softmax(scores: NDArray[np.float32], axis: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the probabilities for logits, which add up to 1 along `axis`."""
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True), np.float32)


def shipped(name: str) -> Path:
    """Return the path of a model file in the package."""
    return Path(str(resources.files("cvocr_lab.data").joinpath("models", name)))


@lru_cache(maxsize=16)
def open_model(path: Path, threads: int, what: str = "model", keys: tuple[str, ...] = ()) -> Model:
    """Open a model file once; `threads` is the number of threads for one run.

    Raises ArgumentError if it cannot be read, or its card does not have all `keys`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Memory plans are made for each size of picture: they need more memory and save no time.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        card = json.loads(session.get_modelmeta().custom_metadata_map["card"])
        if not all(map(card.get, keys)):
            raise ValueError(f"its card needs {', '.join(keys)}")
    except OSError as error:
        raise ArgumentError(f"the model {path} cannot be read ({type(error).__name__})") from None
    except Exception as error:
        raise ArgumentError(f"{path} is not a {what} written by cvocr_lab.training") from error
    return Model(session, card)
