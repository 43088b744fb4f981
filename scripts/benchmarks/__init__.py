"""What scripts/benchmark.py measures with; the browser tests use some of it too."""
