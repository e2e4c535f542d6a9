"""Algorithms on the arrays of a market, one a file; they know no child and no school."""
