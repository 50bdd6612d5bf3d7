"""Inference on the CPU without torch: the checkpoint's BERT encoder as an OpenVINO graph.

Builds the graph straight from `model.safetensors`, so that a bundle holds its weights once. Knows
the BERT layout of the checkpoint and nothing of statements, labels or files of records.

A row's logits must not depend on what it is batched with. Every row is padded to a length that
follows from the row alone (`padded_length`), and padding is masked before the softmax, so a row
meets the same arithmetic whatever its neighbours; `tests/test_cpu_engine.py` holds this bit by bit.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from models.errors import BundleError
from models.tokens import padded_length

# OpenVINO's converter, which it imports in passing, reports its use over the network and fails for a user
# without a home directory. Without the package it takes its own empty stand-in. Nobody here calls home.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402
from openvino import opset13 as op  # noqa: E402


class _Graph:
    """Builds the nodes of a BERT sequence classifier from a dict of weights."""

    def __init__(self, weights: dict[str, np.ndarray], config: dict[str, Any]) -> None:
        self.weights = {name: array.astype(np.float32) for name, array in weights.items()}
        self.heads = int(config["num_attention_heads"])
        self.hidden = int(config["hidden_size"])
        self.layers = int(config["num_hidden_layers"])
        self.epsilon = float(config["layer_norm_eps"])

    def constant(self, name: str) -> Any:
        try:
            return op.constant(self.weights[name])
        except KeyError:
            raise BundleError(f"the checkpoint has no tensor {name}: it is not a BERT classifier") from None

    def linear(self, node: Any, name: str) -> Any:
        product = op.matmul(node, self.constant(f"{name}.weight"), False, True)
        return op.add(product, self.constant(f"{name}.bias"))

    def layer_norm(self, node: Any, name: str) -> Any:
        normal = op.mvn(node, op.constant(np.array([-1], np.int64)), True, self.epsilon, "inside_sqrt")
        return op.add(op.multiply(normal, self.constant(f"{name}.weight")), self.constant(f"{name}.bias"))

    def split_heads(self, node: Any) -> Any:
        shape = op.constant(np.array([0, 0, self.heads, self.hidden // self.heads], np.int64))
        return op.transpose(op.reshape(node, shape, True), op.constant(np.array([0, 2, 1, 3], np.int64)))

    def attention(self, node: Any, asking: Any, mask: Any, name: str) -> Any:
        """What the positions `asking` gather from all positions of `node`, added to themselves."""
        query = self.split_heads(self.linear(asking, f"{name}.self.query"))
        key, value = (self.split_heads(self.linear(node, f"{name}.self.{part}")) for part in ("key", "value"))
        attended = op.scaled_dot_product_attention(query, key, value, mask)
        joined = op.reshape(
            op.transpose(attended, op.constant(np.array([0, 2, 1, 3], np.int64))),
            op.constant(np.array([0, 0, self.hidden], np.int64)),
            True,
        )
        output = self.linear(joined, f"{name}.output.dense")
        return self.layer_norm(op.add(output, asking), f"{name}.output.LayerNorm")

    def model(self) -> ov.Model:
        ids = op.parameter([-1, -1], np.int32, name="input_ids")
        segments = op.parameter([-1, -1], np.int32, name="token_type_ids")
        positions = op.parameter([1, -1], np.int32, name="position_ids")
        mask = op.parameter([-1, 1, 1, -1], np.float32, name="mask")
        first = op.constant(np.array(0, np.int64))
        node = op.gather(self.constant("bert.embeddings.word_embeddings.weight"), ids, first)
        node = op.add(node, op.gather(self.constant("bert.embeddings.token_type_embeddings.weight"), segments, first))
        node = op.add(node, op.gather(self.constant("bert.embeddings.position_embeddings.weight"), positions, first))
        node = self.layer_norm(node, "bert.embeddings.LayerNorm")
        for layer in range(self.layers):
            name = f"bert.encoder.layer.{layer}"
            asking = node
            if layer == self.layers - 1:
                # The classifier reads the first token only: in the last layer no other needs an answer.
                asking = op.gather(node, op.constant(np.array([0], np.int64)), op.constant(np.array(1, np.int64)))
            node = self.attention(node, asking, mask, f"{name}.attention")
            inner = op.gelu(self.linear(node, f"{name}.intermediate.dense"), "erf")
            node = self.layer_norm(op.add(self.linear(inner, f"{name}.output.dense"), node), f"{name}.output.LayerNorm")
        cls = op.gather(node, first, op.constant(np.array(1, np.int64)))
        pooled = op.tanh(self.linear(cls, "bert.pooler.dense"))
        return ov.Model([self.linear(pooled, "classifier")], [ids, segments, positions, mask], "stance")


class CpuEngine:
    """A compiled classifier. `logits` is safe to call from one thread at a time."""

    def __init__(self, checkpoint: Path, *, threads: int = 0) -> None:
        """`threads` 0 lets OpenVINO take all cores."""
        try:
            config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
            weights = load_file(checkpoint / "model.safetensors")
        except (OSError, ValueError) as fault:
            raise BundleError(f"cannot read the checkpoint in {checkpoint}: {fault}") from None
        if config.get("model_type") != "bert":
            raise BundleError(
                f"the cpu engine runs BERT checkpoints, not {config.get('model_type')!r}: use --engine torch"
            )
        self.label_count = len(config["id2label"])
        properties: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            properties["INFERENCE_NUM_THREADS"] = threads
        self._compiled = ov.Core().compile_model(_Graph(weights, config).model(), "CPU", properties)
        self._request = self._compiled.create_infer_request()

    def logits(self, ids: Sequence[Sequence[int]], segments: Sequence[Sequence[int]]) -> np.ndarray:
        """Logits, shape (rows, labels), of rows that share one padded length."""
        width = padded_length(max(len(row) for row in ids))
        rows = len(ids)
        token_ids = np.zeros((rows, width), np.int32)
        types = np.zeros((rows, width), np.int32)
        mask = np.full((rows, 1, 1, width), np.finfo(np.float32).min, np.float32)
        for row, (tokens, kinds) in enumerate(zip(ids, segments, strict=True)):
            token_ids[row, : len(tokens)] = tokens
            types[row, : len(kinds)] = kinds
            mask[row, :, :, : len(tokens)] = 0.0
        positions = np.arange(width, dtype=np.int32)[None, :]
        result = self._request.infer([token_ids, types, positions, mask], share_inputs=True)
        return np.array(result[0])
