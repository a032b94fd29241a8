"""A model file back to a trainable net, so that training can go on from the file that ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cvocr_lab.errors import ArgumentError
from cvocr_lab.training.model import LineNet

Weight = NDArray[np.float32]


def restore(path: Path) -> tuple[LineNet, str]:
    """The net of a file written by `export`, in evaluation mode, and its charset.

    Export folds each normalisation into the convolution before it; here it comes back as the
    identity.  Training must therefore leave the running statistics alone, as `finetune` does.

    Raises
    ------
    ArgumentError
        The file is no line model.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import numpy_helper

    try:
        model = onnx.load(str(path))
        card = json.loads({p.key: p.value for p in model.metadata_props}["card"])
    except (DecodeError, KeyError, OSError, ValueError) as error:
        raise ArgumentError(f"not a line model: {path.name}") from error
    stored = {w.name: numpy_helper.to_array(w).astype(np.float32) for w in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    nodes = {
        kind: [[stored[name] for name in n.input if name in stored] for n in model.graph.node
               if n.op_type == kind]
        for kind in ("Conv", "DynamicQuantizeLSTM", "MatMul", "Add")
    }  # fmt: skip
    net = LineNet(len(card["charset"])).eval()
    state = net.state_dict()
    _convolutions(state, nodes["Conv"])
    for layer, (w, r, biases, w_scale, _, r_scale, _) in enumerate(nodes["DynamicQuantizeLSTM"]):
        inputs, hidden = _whole(w, w_scale), _whole(r, r_scale)
        for direction, suffix in enumerate(("", "_reverse")):
            end = f"l{layer}{suffix}"
            first, second = np.split(biases[direction], 2)
            _put(state, f"mix.weight_ih_{end}", _gates(inputs[direction]))
            _put(state, f"mix.weight_hh_{end}", _gates(hidden[direction]))
            _put(state, f"mix.bias_ih_{end}", _gates(first))
            _put(state, f"mix.bias_hh_{end}", _gates(second))
    _put(state, "name.weight", nodes["MatMul"][0][0].T)
    _put(state, "name.bias", next(w for n in nodes["Add"] for w in n))
    net.load_state_dict(state)
    return net, str(card["charset"])


def _convolutions(state: dict[str, torch.Tensor], found: list[list[Weight]]) -> None:
    names = [key for key, value in state.items() if key.startswith("look") and value.ndim == 4]
    norms = [key.removesuffix("running_var") for key in state if key.endswith("running_var")]
    for convolution, norm, (weight, bias) in zip(names, norms, found, strict=True):
        _put(state, convolution, weight)
        _put(state, norm + "bias", bias)
        _put(state, norm + "weight", np.full_like(bias, np.sqrt(1 + 1e-5)))
        _put(state, norm + "running_mean", np.zeros_like(bias))
        _put(state, norm + "running_var", np.ones_like(bias))


def _whole(stored: Weight, scale: Weight) -> Weight:
    """From whole numbers ``(directions, inputs, gates)`` to weights, inputs last."""
    return np.asarray((stored * scale[:, None, None]).transpose(0, 2, 1), np.float32)


def _gates(weight: Weight) -> Weight:
    """From ONNX's order of LSTM gates (input, output, forget, cell) to torch's (i, f, c, o)."""
    i, o, f, c = np.split(weight, 4)
    return np.concatenate([i, f, c, o])


def _put(state: dict[str, torch.Tensor], name: str, value: Weight) -> None:
    if tuple(state[name].shape) != value.shape:
        raise ArgumentError(f"the model file has another shape of net at {name}")
    state[name] = torch.from_numpy(np.ascontiguousarray(value))
