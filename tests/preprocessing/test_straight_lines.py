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


def test_the_sides_of_the_boxes_of_a_form_go_and_a_one_from_rule_to_rule_stays():
    mask = np.zeros((400, 300), bool)
    mask[[50, 51, 100, 101], 40:260] = True
    mask[50:102, 40:260:44] = mask[50:102, 41:260:44] = mask[50:102, 258:260] = True
    mask[60:90, 60:64] = True  # a digit in the first box
    left, _ = without_rules(mask)
    assert np.array_equal(np.flatnonzero(left.any(0)), range(60, 64))
    mask[:] = False
    mask[[50, 51, 100, 101], 10:290] = True  # ruled paper
    mask[50:102, 100:104] = mask[60:95, 140:150] = True
    left, _ = without_rules(mask)
    assert left[55:95, 100:104].all()
