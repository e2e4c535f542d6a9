"""Is the office ready to run? What stands out in tables and policy is found before a child has a seat."""
