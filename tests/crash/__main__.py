"""Kill a tapping terminal at random instants and verify its journal: `python -m tests.crash --count 1000`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from tests.crash.crashing import Crashing
from tests.terminal.enrolled import enrol


def main() -> int:
    """Run the rounds; one JSON object on standard output, and 1 where a journal was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how often the terminal is killed")
    parser.add_argument("--seed", type=int, default=None, help="for the instants; default: by chance")
    arguments = parser.parse_args()
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    out = Path("out")
    out.mkdir(exist_ok=True)
    started = time.monotonic()
    with TemporaryDirectory(dir=out) as folder:
        crashing = Crashing(enrol(Path(folder) / "bus"), random.Random(seed))
        try:
            while crashing.log.rounds < arguments.count:
                crashing.round()
                if crashing.log.rounds % 50 == 0:
                    typer.echo(f"{crashing.log.rounds} of {arguments.count}", err=True)
        except AssertionError as error:
            typer.echo(json.dumps({**crashing.log.summary(), "seed": seed, "wrong": str(error)}))
            return 1
    seconds = round(time.monotonic() - started)
    typer.echo(json.dumps({**crashing.log.summary(), "seed": seed, "seconds": seconds, "wrong": None}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
