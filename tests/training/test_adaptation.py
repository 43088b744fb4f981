import keras
import numpy as np
import pytest

from digit_core.datasets.loading import load_dataset
from digit_core.drawings.labelled import NOT_A_DIGIT, LabelledImages
from digit_core.drawings.training_set import DRAWINGS_FILE, TrainingSet, training_set
from digit_core.errors import DamagedRun, DataDamaged, InvalidConfig, UnknownRun
from digit_core.runs.fine_tuning import fine_tuning_config, further_training_config
from digit_core.runs.run import SHIPPED, Run, open_run
from digit_core.training import architectures
from digit_core.training.adaptation import average, blend, load_network, right_drawings
from digit_core.training.batches import MixedBatches
from digit_core.training.contradictions import contradicted_labels
from digit_core.training.fit import build_compiled_model, train
from digit_core.training.synthetic.dataset import SyntheticDigits
from digit_core.training.synthetic.digits import generate_digits
from digit_core.training.synthetic.non_digits import generate_non_digits


@pytest.fixture
def drawings() -> TrainingSet:
    """Thirty synthetic digits, with their labels."""
    images, labels = generate_digits(30, np.random.default_rng(0))
    return training_set(LabelledImages(images, labels.astype(np.int64), ("anna",) * 30))


def learned(config, folder, drawings) -> Run:
    folder.mkdir()
    (folder / DRAWINGS_FILE).write_bytes(drawings.as_bytes())
    train(config, folder, command="a test", report=lambda progress: None, cancelled=lambda: False)
    return Run(folder)


def test_a_run_learns_from_drawings_and_is_compared_with_its_base(training_home, trained_run, drawings, tmp_path):
    config = fine_tuning_config(trained_run, 30, drawings.digest(), steps_per_epoch=20)
    run = learned(config, tmp_path / "20260102-000000-quick", drawings)
    found = run.adaptation()
    assert found.base_run == trained_run.name and found.drawings == 30
    assert (found.held_back.images, found.learned.images) == (6, 24)
    assert found.learned.after > found.learned.before
    assert found.test.images == len(run.predictions().labels)
    right = right_drawings(trained_run, drawings.images, drawings.labels)
    assert found.learned.before + found.held_back.before == right.sum()
    assert run.config.drawings_digest == drawings.digest() and run.config.base_run == trained_run.name
    assert not (run.path / DRAWINGS_FILE).exists(), "drawings belong to people, not to the run"


def test_a_run_whose_base_is_gone_says_so(trained_run, drawings, tmp_path):
    config = fine_tuning_config(trained_run, 30, "").model_copy(update={"base_run": "20200101-000000-gone"})
    with pytest.raises(UnknownRun, match="20200101-000000-gone"):
        learned(config, tmp_path / "new", drawings)


def test_a_run_without_its_drawings_says_so(trained_run, tmp_path):
    config = fine_tuning_config(trained_run, 30, "")
    with pytest.raises(DataDamaged, match="The drawings of this training cannot be read"):
        train(config, tmp_path, command="a test", report=lambda progress: None, cancelled=lambda: False)


def test_base_run_and_drawings_go_together(trained_run):
    with pytest.raises(InvalidConfig, match="base_run, drawings and drawing_share go together"):
        fine_tuning_config(trained_run, 0, "")


def test_weights_move_back_until_validation_is_as_good_as_before(trained_run):
    data = load_dataset("digits")
    config = fine_tuning_config(trained_run, 30, "")
    images, labels = data.x_train[:500] / np.float32(255), data.y_train[:500]
    network = load_network(trained_run)
    before = network.get_weights()
    assert blend(network, config, [(images, labels)] * 2) == 1.0, "nothing was lost"
    damaged = [weight + np.random.default_rng(0).normal(0, 1.0, weight.shape) for weight in before]
    network.set_weights(damaged)
    share = blend(network, config, [(images, labels)] * 2)
    assert share < 1.0
    for weight, old, new in zip(network.get_weights(), before, damaged, strict=True):
        np.testing.assert_allclose(weight, old + share * (new - old), atol=1e-5)


def test_a_run_that_is_trained_further_begins_with_its_base_and_is_a_run_like_any_other(
    training_home, trained_run, tmp_path
):
    config = further_training_config(trained_run, epochs=1, seed=5)
    assert (config.preset, config.data, config.base_run) == ("quick", trained_run.config.data, trained_run.name)
    train(config, tmp_path, command="a test", report=lambda progress: None, cancelled=lambda: False)
    run = Run(tmp_path)
    assert run.adaptation() is None
    assert run.metrics.accuracy > trained_run.metrics.accuracy - 0.03
    assert run.model_bytes() != trained_run.model_bytes()


