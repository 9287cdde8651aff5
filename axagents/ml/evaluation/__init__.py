"""What is said of a model's answers on labelled rows: how good, how fair, where wrong, how steady."""
