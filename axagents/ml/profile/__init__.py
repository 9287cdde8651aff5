"""Profiles of datasets: what is in them, how it is spread, and what looks wrong."""
