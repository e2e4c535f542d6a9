"""What-ifs: thin loops over the engine."""
