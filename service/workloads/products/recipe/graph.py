"""The layers as an ONNX graph: pixels as they lie in memory in, a vector for each picture out.

Weights are kept as whole steps of one byte, each channel with a step of its own, a quarter of their size; the runtime
multiplies them out once, when it loads the file. What is added outside of a picture has to be a middle grey, so mean
and spread are taken off in the graph and not folded into the first layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from service.workloads.products.recipe.blocks import Floats, Layer

OPSET: Final = 17
FORMAT: Final = 8
"""Of the file (IR version); both are old enough for any runtime of the last years."""
MEAN: Final = 127.0
SPREAD: Final = 128.0
INPUT: Final = "pixels"
OUTPUT: Final = "vectors"


class Graph:
    """Nodes and constants, as they come."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, values: Any) -> str:
        """The name of the constant ``values``."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """The name of what the operator ``kind`` makes of ``inputs``."""
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def convolution(self, layer: Layer, source: str) -> str:
        """``layer`` applied to ``source``; sides of an odd length are not met, as pictures are multiples of 32."""
        rows = layer.weights.shape[2]
        before = (rows - layer.stride) // 2
        after = rows - layer.stride - before
        return self.node(
            "Conv",
            [source, self._weights(layer), self.constant(f"{layer.name}.bias", layer.bias)],
            layer.name,
            kernel_shape=[rows, rows],
            strides=[layer.stride] * 2,
            pads=[before, before, after, after],
            group=layer.groups,
        )

    def _weights(self, layer: Layer) -> str:
        return self.stepped(f"{layer.name}.weights", layer.weights, axes=(1, 2, 3))

    def stepped(self, name: str, values: Floats, axes: tuple[int, ...]) -> str:
        """The constant ``values``, kept as whole steps of a size that is the same along ``axes``."""
        step = np.maximum(np.abs(values).max(axis=axes, keepdims=True), np.float32(1e-12)) / np.float32(127)
        whole = self.constant(f"{name}.whole", np.round(values / step).astype(np.int8))
        cast = self.node("Cast", [whole], f"{name}.cast", to=TensorProto.FLOAT)
        return self.node("Mul", [cast, self.constant(f"{name}.step", step)], name)


def model(layers: Iterable[Layer], directions: Floats) -> bytes:
    """The file: the same layers and directions (features, length of a vector) give the same bytes."""
    graph = Graph()
    flow = _normalised(graph)
    bounds = [graph.constant("least", np.float32(0)), graph.constant("most", np.float32(6))]
    entrance = flow
    for layer in layers:
        entrance = flow if layer.starts else entrance
        flow = graph.convolution(layer, flow)
        if layer.bounded:
            flow = graph.node("Clip", [flow, *bounds], f"{layer.name}.bounded")
        if layer.adds:
            flow = graph.node("Add", [flow, entrance], f"{layer.name}.sum")
    pooled = graph.node("GlobalAveragePool", [flow], "pooled")
    features = graph.node("Flatten", [pooled], "features")
    unit = graph.node("LpNormalization", [features], "unit", axis=1, p=2)
    graph.node("MatMul", [unit, graph.stepped("directions", directions, axes=(0,))], OUTPUT)
    return _file(graph, directions.shape[1])


def _normalised(graph: Graph) -> str:
    floats = graph.node("Cast", [INPUT], "floats", to=TensorProto.FLOAT)
    planes = graph.node("Transpose", [floats], "planes", perm=[0, 3, 1, 2])
    centred = graph.node("Sub", [planes, graph.constant("mean", np.float32(MEAN))], "centred")
    return graph.node("Div", [centred, graph.constant("spread", np.float32(SPREAD))], "normalised")


def _file(graph: Graph, length: int) -> bytes:
    pictures = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["pictures", "rows", "columns", 3])
    vectors = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["pictures", length])
    made = helper.make_model(
        helper.make_graph(graph.nodes, "EfficientNet-Lite0", [pictures], [vectors], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=FORMAT,
        producer_name="loadstone",
    )
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content
