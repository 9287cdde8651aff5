"""Decision tables: rows of data, and one evaluator for all of them."""
