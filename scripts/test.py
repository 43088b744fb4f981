"""Run every check: ruff, import contracts, unit tests, page tests, browser tests.

python3 scripts/test.py
python3 scripts/test.py -k normalize -x          further options are passed to pytest
python3 scripts/test.py -n 0                     one test at a time
"""

import subprocess
import sys

import environment

_LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "import contracts": ["-c", _LINT_IMPORTS],
    # By file, because the browser tests of a file share an app; in the order of collection, which puts the
    # browser tests first, because they take longest. Each worker needs a gigabyte, hence at most four.
    "tests": ["-m", "pytest", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"],
}


def main() -> int:
    """Run the checks one after the other and return the exit code."""
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    environment.enter(__name__, environment.DEVELOPMENT)
    failed = []
    for name, command in CHECKS.items():
        print(f"\n== {name}", flush=True)
        options = sys.argv[1:] if name == "tests" else []
        if subprocess.call([sys.executable, *command, *options], cwd=environment.PROJECT):
            failed.append(name)
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nEverything passed.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
