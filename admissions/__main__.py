"""``python -m admissions``."""

from admissions.cli import main

main()
