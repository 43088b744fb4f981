"""One way to write per cent."""

import pytest

from pages.components.percentages import percent, points, probability


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.00004, "< 0.01%"), (0.8914, "89.14%"), (0.99662, "99.66%"), (0.99996, "> 99.99%"), (1, "100%")],
)
def test_a_share_has_two_decimals_and_is_0_or_100_per_cent_only_if_it_is_exactly_that(share, shown):
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "< 0.1%"), (0.0004, "< 0.1%"), (0.972, "97.2%"), (0.9996, "> 99.9%"), (1, "> 99.9%")]
)
def test_no_probability_is_shown_as_certain(value, shown):
    assert probability(value) == shown


def test_a_difference_of_shares_is_in_points():
    assert points(0.0012) == "+0.12 points"
    assert points(-0.0143) == "−1.43 points"
