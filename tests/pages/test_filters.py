"""The view of the Mistakes page, and the cells of its matrix, without a page around them."""

import numpy as np
import pytest

from digit_core.runs import run as run_folder
from pages.components.confusion_matrix import DARK, LIGHT, cells, summary
from pages.components.filters import View, matching_images, parse_view


def predictions_with(labels, predicted, confidence) -> run_folder.Predictions:
    """Predictions with this confidence; the next digit has the rest."""
    probabilities = np.zeros((len(labels), 10), np.float32)
    probabilities[np.arange(len(labels)), predicted] = confidence
    probabilities[np.arange(len(labels)), (np.array(predicted) + 1) % 10] = 1 - np.array(confidence)
    return run_folder.Predictions(probabilities, np.array(labels))


PREDICTIONS = predictions_with([4, 4, 4, 9, 9, 1], [9, 9, 4, 4, 9, 1], [0.6, 0.9, 0.8, 0.7, 0.95, 0.55])


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(), [1, 3, 0]),
        (View(sort="unsure"), [0, 3, 1]),
        (View(sort="margin"), [0, 3, 1]),
        (View(sort="index"), [0, 1, 3]),
        (View(show="all", sort="index"), [0, 1, 2, 3, 4, 5]),
        (View(show="correct"), [4, 2, 5]),
        (View(true=4, predicted=9), [1, 0]),
        (View(true=4, show="all", sort="index"), [0, 1, 2]),
        (View(predicted=4, show="all", sort="index"), [2, 3]),
        (View(true=1, predicted=7), []),
    ],
)
def test_a_view_selects_exactly_its_images_in_its_order(view, expected):
    assert list(matching_images(view, PREDICTIONS)) == expected


def test_the_highest_loss_is_the_least_probability_of_the_label():
    predictions = predictions_with([5, 4, 9], [4, 9, 4], [0.6, 0.9, 0.7])
    assert list(matching_images(View(sort="loss"), predictions)) == [1, 2, 0]  # 0, 0 and 0.4 for the label


def test_the_kind_shown_never_contradicts_the_digits_selected():
    assert View().with_digits(3, 3).show == "all"
    assert View(show="correct").with_digits(3, 5).show == "all"
    assert View().with_digits(3, 5).show == "mistakes"
    assert View(show="all").with_digits(3, 3).with_show("mistakes") == View(true=3)
    assert View(true=3, predicted=5).with_show("all") == View(true=3, predicted=5, show="all")


def test_an_address_is_parsed_and_each_invalid_value_gives_a_message():
    address = {"run": "shipped", "true": "4", "predicted": "9", "image": "247", "sort": "loss", "show": "all"}
    assert parse_view(address, 10_000) == (View(4, 9, "all", "loss", 247), [])
    for name, value in [
        ("true", "10"),
        ("true", "-1"),
        ("predicted", "x"),
        ("predicted", "²"),
        ("image", "10000"),
        ("image", "9" * 5000),
        ("sort", "best"),
        ("show", "`<b>`"),
        ("show", ""),
    ]:
        view, problems = parse_view({name: value}, 10_000)
        assert view == View()
        assert len(problems) == 1
        assert f"`{name}` in the address must be" in problems[0]
        assert len(problems[0]) < 200


def test_an_old_link_with_read_selects_the_predicted_digit():
    assert parse_view({"true": "4", "read": "9"}, 10_000) == (View(4, 9), [])
    assert parse_view({"read": "9", "predicted": "7"}, 10_000) == (View(predicted=7), [])


def counts() -> np.ndarray:
    found = np.diag([1000] * 10)
    found[4, 9], found[2, 7] = 6, 2
    return found


def cell(rows, true, predicted):
    return next(row for row in rows if (row["true"], row["predicted"]) == (true, predicted))


def test_cells_show_counts_or_percentages_and_nothing_where_the_count_is_0():
    rows = cells(counts(), View(), LIGHT, normalise=False, fade=True)
    assert len(rows) == 100
    assert (cell(rows, 4, 9)["text"], cell(rows, 3, 3)["text"], cell(rows, 0, 1)["text"]) == ("6", "1000", "")
    rows = cells(counts(), View(), LIGHT, normalise=True, fade=True)
    assert (cell(rows, 4, 9)["text"], cell(rows, 2, 7)["text"]) == ("0.6", "0.2")


def test_the_range_of_colours_is_for_mistakes_when_correct_predictions_are_faded():
    faded = cells(counts(), View(), LIGHT, normalise=False, fade=True)
    assert cell(faded, 4, 9)["fill"] == LIGHT.high
    assert cell(faded, 3, 3)["fill"] == LIGHT.quiet
    plain = cells(counts(), View(), LIGHT, normalise=False, fade=False)
    assert cell(plain, 3, 3)["fill"] == LIGHT.high
    assert cell(plain, 0, 1)["fill"] == "transparent"


def test_selected_cells_are_framed():
    def framed(view):
        rows = cells(counts(), view, DARK, normalise=False, fade=True)
        return {(row["true"], row["predicted"]) for row in rows if row["edge"] == DARK.chosen}

    assert framed(View()) == set()
    assert framed(View(sort="loss")) == set()
    assert framed(View(true=4, predicted=9)) == {(4, 9)}
    assert framed(View(true=4)) == {(4, predicted) for predicted in range(10)}
    assert framed(View(predicted=9)) == {(true, 9) for true in range(10)}


def contrast(first: str, second: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("palette", "background"), [(LIGHT, "#ffffff"), (DARK, "#11151c")])
@pytest.mark.parametrize("fade", [True, False])
def test_the_numbers_have_enough_contrast_on_every_colour(palette, background, fade):
    found = np.diag(np.arange(1, 11)) + np.arange(100).reshape(10, 10)
    for row in cells(found, View(), palette, normalise=False, fade=fade):
        assert not row["text"] or contrast(row["fill"], row["ink"]) >= 4.5
        assert contrast(palette.chosen, background) >= 3


def test_the_summary_of_the_matrix_names_the_most_frequent_confusions():
    assert summary(counts()).startswith("8 misclassified. Most often: 4 predicted as 9 (6), 2 predicted as 7 (2).")
    assert summary(np.diag([5] * 10)) == "No image is misclassified."
