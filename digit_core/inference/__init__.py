"""Predictions with LiteRT, occlusion maps, nearest neighbours."""
