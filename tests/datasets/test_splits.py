import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digit_core.datasets.splits import stratified_split


@given(
    counts=st.lists(st.integers(2, 60), min_size=1, max_size=10),
    fraction=st.floats(0.02, 0.5),
    seed=st.integers(0, 1000),
)
def test_a_split_has_every_class_in_both_parts_and_every_image_once(counts, fraction, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    first, second = stratified_split(labels, fraction, seed)
    assert sorted([*first, *second]) == list(range(len(labels)))
    for label, count in enumerate(counts):
        held_out = int((labels[second] == label).sum())
        assert 1 <= held_out < count
        assert abs(held_out - count * fraction) <= 1


def test_a_split_is_the_same_for_the_same_seed_and_another_for_another():
    labels = np.arange(100) % 10
    assert np.array_equal(stratified_split(labels, 0.3, 5)[1], stratified_split(labels, 0.3, 5)[1])
    assert not np.array_equal(stratified_split(labels, 0.3, 5)[1], stratified_split(labels, 0.3, 6)[1])


def test_the_split_that_existing_runs_recorded_by_their_seed_stays():
    labels = np.arange(40) % 10
    assert stratified_split(labels, 0.3, seed=5)[1].tolist() == [4, 6, 7, 21, 25, 28, 29, 30, 32, 33]
