import json
import sys

import pytest

from digit_core.jobs.processes import start_process

_CODE = """
import json
import numpy
from threadpoolctl import threadpool_info
print(json.dumps([pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"]))
"""


@pytest.mark.parametrize(("configured", "threads"), [(None, 1), ("2", 2)])
def test_openblas_computes_in_one_thread_of_a_started_process_unless_configured(
    tmp_path, monkeypatch, configured, threads
):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if configured:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", configured)
    assert start_process(tmp_path / "log", [sys.executable, "-c", _CODE]).wait(60) == 0
    assert set(json.loads((tmp_path / "log").read_text())) == {threads}
