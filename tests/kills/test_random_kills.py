"""A few of the kills of `python -m tests.kills`, and of the full disks of `python -m tests.disk`."""

import os

import pytest

from tests.disk.full_disk import store_drawings
from tests.disk.small_disk import small_disk, why_not
from tests.kills.app_kills import kill_app

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and mounts as Linux does; run it there")


def test_an_app_killed_at_random_moments_loses_nothing_and_leaves_nothing(own_home):
    for seed in range(3):
        _, problems = kill_app(seed)
        assert problems == []


def test_drawings_on_a_full_disk_are_confirmed_or_refused_with_the_reason(own_home, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    with small_disk(tmp_path / "disk") as disk:
        outcomes = [store_drawings(disk, pages) for pages in (0, 3, 20, 45, 120)]
    assert [problems for _, problems in outcomes if problems] == []
    counts = [count for count, _ in outcomes]
    assert counts == sorted(counts) and counts[0] == 0 < counts[-1]
