"""The laboratory: the lottery drawn again and again, rules changed and compared; thin loops over the engine."""
