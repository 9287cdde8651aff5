"""The feature store: versioned definitions that never change, their tables, and the latest values of each entity."""
