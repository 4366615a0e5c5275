"""How long a tap takes on the air by the timing model, beside the chip's signature that it can't do without.

    python -m benchmarks.onair [--quick]

The bytes are those that the reference applet really exchanges; the times are those of
card/simulator/timing/model.py, whose constants cite their sources. Reader and host come on top. A model has
no rounds: --quick changes nothing.
"""

from __future__ import annotations

from benchmarks.figures import progress, quick_asked, report
from card.simulator.timing.constants import GOALS
from card.simulator.timing.exchange import recorded_tap
from card.simulator.timing.model import ChipTimes, RadioLink, tap_timing


def main() -> None:
    """Print one figure a goal."""
    quick_asked(__doc__)
    progress("one tap of the reference applet")
    exchange = recorded_tap()
    for goal in GOALS:
        timing = tap_timing(exchange, RadioLink(goal.bit_rate), ChipTimes(goal.signature_ms))
        report(
            f"modelled on-air tap, {int(goal.bit_rate)} kbit/s, {goal.signature_ms:g} ms SM2 signature",
            timing.on_air_ms,
            "ms",
            floor=goal.signature_ms,
            goal=f"<= {goal.on_air_ms:g} ms",
            holds=timing.on_air_ms <= goal.on_air_ms,
        )


if __name__ == "__main__":
    main()
