"""The model registry: versions and artifacts in MLflow, every change in the project's own event log."""
