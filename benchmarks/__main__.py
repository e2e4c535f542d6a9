"""``python -m benchmarks [NAME …]``: measures speed as ratios taken in one run; without names, everything."""

import sys

from benchmarks import (
    audits,
    family,
    first_calls,
    guarantee,
    kernels,
    mechanisms,
    peers,
    reasons,
    runs,
    simulations,
    verifier,
    what_ifs,
)

SUBJECTS = {
    "kernels": kernels.run,
    "mechanisms": mechanisms.run,
    "family": family.run,
    "first_calls": first_calls.run,
    "audit": audits.run,
    "peers": peers.run,
    "guarantee": guarantee.run,
    "reasons": reasons.run,
    "demo": runs.demo,
    "runs": runs.run,
    "verify": verifier.run,
    "simulations": simulations.run,
    "what_ifs": what_ifs.run,
}


def main() -> None:
    """Run the subjects named on the command line."""
    names = sys.argv[1:] or list(SUBJECTS)
    if unknown := [name for name in names if name not in SUBJECTS]:
        sys.exit(f"no benchmark '{unknown[0]}'; there are {', '.join(SUBJECTS)}")
    for name in names:
        SUBJECTS[name]()


if __name__ == "__main__":
    main()
