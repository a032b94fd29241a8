"""Restores a trainable net from a model file, so that training can continue from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from cvocr_lab.engines.local.recogniser import batches_of
from cvocr_lab.errors import ArgumentError
from cvocr_lab.text import plain
from cvocr_lab.training.nets import LineNet

Weight = NDArray[np.float32]


def restore(path: Path) -> tuple[LineNet, str]:
    """Return the net of a file written by `export`, in evaluation mode, and its character set.

    Export folds each normalisation into the convolution before it.  Here it is restored as the
    identity; training must keep its statistics, as `finetune` does, or call `unfold` first.

    Raises
    ------
    ArgumentError
        The file is not a line model.
    """
    try:
        model = onnx.load(str(path))
        card = json.loads({p.key: p.value for p in model.metadata_props}["card"])
    except (DecodeError, KeyError, OSError, ValueError) as error:
        raise ArgumentError(f"not a line model: {path.name}") from error
    stored = {w.name: numpy_helper.to_array(w).astype(np.float32) for w in model.graph.initializer}
    for node in model.graph.node:
        if node.input and node.input[0] in stored:
            if node.op_type == "Cast":
                stored[node.output[0]] = stored[node.input[0]]
            elif node.op_type == "DequantizeLinear":
                whole, scale, zero = (stored[name] for name in node.input)
                by_channel = (-1,) + (1,) * (whole.ndim - 1)
                stored[node.output[0]] = (whole - zero.reshape(by_channel)) * scale.reshape(
                    by_channel
                )
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


def widen(net: LineNet, charset: str, wanted: str) -> LineNet:
    """Return a net that also has the characters of `wanted` that are missing in `charset`.

    A new punctuation mark starts as its keyboard equivalent, any other character as an unlikely
    blank.
    """
    wide: LineNet = LineNet(len(wanted)).eval()
    state = net.state_dict()
    rows = [0]
    for character in wanted:
        like = character if character in charset else plain(character)
        rows.append(charset.index(like) + 1 if like in charset else 0)
    for name in ("name.weight", "name.bias"):
        state[name] = state[name][rows].clone()
    new = [i for i, character in enumerate(wanted, 1) if character not in charset]
    state["name.bias"][new] -= 2.0
    wide.load_state_dict(state)
    return wide


def unfold(net: LineNet, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Give a restored net trainable normalisations, without changing its output.

    Parameters
    ----------
    net
        Net as returned by `restore`; it is changed in place.
    pictures
        Lines of 48 rows, like those to train on; a few hundred suffice for the statistics.
    """
    kept: dict[nn.BatchNorm2d, list[tuple[torch.Tensor, torch.Tensor]]] = {}

    def note(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1).double()
        kept.setdefault(norm, []).append((values.mean(1), (values**2).mean(1)))

    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    with torch.no_grad():
        for batch in batches_of(pictures, 12_000):
            net(torch.from_numpy(batch))
    for hook in hooks:
        hook.remove()
    for norm, sums in kept.items():
        mean, square = (torch.stack(s).mean(0) for s in zip(*sums, strict=True))
        var = square - mean**2
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        norm.weight.data.copy_((var + norm.eps).sqrt())
        norm.bias.data.add_(mean)


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
    """Convert integers ``(directions, inputs, gates)`` to weights, with the inputs last."""
    return np.asarray((stored * scale[:, None, None]).transpose(0, 2, 1), np.float32)


def _gates(weight: Weight) -> Weight:
    """Reorder LSTM gates from ONNX (input, output, forget, cell) to torch (i, f, c, o)."""
    i, o, f, c = np.split(weight, 4)
    return np.concatenate([i, f, c, o])


def _put(state: dict[str, torch.Tensor], name: str, value: Weight) -> None:
    if tuple(state[name].shape) != value.shape:
        raise ArgumentError(f"the model file has a different shape of net at {name}")
    state[name] = torch.from_numpy(np.ascontiguousarray(value))
