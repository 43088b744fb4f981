"""The parts of scripts/benchmark.py; the browser tests use some of them too."""
