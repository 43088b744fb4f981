"""Searches, ensembles and folders of pictures on a Ray cluster: the only room that imports Ray and Optuna."""
