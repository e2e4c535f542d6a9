"""The rules of admission as data: the model, its two small languages, the shipped policies."""
