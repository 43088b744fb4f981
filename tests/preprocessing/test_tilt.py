"""How far the lines of a page are tilted."""

import numpy as np
import pytest
from PIL import Image

from digit_core.preprocessing.tilt import tilt_of

_SIZE = 18  # pixels, the width of a digit


def page(tilt: float) -> np.ndarray:
    """Nine rows of rings of uneven height in three columns with rules between them, turned: bool (h, w)."""
    rng, upright = np.random.default_rng(0), np.zeros((700, 600), np.uint8)
    for top in range(50, 650, 65):
        for left in (x + 26 * place for x in (70, 300, 480) for place in range(3)):
            bottom = top + rng.integers(22, 34)
            upright[top:bottom, left : left + _SIZE] = 255
            upright[top + 4 : bottom - 4, left + 4 : left + _SIZE - 4] = 0
    for rule in (40, 250, 440):
        upright[:, rule : rule + 2] = 255
    turned = Image.fromarray(upright).rotate(tilt, Image.Resampling.BICUBIC, expand=True)
    return np.asarray(turned) > 128


@pytest.mark.parametrize("tilt", [-3, 0, 2])
def test_the_rules_between_columns_do_not_hide_the_tilt_of_the_rows(tilt):
    assert abs(tilt_of(page(tilt)) - tilt) <= 0.5
