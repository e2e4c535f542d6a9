"""Speed as ratios measured in one run: each figure beside a yardstick."""
