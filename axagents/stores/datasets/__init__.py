"""Datasets: the catalog of references, and the reading of what they point at."""
