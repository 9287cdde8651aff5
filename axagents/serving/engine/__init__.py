"""A saved version made ready to answer: prepared once with its own library, opened without it from then on."""
