"""The same contract through OR-Tools and NetworkX."""
