"""The face for MCP clients: the same tools over stdio, effects behind a person's approval."""
