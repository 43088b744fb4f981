"""Rules are taken out of the layout; the bars and stems of digits stay in it."""

import numpy as np

from digit_core.preprocessing.straight_lines import without_rules


def sheet() -> np.ndarray:
    """A 4 whose bar is a third of the picture's width, between upright rules: bool (200, 240)."""
    mask = np.zeros((200, 240), bool)
    mask[60:120, 80:86] = mask[114:120, 80:165] = mask[60:160, 140:146] = True
    mask[:, 10:13] = mask[:, 228:231] = True
    return mask


def test_the_bar_of_a_digit_in_a_narrow_column_is_no_rule():
    mask = sheet()
    left, rules = without_rules(mask)
    assert np.array_equal(left, mask & (np.arange(240) > 13) & (np.arange(240) < 227))
    assert np.array_equal(rules & mask, mask & ~left)


def test_a_rule_that_is_faint_in_places_goes_as_a_whole():
    mask = sheet()
    mask[90:110, 10:13] = mask[80:150, 228:231] = False
    left, _ = without_rules(mask)
    assert not left[:, :14].any() and not left[:, 227:].any()


def test_a_level_rule_as_long_as_a_bar_that_belongs_to_no_digit_goes():
    mask = sheet()
    mask[180:184, 80:165] = True
    left, _ = without_rules(mask)
    assert not left[176:].any()
    assert left[114:120, 80:165].all()
