import numpy as np
import pytest

from digit_core.inference.zooms import picture_logits


class Counting:
    """A classifier whose first logit is the ink in the middle and whose second is at the edge, times `sureness`."""

    def __init__(self, sureness: float) -> None:
        self.sureness, self.seen = sureness, 0

    def logits_in_batches(self, images: np.ndarray) -> np.ndarray:
        self.seen += len(images)
        edge = images.sum((1, 2)) - images[:, 8:20, 8:20].sum((1, 2))
        return np.stack([images[:, 8:20, 8:20].sum((1, 2)), edge], axis=1).astype(np.float32) * self.sureness


def square(half: int) -> np.ndarray:
    image = np.zeros((28, 28), np.float32)
    image[14 - half : 14 + half, 14 - half : 14 + half] = 1
    return image


def test_a_sure_prediction_is_the_networks_own():
    network = Counting(1.0)
    np.testing.assert_array_equal(picture_logits(network, [square(6)]), [[144, 0]])
    assert network.seen == 1


def test_an_unsure_prediction_is_the_mean_over_three_sizes():
    network = Counting(0.001)
    ((middle, edge),) = picture_logits(network, [square(6)]) / network.sureness
    assert network.seen == 3
    smaller, larger = (12 / 1.1) ** 2, (12 / 0.92) ** 2
    assert middle == pytest.approx((144 + smaller + 144) / 3, abs=2)
    assert edge == pytest.approx((larger - 144) / 3, abs=2)


def test_only_the_unsure_ones_of_several_are_looked_at_again():
    network = Counting(0.05)
    found = picture_logits(network, [square(6), square(1), square(0)])
    assert network.seen == 3 + 2 * 2
    np.testing.assert_allclose(found[0], [144 * 0.05, 0], rtol=1e-6)


def test_zooming_keeps_the_place():
    image = np.zeros((28, 28), np.float32)
    image[4:9, 18:23] = 1
    seen = []

    class Watching(Counting):
        def logits_in_batches(self, images):
            seen.extend(images)
            return super().logits_in_batches(images)

    picture_logits(Watching(0.0), [image])
    middle = np.array([13.5, 13.5])
    for view, scale in zip(seen[1:], (1 / 1.1, 1 / 0.92), strict=True):
        y, x = np.nonzero(view > 0.5)
        np.testing.assert_allclose([y.mean(), x.mean()], middle + (np.array([6, 20]) - middle) * scale, atol=0.6)
