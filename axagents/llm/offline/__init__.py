"""The offline planner: no model, no weights, no socket; it ranks tools by example and asks when unsure."""
