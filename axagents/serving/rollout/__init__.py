"""How a new version comes to its traffic: steps, and the judge between them."""
