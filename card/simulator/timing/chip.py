"""The timing model in real time: a chip whose answers come when those of a real one would."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from card.simulator.chips.chip import Chip
from card.simulator.chips.waiting_chip import WaitingChip
from card.simulator.timing.exchange import historical_byte_count
from card.simulator.timing.model import (
    ApduSizes,
    ChipTimes,
    RadioLink,
    TimingStep,
    activation_steps,
    apdu_steps,
    milliseconds,
)


class TimedChip(WaitingChip):
    """A chip behind a modelled field: activation takes its time at power-on, each APDU as long as on the air.

    What the simulated chip itself needs counts as part of the modelled time. Reader and host are those that
    really run, so the link's `turnaround_ms` plays no part.
    """

    def __init__(self, chip: Chip, link: RadioLink, times: ChipTimes) -> None:
        super().__init__(chip)
        self._link = link
        self._times = times

    def power_on(self) -> None:
        """Passed on; returns when the card would be active. Raises CardTorn when the field goes meanwhile."""
        begun = perf_counter()
        super().power_on()
        steps = activation_steps(historical_byte_count(self.atr), self._link, self._times)
        self._wait_until(begun, steps)

    def process(self, command: bytes) -> bytes:
        """The chip's answer at its modelled time. Raises CardTorn."""
        begun = perf_counter()
        answer = super().process(command)
        self._wait_until(begun, apdu_steps(ApduSizes.of(command, answer), self._link, self._times))
        return answer

    def _wait_until(self, begun: float, steps: Iterable[TimingStep]) -> None:
        modelled = milliseconds(sum(step.airtime.total for step in steps)) / 1000
        self._wait(begun + modelled - perf_counter())
