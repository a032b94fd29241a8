"""Write a trained net as an ONNX file that carries its charset, height and figures."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cvocr_lab.engines.local.recogniser import HEIGHT
from cvocr_lab.training.model import STRIDE, LineNet

VERSION = 1
"""Of the file's layout: names, shapes and card."""


def export(net: LineNet, charset: str, path: Path, *, figures: Mapping[str, object]) -> None:
    """Write `net` to `path`, its larger weights stored as float16.

    Parameters
    ----------
    net
        In any mode, on any device; left as it was.
    charset
        The characters of classes 1, 2, …
    path
        Written complete or not at all.
    figures
        Training and validation figures for the card.
    """
    import onnx
    import torch

    clean = LineNet(len(charset))
    clean.load_state_dict({k: v.detach().cpu() for k, v in net.state_dict().items()})
    clean.eval()
    partial = path.with_suffix(".part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            clean,
            (torch.zeros(2, 1, HEIGHT, 96),),
            str(partial),
            input_names=["lines"],
            output_names=["scores"],
            dynamic_axes={"lines": {0: "n", 3: "width"}, "scores": {0: "n", 1: "steps"}},
            opset_version=17,
            dynamo=False,
        )
    model = onnx.load(str(partial))
    _halve(model.graph)
    card = {
        "version": VERSION,
        "charset": charset,
        "height": HEIGHT,
        "stride": STRIDE,
        **figures,
    }
    onnx.helper.set_model_props(model, {"card": json.dumps(card, ensure_ascii=False)})
    onnx.save(model, str(partial))
    partial.replace(path)


def _halve(graph: object) -> None:
    """Store big float32 weights as float16, cast back on loading; halves the file."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:  # type: ignore[attr-defined]
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > 256:
            name = weight.name
            half = numpy_helper.from_array(values.astype(np.float16), name + "_half")
            weight.CopyFrom(half)
            casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)  # type: ignore[attr-defined]
    del graph.node[:]  # type: ignore[attr-defined]
    graph.node.extend([*casts, *nodes])  # type: ignore[attr-defined]
