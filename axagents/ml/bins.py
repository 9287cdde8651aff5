"""The bins of latency histograms, known without numpy to the processes that fill them."""

STEP = 1.05
EDGES = tuple(0.05 * STEP**place for place in range(288))
"""Upper ends in milliseconds, from 0.05 ms to a minute; what is slower falls into one bin more."""
