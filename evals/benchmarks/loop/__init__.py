"""One agent loop, walked by us and by others: the same model, the same tool, the same script."""
