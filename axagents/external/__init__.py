"""Tools of other programs: MCP servers that the settings name and the user trusts."""