def test_with_teachers_it_learns_their_predictions_as_they_are(trained_run):
    config = further_training_config(trained_run, epochs=2, teachers=(SHIPPED,))
    assert (config.teachers, config.label_smoothing, config.mild_epochs) == ((SHIPPED,), 0.0, 2)


def test_its_weights_are_the_mean_of_those_before_and_after(trained_run):
    network = load_network(trained_run)
    before = network.get_weights()
    network.set_weights([weight + 1 for weight in before])
    average(network, further_training_config(trained_run))
    for weight, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_allclose(weight, old + 0.5, atol=1e-6)


def test_a_run_of_an_earlier_version_keeps_its_own_architecture(trained_run, monkeypatch):
    config = fine_tuning_config(trained_run, 30, "")
    before = load_network(trained_run)
    monkeypatch.setitem(architectures.BUILDERS, config.preset, lambda image, config: keras.layers.Flatten()(image))
    model = build_compiled_model(config, 1)
    assert architectures.build(config).count_params() != before.count_params()
    for weight, old in zip(model.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, old)


def test_a_base_run_with_other_classes_than_its_settings_say_is_damaged(trained_run):
    config = fine_tuning_config(trained_run, 30, "")
    other = config.model_copy(update={"non_digits": 0 if config.non_digits else 5})
    with pytest.raises(DamagedRun, match="classes that its settings say"):
        build_compiled_model(other, 1)


def test_labels_that_contradict_the_others_are_found(drawings):
    base = open_run(SHIPPED)
    rng = np.random.default_rng(1)
    digits, labels = generate_digits(500, rng)
    pool = SyntheticDigits(digits, labels, generate_non_digits(200, rng))
    batches = MixedBatches(digits, labels, fine_tuning_config(base, 30, ""), pool)
    network = load_network(base)
    assert contradicted_labels(network, drawings, batches).sum() <= 2
    wrong = drawings.labels.copy()
    wrong[::5] = (wrong[::5] + 5) % 10
    found = contradicted_labels(network, TrainingSet(drawings.images, wrong, drawings.held_back), batches)
    assert found[::5].sum() >= 4 and found.sum() <= 9


def test_a_non_digit_is_right_if_it_is_rejected():
    base = open_run(SHIPPED)
    letters = generate_non_digits(100, np.random.default_rng(3))
    right = right_drawings(base, letters, np.full(100, NOT_A_DIGIT))
    assert right.mean() > 0.8
    assert not (right & right_drawings(base, letters, np.full(100, 4))).any()


def test_drawings_are_a_fixed_share_of_each_batch_with_their_own_labels(drawings):
    config = fine_tuning_config(open_run(SHIPPED), 30, "", batch_size=40)
    rng = np.random.default_rng(1)
    digits, labels = generate_digits(200, rng)
    pool = SyntheticDigits(digits, labels, generate_non_digits(50, rng))
    nines = np.zeros((3, 28, 28), np.uint8), np.full(3, 9)
    batches = MixedBatches(digits, labels, config, pool, drawings=nines)
    assert len(batches) == config.steps_per_epoch
    inputs, targets = batches[len(batches) - 1]
    assert inputs.shape[0] == targets.shape[0] == 40
    count = int(40 * config.drawing_share + 0.5)
    assert (targets[-count:].argmax(1) == 9).all() and not inputs[-count:].any()


def test_the_teachers_probabilities_stand_in_for_the_labels_of_all_but_the_drawings(drawings):
    class Teacher:
        def logits_in_batches(self, images):
            return np.tile(np.eye(11, dtype=np.float32)[3] * 50, (len(images), 1))

    config = fine_tuning_config(open_run(SHIPPED), 30, "", batch_size=40)
    rng = np.random.default_rng(1)
    digits, labels = generate_digits(200, rng)
    pool = SyntheticDigits(digits, labels, generate_non_digits(50, rng))
    batches = MixedBatches(digits, labels, config, pool, drawings=drawings.learned(), teacher=Teacher())
    _, targets = batches[0]
    count = int(40 * config.drawing_share + 0.5)
    assert (targets[:-count].argmax(1) == 3).all()
    assert set(targets[-count:].argmax(1)) - {3}


def test_a_network_that_does_not_load_is_told(trained_run):
    (trained_run.path / "model.keras").write_bytes(b"nothing")
    with pytest.raises(DamagedRun, match="cannot be loaded"):
        load_network(trained_run)
    keras.backend.clear_session()
