"""Contract suites: what every tool, store and target must hold, open to users' own."""
