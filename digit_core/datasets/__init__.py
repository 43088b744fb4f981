"""MNIST and scikit-learn's bundled digits: fetch, verify, split, load."""
