import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from digit_core.datasets.loading import load_dataset
from digit_core.runs.notes import write_note
from digit_core.runs.run import SHIPPED, open_run
from pages.compare_sections import curve_charts, curves, metrics_table
from tests.constructed import construct_run
from tests.pages.conftest import grid_html, texts

A, B, C = "20260103-000000-quick", "20260102-000000-lenet5", "20260101-000000-two-block"


def page_html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def compared(*runs) -> str:
    return ",".join(run if isinstance(run, str) else run.name for run in runs)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture
def pair(own_home, digits):
    """Two runs on the bundled digits, which are always there: A alone is right on 3 images, B alone on 1."""
    options = {"labels": digits.y_test, "data": "digits", "digest": digits.digest}
    other = {int(i): int(digits.y_test[i] + 1) % 10 for i in range(9)}
    third = {int(i): int(digits.y_test[i] + 2) % 10 for i in range(9)}
    return (
        construct_run(A, wrong={0: other[0], 1: other[1], 2: other[2]}, **options),
        construct_run(B, "lenet5", wrong={1: other[1], 2: third[2], 3: other[3], 4: other[4], 5: other[5]}, **options),
    )


def test_at_first_the_newest_run_of_each_preset_and_the_shipped_one_are_compared(open_page):
    for name, preset in ((A, "quick"), (B, "lenet5"), (C, "two_block"), ("20250101-000000-quick", "quick")):
        construct_run(name, preset)
    assert open_page("compare").main.multiselect[0].value == [A, B, C, SHIPPED]


def test_the_table_has_the_runs_metrics(open_page, pair):
    app, (a, b) = open_page("compare", runs=compared(*pair)), pair
    table = app.main.dataframe[0].value
    assert list(table["name"]) == [a.name, b.name]
    for name in ("accuracy", "precision", "recall", "f1"):
        assert list(table[name]) == pytest.approx([getattr(run.metrics, name) * 100 for run in pair])
    assert list(table["loss"]) == pytest.approx([run.metrics.loss for run in pair])
    assert list(table["epochs"]) == [3, 3]
    low, high = a.metrics.accuracy_interval
    assert table["interval"][0] == f"{low:.2%} to {high:.2%}"


@pytest.mark.parametrize("figure", ["99.05%", ""])
def test_a_published_figure_is_shown_where_a_preset_has_one(open_page, pair, monkeypatch, figure):
    presets = {
        "quick": SimpleNamespace(title="Quick", author_figure=""),
        "lenet5": SimpleNamespace(title="LeNet-5", author_figure=figure),
    }
    monkeypatch.setattr(metrics_table, "PRESETS", presets)
    table = open_page("compare", runs=compared(*pair)).main.dataframe[0].value
    assert list(table.get("published", [])) == (["", figure] if figure else [])


def test_an_unknown_name_in_the_address_gives_a_message_and_the_others_are_compared(open_page, pair):
    app = open_page("compare", runs=f"{A},../../etc,{B}")
    assert "There is no run named **../../etc**" in texts(app)
    assert app.main.multiselect[0].value == [A, B]


def test_a_damaged_run_is_skipped_with_its_reason(open_page, pair):
    (pair[1].path / "metrics.json").unlink()
    app = open_page("compare", runs=compared(*pair))
    assert re.search(r"20260102-000000-lenet5 lacks metrics.json.* It is skipped", texts(app))
    assert app.main.multiselect[0].value == [A]
    assert "Only one run is chosen" in texts(app)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("history.csv", "epoch,loss\n1,many\n", "Its curves are not shown"),
        ("history.csv", "epoch,loss\n", "Its curves are not shown"),
        ("predictions.npz", "nonsense", r"predictions.npz cannot be read"),
    ],
)
def test_a_damaged_file_gives_a_message_and_the_rest_is_shown(open_page, pair, name, content, message):
    path = pair[0].path / name
    path.write_text(content.ljust(path.stat().st_size) if name.endswith("npz") else content)
    app = open_page("compare", runs=compared(*pair))
    assert message in texts(app)
    assert len(app.main.dataframe[0].value) == 2


def test_the_chosen_runs_are_in_the_address(open_page, pair):
    app = open_page("compare", runs=compared(*pair))
    app.main.multiselect[0].set_value([B, SHIPPED]).run()
    assert not app.exception
    assert app.query_params["runs"] == f"{B},{SHIPPED}"
    app.main.multiselect[0].set_value([]).run()
    assert "No run is chosen" in texts(app)


