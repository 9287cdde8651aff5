"""Model folders: written without code, looked at before they are loaded, loaded as data, checked in a cell."""

# `save_model` is imported from its own module: it brings MLflow, which a process that only loads does without.
from axagents.stores.models.digest import digest
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.models.load import load_model, load_opened

__all__ = ["ModelFolder", "digest", "load_model", "load_opened", "open_folder"]
