"""District × round → Market: applicants, lists, classes, orders, lottery, pools and guarantee as arrays."""