def test_another_address_changes_the_choice(open_page, pair):
    app = open_page("compare", runs=compared(*pair))
    app.query_params["runs"] = SHIPPED
    assert app.run().main.multiselect[0].value == [SHIPPED]


def test_runs_on_different_data_give_a_warning(open_page, pair):
    assert "different data" not in texts(open_page("compare", runs=compared(*pair)))
    app = open_page("compare", runs=compared(A, SHIPPED))
    assert re.search("different data: scikit-learn digits .*; MNIST .*The shipped model", texts(app))
    assert "two runs on the same data" in texts(app)


def test_seeds_are_grouped_into_their_mean_and_interval(open_page):
    for seed, mistakes in enumerate((2, 4, 6)):
        construct_run(f"2026010{seed + 1}-000000-quick", seed=seed, wrong=dict.fromkeys(range(mistakes), 9))
    construct_run(B.replace("02", "09", 1), "lenet5")
    app = open_page("compare", runs="20260101-000000-quick,20260102-000000-quick,20260103-000000-quick,shipped")
    assert "seeds" not in app.main.dataframe[0].value
    app.main.toggle(key="group_seeds").set_value(True).run()
    table = app.main.dataframe[0].value
    assert list(table["seeds"]) == [3, 1]
    assert table["accuracy"][0] == pytest.approx(98)
    assert table["run"][0] == "Quick, 3 seeds"
    # 0.98 ± 4.3027 (t for 2 degrees of freedom) × 0.01 / √3
    assert table["interval"][0] == "95.52% to 100.00%"
    assert "Student's t" in texts(app)


def test_the_curves_are_those_of_the_runs(open_page, pair):
    app = open_page("compare", runs=compared(*pair))
    assert len(app.get("vega_lite_chart")) == 1  # with both quantities
    assert "a line for each run" in texts(app)
    app.main.radio(key="curves_by").set_value("time").run()
    app.main.radio(key="curves_of").set_value("training").run()
    assert not app.exception
    assert "training images by seconds since the start" in texts(app)


def spec(app) -> dict:
    (chart,) = app.get("vega_lite_chart")
    return json.loads(chart.proto.spec)


def test_the_epoch_axis_ends_at_the_last_epoch(open_page):
    construct_run(A, epochs=36)
    construct_run(B, "lenet5", epochs=12)
    for part in spec(open_page("compare", runs=f"{A},{B}"))["vconcat"]:
        domains = [layer["encoding"]["x"]["scale"]["domain"] for layer in part["layer"]]
        assert domains == [[1, 36]] * len(domains)


def test_the_loss_has_a_log_scale_by_choice(open_page, pair):
    app = open_page("compare", runs=compared(*pair))
    app.main.toggle(key="curves_log").set_value(True).run()
    accuracy, loss = (part["layer"][0]["encoding"]["y"]["scale"] for part in spec(app)["vconcat"])
    assert (accuracy.get("type"), loss["type"]) == (None, "log")


def test_the_mouse_in_either_chart_marks_the_same_step_in_both(open_page, pair):
    names = {"hover_accuracy", "hover_loss"}
    shown = spec(open_page("compare", runs=compared(*pair)))
    assert {each["name"] for each in shown["params"]} == names
    for part in shown["vconcat"]:
        filters = json.dumps([layer.get("transform") for layer in part["layer"]])
        assert all(filters.count(name) == 2 for name in names)  # the line and the larger marks


def test_smoothed_curves_end_closer_together_than_the_values(pair):
    table = pd.concat([pd.DataFrame(run.history()).assign(run=run.name) for run in pair], ignore_index=True)
    plain, calm = (curves._with_smooth(table, "validation", weight) for weight in (0, 0.9))
    assert plain["smooth_loss"].equals(table["val_loss"])
    assert calm["smooth_loss"][2] == pytest.approx(calm["smooth_loss"][5])  # each run's own curve
    assert np.ptp(calm["smooth_loss"]) < np.ptp(table["val_loss"])


@pytest.mark.parametrize(("seconds", "unit"), [(90, ("s", 1)), (2651.4, ("min", 60)), (90_000, ("h", 3600))])
def test_time_has_one_unit_that_suits_it(seconds, unit):
    assert curve_charts.unit_of_time(seconds) == unit


def test_differences_of_accuracy_are_in_points_and_only_on_the_same_images(open_page, pair):
    frame = open_page("compare", runs=compared(*pair)).main.dataframe[0]
    best = max(run.metrics.accuracy for run in pair)
    assert list(frame.value["difference"]) == pytest.approx([100 * (run.metrics.accuracy - best) for run in pair])
    assert "points" in frame.proto.columns
    other = open_page("compare", runs=compared(A, SHIPPED))
    assert "difference" not in other.main.dataframe[0].value


