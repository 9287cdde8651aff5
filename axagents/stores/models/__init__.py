"""Model folders: written without code, looked at before they are loaded, loaded as data, checked in a cell."""
