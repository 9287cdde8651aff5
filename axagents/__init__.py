"""The machine-learning operations team in a terminal: agents plan, typed tools compute."""

__version__ = "0.1.0"
