"""Divide a data set into two parts."""

import numpy as np


def stratified_split(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices of the two parts; the second holds `fraction` of each class, at least one each.

    Not scikit-learn's `train_test_split`: it would choose other images for the seeds that existing runs record.
    Raises ValueError if a class has fewer than two members.
    """
    rng = np.random.default_rng(seed)
    held_out = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise ValueError(f"class {label} has {len(members)} member; a split needs at least 2 of each")
        count = min(max(int(len(members) * fraction + 0.5), 1), len(members) - 1)
        held_out.append(rng.permutation(members)[:count])
    second = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), second), second
