"""How well the ATR alone names cards that are not ours, over the public list of pcsc-tools.

    python -m benchmarks.recognition

Two lines a family: precision (of the ATRs that we call a bank card, those that the list's descriptions call
one) and recall (of those that the descriptions call one, those that we do). The floor is the perfect answer.
The chips know no name, so the one question that a real card is asked beyond this is not counted in. The list
has no Chinese social-security card: that family has no figure. Our patterns were written with the list at
hand, so these figures describe it, not cards that nobody sent in.
"""

from __future__ import annotations

from benchmarks.figures import report
from tests.card.atr_corpus import FLOORS, scores


def main() -> None:
    """Run the benchmark."""
    for score in scores():
        if score.family not in FLOORS:
            continue
        goals = dict(zip(("precision", "recall"), FLOORS[score.family], strict=True))
        for figure, value in (("precision", score.precision), ("recall", score.recall)):
            report(
                f"{score.family} by ATR alone, {figure}",
                value,
                f"of {score.named if figure == 'precision' else score.described} ATRs",
                floor=1.0,
                goal=f">= {goals[figure]}",
                holds=value >= goals[figure],
            )


if __name__ == "__main__":
    main()
