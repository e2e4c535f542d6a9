"""Worked examples of the literature and of administrative practice, as published, with their answers."""
