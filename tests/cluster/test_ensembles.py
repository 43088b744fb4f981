"""The settings of a network that is distilled from an ensemble."""

from digit_core.cluster.ensembles import student_config
from digit_core.runs.config import training_config
from tests.constructed import construct_run

NAMES = "20260101-120000-lenet5", "20260102-120000-lenet5"


def test_a_student_has_the_settings_of_the_first_member(own_home):
    members = [construct_run(name, epochs=7) for name in NAMES]
    assert student_config(members, seed=4).model_dump(include={"epochs", "teachers", "seed"}) == {
        "epochs": 7,
        "teachers": NAMES,
        "seed": 4,
    }


def test_a_student_of_a_run_that_was_trained_further_is_trained_from_the_start(own_home):
    members = [construct_run(NAMES[0], epochs=2, base_run=NAMES[1]), construct_run(NAMES[1])]
    student = student_config(members)
    preset = student.preset
    assert (student.base_run, student.epochs) == ("", training_config(preset).epochs)
