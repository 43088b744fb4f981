"""A short run of `python -m tests.fuzzing`; `DIGITS_EXAMPLES=1000` takes that many inputs."""

import os

from tests import fuzzing


def test_arbitrary_inputs_are_processed_or_refused_quickly():
    failures, _, refused = fuzzing.feed(0, int(os.environ.get("DIGITS_EXAMPLES", "6000")))
    assert not failures
    assert refused
