"""Look after a project: check it, move it, tidy it."""
