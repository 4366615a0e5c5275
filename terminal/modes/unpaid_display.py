"""Lines for a person at a desk where nobody pays."""

from __future__ import annotations

from terminal.displays import LineDisplay
from terminal.tap import TapResult


class UnpaidLineDisplay(LineDisplay):
    """As any terminal's, without sums."""

    def result(self, result: TapResult) -> None:
        """A card was refused: what everybody may read, and on a screen what staff can do."""
        self._say(result.bystander_text.in_language(self._language))
        self._say_to_staff(result.staff_text.in_language(self._language))

    def _say_to_staff(self, line: str) -> None:
        """Where standard output is a screen; it may well be a log."""
        if self._out.isatty():
            self._say(f"  {line}")