def test_the_settings_that_differ_are_listed_in_words(open_page):
    for name, seed in ((A, 0), (C.replace("two-block", "quick"), 3)):
        construct_run(name, seed=seed)
    table = open_page("compare", runs=f"{A},20260101-000000-quick").main.dataframe[1].value
    assert table.to_numpy().tolist() == [["Seed", "0", "3"]]


def test_runs_with_the_same_settings_say_so(open_page):
    for name in (A, C.replace("two-block", "quick")):
        construct_run(name)
    app = open_page("compare", runs=f"{A},20260101-000000-quick")
    assert "do not differ in any setting" in texts(app)
    assert "Settings that differ" not in texts(open_page("compare", runs=A))


def test_correct_predictions_of_both_runs_are_counted_and_tested(open_page, pair):
    app = open_page("compare", runs=compared(*pair))
    both_correct = len(pair[0].predictions().labels) - 6
    assert app.main.table[0].value.to_numpy().tolist() == [[both_correct, 3], [1, 2]]
    assert "A alone is correct on **3** images, B alone on **1**" in texts(app)
    assert "in **62.5%** of cases" in texts(app)  # 2 * (1 + 4) / 16
    assert "not significant" in texts(app)


@pytest.mark.parametrize(
    ("kind", "indices"),
    [
        ("All disagreements", {0, 2, 3, 4, 5}),
        ("Only A correct", {3, 4, 5}),
        ("Only B correct", {0}),
        ("Both wrong, differently", {2}),
    ],
)
def test_the_images_on_which_they_disagree_are_shown(open_page, pair, digits, kind, indices):
    app = open_page("compare", runs=compared(*pair))
    app.main.selectbox(key="disagreement").select(kind).run()
    cards = re.findall(r"<b>(\d)</b> · no\. (\d+)<br>A: <b>(\d)</b> .*?<br>B: <b>(\d)</b> ", grid_html(app))
    assert {int(card[1]) for card in cards} == indices
    a, b = (run.predictions() for run in pair)
    for label, index, *predicted in cards:
        expected = [array[int(index)] for array in (digits.y_test, a.predicted, b.predicted)]
        assert [int(label), *map(int, predicted)] == expected


def test_two_runs_with_the_same_predictions_have_no_image_to_show(open_page, digits):
    options = {"labels": digits.y_test, "data": "digits", "digest": digits.digest, "wrong": {3: 7}}
    construct_run(A, **options)
    construct_run(B, "lenet5", **options)
    app = open_page("compare", runs=f"{A},{B}")
    assert "correct on the same images" in texts(app)
    assert "No images match" in texts(app)


def test_without_mnist_the_counts_are_shown_and_a_download_is_offered(open_page, add_run, no_mnist):
    add_run(A)
    app = open_page("compare")
    assert "correct on the same images" in texts(app)
    assert "not on this machine yet" in texts(app)
    assert "Download MNIST" in [button.label for button in app.main.button]


def test_predictions_for_other_images_give_an_error(open_page):
    construct_run(A, data="digits")
    construct_run(B, data="digits")
    assert "not about the test images" in texts(open_page("compare", runs=f"{A},{B}"))


def test_markup_in_a_title_is_shown_as_text(open_page, pair):
    write_note(A, "<b>*mine*</b>", "")
    app = open_page("compare", runs=compared(*pair))
    assert app.main.dataframe[0].value["run"][0] == "<b>*mine*</b>"
    assert "&lt;b&gt;*mine*&lt;/b&gt;" in page_html(app)
    assert "<b>*mine*" not in page_html(app)


def test_the_shipped_run_alone_is_shown_with_a_hint(open_page):
    app = open_page("compare")
    assert "Only one run is chosen" in texts(app)
    assert len(app.main.dataframe[0].value) == 1


def test_the_csv_has_full_precision(open_page, pair):
    row = metrics_table._row([pair[0]], {A: "a name, with a comma"})
    back = pd.read_csv(io.StringIO(pd.DataFrame([row]).to_csv(index=False)))
    assert back["accuracy"][0] == pytest.approx(pair[0].metrics.accuracy, abs=1e-12)
    assert np.isclose(back["accuracy_low"][0], open_run(A).metrics.accuracy_interval[0])
    assert back["run"][0] == "a name, with a comma"
