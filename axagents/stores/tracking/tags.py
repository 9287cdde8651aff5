"""The names of the tags that MLflow keeps for us, so that who writes one and who reads it mean the same."""

NOTE = "mlflow.note.content"
"""What MLflow's own page shows as the description."""

# Of an experiment, and of a run.
WORDS = "axagents.tags"
"""The plain words that somebody gave it, as `join_tags` writes them."""

# Of a run.
OWNER = "axagents.run_id"
"""The run of ours that made it, so that a repeated step finds it again."""
HYPOTHESIS = "axagents.hypothesis"
VERDICT = "axagents.verdict"
CLAIMED = "axagents.claimed"
"""The metrics that somebody typed, by `join_tags`."""
TRAINING = "axagents.training"
"""The run of ml-train that computed its figures."""
FINGERPRINT = "axagents.fingerprint"
"""Of the data it was trained on."""
SPLIT = "axagents.split"
"""Tells one division into folds from another; fold scores pair only when it is the same."""
LEAKAGE = "axagents.leakage"
MODEL_SHA256 = "axagents.model_sha256"
MODEL_PATH = "axagents.model_path"
EVALUATED = "axagents.evaluated"
"""The SHA-256 of the model that the run evaluated, and did not train."""

# Of a registered version, and of the copy of its artifacts.
REGISTERED_MODEL = "axagents.model"
VERSION = "axagents.version"
SHA256 = "axagents.sha256"
STAGE = "axagents.stage"
FRAMEWORK = "axagents.framework"
LOGGED_MODEL = "axagents.logged_model"
