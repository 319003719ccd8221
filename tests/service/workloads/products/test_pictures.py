from __future__ import annotations

import cv2
import numpy as np
import pytest

from service.core.errors import AnalysisError
from service.workloads.products import network, pictures
from service.workloads.products.pictures import Look
from tests.service.pictures.drawing import file, photo

PHOTOS = [photo(320, 240, seed) for seed in range(4)]


def test_a_picture_is_most_like_itself_changed() -> None:
    plain = pictures.of_pixels(PHOTOS)
    changed = pictures.vectors(
        [file(np.asarray(cv2.resize(each, (256, 192)), np.uint8), quality=70) for each in PHOTOS]
    )
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), 1, atol=1e-5)
    assert (plain @ changed.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_each_picture_has_its_own_outcome_in_order() -> None:
    good = file(PHOTOS[0])
    found = pictures.outcomes([good, b"no picture", file(PHOTOS[1])])
    assert isinstance(found[1], AnalysisError)
    alone = [pictures.vectors([content])[0] for content in (good, file(PHOTOS[1]))]
    np.testing.assert_allclose([each for each in found if not isinstance(each, AnalysisError)], alone, atol=1e-6)
    with pytest.raises(AnalysisError):
        pictures.vectors([good, b"no picture"])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 500), (500, 3)])
def test_any_shape_has_a_vector(rows: int, columns: int) -> None:
    (found,) = pictures.of_pixels([np.full((rows, columns, 3), 200, np.uint8)])
    assert np.isfinite(found).all()


def test_none_have_none() -> None:
    assert pictures.vectors([]).shape == (0, pictures.LENGTH)


def test_a_look_is_the_middle_square() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[25:75, 75:125] = 255
    seen = pictures._square(picture, Look(64, 0.5))
    assert seen.shape == (64, 64, 3)
    assert seen.min() == 255
    picture[:, :100] = 0
    mirrored = pictures._square(picture, Look(64, 0.5, is_mirrored=True))
    assert (mirrored[:, :30].min(), mirrored[:, 34:].max()) == (255, 0)


def test_the_network_tells_apart_what_it_learned_to_see() -> None:
    vectors = network.seen(np.stack([cv2.resize(each, (224, 224)) for each in PHOTOS]).astype(np.uint8))
    assert vectors.shape == (4, network.LENGTH)
    assert np.ptp(vectors @ vectors.T) > 0.1
