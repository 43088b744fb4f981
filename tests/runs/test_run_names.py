from datetime import datetime

import pytest

from digit_core.runs.presets import PRESETS
from digit_core.runs.run_names import folder_name, next_number, parse_run_name

STARTED = datetime(2026, 11, 23, 20, 42, 28)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_name_of_a_folder_says_when_what_and_which(preset):
    name = parse_run_name(folder_name(preset, 12, STARTED))
    assert (name.started, name.preset, name.number) == (STARTED, preset, 12)
    assert name.title == f"{PRESETS[preset].title} 12"


def test_a_run_that_learned_from_drawings_says_so():
    name = parse_run_name(folder_name("two_block", 3, STARTED, is_tuned=True))
    assert (name.preset, name.number, name.is_tuned) == ("two_block", 3, True)
    assert name.title == f"{PRESETS['two_block'].title} fine-tuned 3"


@pytest.mark.parametrize("name", ["20261121-140510-quick", "20261121-140510-quick-2"])
def test_a_run_of_an_earlier_version_keeps_its_title(name):
    assert parse_run_name(name).title == "Quick, 21 Nov 14:05:10"


@pytest.mark.parametrize(
    "name", ["shipped", "mine", "20261121-140510-huge", "20269999-140510-quick", "20261121-140510-quick-no0", ""]
)
def test_a_name_that_is_not_a_trainings_has_no_parts(name):
    assert parse_run_name(name) is None


def test_the_next_number_is_above_those_of_the_same_preset():
    taken = ["20260101-000000-quick-no3", "20260102-000000-quick-no2", "20260103-000000-tiny-no9", "mine"]
    assert next_number("quick", taken) == 4
    assert next_number("tiny", taken) == 10
    assert next_number("lenet5", ["20260103-000000-lenet5", "20260103-000000-lenet5-2"]) == 1
