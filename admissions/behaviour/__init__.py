"""How families make their lists, and what they do with an offer: models that give a district other lists."""
