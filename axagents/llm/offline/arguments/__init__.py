"""Find a tool's arguments in a sentence, then in the conversation, in what was remembered, and in the world."""
