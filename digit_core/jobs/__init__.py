"""Start, watch and cancel background processes: training, export, robustness."""
