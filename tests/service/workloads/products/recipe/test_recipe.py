"""The recipe: what it reads, and that the file in the repository is what it builds."""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from service.workloads.products import network
from service.workloads.products.recipe import blocks, checkpoint, graph
from service.workloads.products.recipe.__main__ import built
from service.workloads.products.recipe.blocks import Floats, Layer
from service.workloads.products.recipe.checkpoint import MAGIC, VERSION, NotACheckpointError


def test_the_network_in_the_repository_is_what_the_recipe_builds() -> None:
    assert built(checkpoint.installed()) == network.NETWORK.read_bytes()


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """The opcodes of one tensor of PyTorch."""
    place = b"((Vstorage\n" + named("torch", "FloatStorage") + b"Vs\nVcpu\nI6\ntQ"
    numbers = [b"(" + b"".join(b"I%d\n" % number for number in each) + b"t" for each in (shape, strides)]
    rest = named("collections", "OrderedDict") + b")R"
    parts = (place, b"I%d\n" % offset, *numbers, b"I00\n", rest, b"tR")
    return named("torch._utils", "_rebuild_tensor_v2") + b"".join(parts)


def written(path: Path, places: bytes, storages: list[str] | None = None) -> Path:
    """A file of PyTorch's first format with one storage, of the numbers 0 to 5."""
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, VERSION, {"little_endian": True}))
    numbers = struct.pack("<q6f", 6, *range(6))
    path.write_bytes(head + places + pickle.dumps(storages or ["s"], 2) + numbers)
    return path


def test_a_tensor_is_read_where_it_lies(tmp_path: Path) -> None:
    turned = b"\x80\x02}(Vturned\n" + tensor(0, (3, 2), (1, 3)) + b"Vlast\n" + tensor(4, (2,), (1,)) + b"u."
    found = checkpoint.tensors(written(tmp_path / "weights", turned))
    assert found["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found["last"].tolist() == [4, 5]


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (b"\x80\x02}(Vone\n" + tensor(4, (3,), (1,)) + b"u.", "outside"),
        (named("os", "system") + b"(Vtrue\ntR.", "asks for os.system"),
    ],
)
def test_a_file_that_wants_more_than_tensors_is_refused(tmp_path: Path, places: bytes, reason: str) -> None:
    with pytest.raises(NotACheckpointError, match=reason):
        checkpoint.tensors(written(tmp_path / "weights", places))


def test_a_pickle_of_another_kind_is_none(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(pickle.dumps(OrderedDict(), 2))
    with pytest.raises(NotACheckpointError, match="does not begin"):
        checkpoint.tensors(path)


def test_the_normalisation_is_folded_into_the_convolution() -> None:
    generator = np.random.default_rng(1)
    parts = {name: generator.uniform(0.5, 2, 3).astype(np.float32) for name in ("weight", "bias", "running_var")}
    mean = generator.standard_normal(3).astype(np.float32)
    weights = generator.standard_normal((3, 2, 1, 1)).astype(np.float32)
    tensors = {f"norm.{name}": part for name, part in parts.items()}
    layer = blocks._layer({**tensors, "norm.running_mean": mean, "conv.weight": weights}, "conv", "norm")
    given = generator.standard_normal(2)
    plain = weights[:, :, 0, 0] @ given
    expected = (plain - mean) / np.sqrt(parts["running_var"] + blocks.EPSILON) * parts["weight"] + parts["bias"]
    np.testing.assert_allclose(layer.weights[:, :, 0, 0] @ given + layer.bias, expected, rtol=1e-5)


def test_a_graph_computes_what_its_layers_say() -> None:
    generator = np.random.default_rng(2)
    weights = (generator.standard_normal((4, 3, 3, 3)) / 8).astype(np.float32)
    bias = generator.standard_normal(4).astype(np.float32)
    stem = Layer("stem", weights, bias, stride=2, groups=1, bounded=True, starts=False, adds=False)
    same = Layer(
        "same", np.eye(4, dtype=np.float32)[:, :, None, None], np.zeros(4, np.float32), 1, 1, False, True, True
    )
    directions = generator.standard_normal((4, 2)).astype(np.float32)
    session = onnxruntime.InferenceSession(graph.model([stem, same], directions), providers=["CPUExecutionProvider"])
    picture = generator.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    (told,) = session.run(None, {graph.INPUT: picture[None]})
    centred = (picture.astype(np.float32) - graph.MEAN) / graph.SPREAD
    channels = np.moveaxis(centred, 2, 0)
    planes = [np.sum([_filtered(*each) for each in zip(channels, kernel, strict=True)], axis=0) for kernel in weights]
    pooled = 2 * np.clip(np.array(planes) + bias[:, None, None], 0, 6).mean(axis=(1, 2))
    np.testing.assert_allclose(told[0], pooled / np.linalg.norm(pooled) @ directions, rtol=0.02, atol=0.02)


def _filtered(channel: Floats, kernel: Floats) -> Floats:
    """Every other place of ``channel``, with nothing around it."""
    found = cv2.filter2D(channel, -1, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(found[::2, ::2], np.float32)
