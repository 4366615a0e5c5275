"""How a benchmark takes its times and reports a figure: one JSON object a line on standard output."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns


def report(figure: str, value: float, unit: str, *, floor: float, goal: str, holds: bool) -> None:
    """Print one figure beside its floor of the same run; `ratio` is value / floor."""
    line = {
        "figure": figure,
        "value": round(value, 5),
        "unit": unit,
        "floor": round(floor, 5),
        "ratio": round(value / floor, 3),
        "goal": goal,
        "holds": holds,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def progress(line: str) -> None:
    """Say on standard error what is being measured now."""
    print(line, file=sys.stderr, flush=True)


def quick_asked(doc: str | None) -> bool:
    """Whether `--quick` was given."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else None)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    return bool(parser.parse_args().quick)


def elapsed_ns(work: Callable[[], object]) -> int:
    """Nanoseconds that one call takes."""
    begun = perf_counter_ns()
    work()
    return perf_counter_ns() - begun


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """The median time of `work` in milliseconds."""
    return median(elapsed_ns(work) for _ in range(rounds)) / 1_000_000
