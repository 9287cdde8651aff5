"""Features from events: what is to be computed, written down, compiled and computed as of each row's own moment."""
