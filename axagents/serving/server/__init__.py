"""The model server: one process for one version, in MLflow's protocol."""
