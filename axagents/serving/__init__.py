"""Serving: engines, model servers, the gateway before them, and how a new version comes to its traffic."""
