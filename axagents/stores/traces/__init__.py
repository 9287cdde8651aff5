"""Traces: the spans of runs, kept with them, exported where that is wanted, and read as a tree."""
