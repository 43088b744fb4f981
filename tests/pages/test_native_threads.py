import json
import subprocess
import sys

from digit_core.storage import paths

# As `streamlit run` does, in a process of its own: NumPy reads the variable when it is imported.
_CODE = """
import streamlit_app
from threadpoolctl import threadpool_info
import numpy
assert streamlit_app.app
print([pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"])
"""


def test_no_thread_of_openblas_spins_in_the_app():
    found = subprocess.run([sys.executable, "-c", _CODE], cwd=paths.PROJECT, capture_output=True, text=True, check=True)
    threads = json.loads(found.stdout.splitlines()[-1])
    assert set(threads) <= {1}
