"""Whose outcome changes between two books of rules: over every cell that either of them tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np

from crypto.explained import Text
from terminal.decisions.region import scopes
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.boxes import UNTOLD, boxes
from terminal.rule_checks.finding import text_as_json
from terminal.rule_checks.grid import Grid, grids_of
from terminal.rule_checks.outcomes import Judged, judge
from terminal.rule_checks.sites import Site, sites_of


class ChangeKind(StrEnum):
    """What changes."""

    OUTCOME = "outcome"  # what is granted or paid
    WORDS = "words"  # only what is said: legal basis, texts, advice


@dataclass(frozen=True)
class Change:
    """One change: at which services, for whom and when, from what to what."""

    kind: ChangeKind
    services: tuple[Text, ...]
    who: Text
    before: Text
    after: Text

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "kind": self.kind.value,
            "services": [text_as_json(service) for service in self.services],
            "who": text_as_json(self.who),
            "before": text_as_json(self.before),
            "after": text_as_json(self.after),
        }


# Of a change within one site: what kind, and the two outcomes in words.
_Label: TypeAlias = tuple[ChangeKind, Text, Text]
_ALL_WORDS: Final = 60  # characters of a text that a change quotes


def changes(old: RuleBook, new: RuleBook) -> list[Change]:
    """Every change from `old` to `new`, in the same order each time; none where all stays as it is.

    Raises RuleSpaceTooLarge.
    """
    packs = (*old.packs, *new.packs)
    services: dict[tuple[ChangeKind, Text, Text, Text], list[Text]] = {}
    for site in sites_of(packs):
        if _reaching(old, site) == _reaching(new, site):
            continue
        for grid in grids_of(site, packs):
            for (kind, before, after), who in _in_grid(grid, old, new):
                services.setdefault((kind, who, before, after), []).append(site.words)
    found = [
        Change(kind, tuple(at), who, before, after) for (kind, who, before, after), at in services.items()
    ]
    return sorted(found, key=lambda change: change.kind is ChangeKind.WORDS)


def _reaching(book: RuleBook, site: Site) -> set[bytes]:
    """What the packs that reach a site are, byte for byte."""
    reach = scopes(site.service.region)
    return {pack.digest for pack in book.packs if pack.region in reach}


def _in_grid(grid: Grid, old: RuleBook, new: RuleBook) -> Iterator[tuple[_Label, Text]]:
    labels = np.full(grid.shape, UNTOLD, np.int64)
    numbers: dict[_Label, int] = {}
    for cell, situation in grid.situations():
        fares = grid.span("fare", cell)
        label = _label(judge(situation, old, fares), judge(situation, new, fares))
        if label is not None:
            labels[cell] = numbers.setdefault(label, len(numbers))
    listed = list(numbers)
    for box in boxes(labels):
        yield listed[box.label], grid.say(box.chosen)


def _label(before: Judged, after: Judged) -> _Label | None:
    if before.given != after.given:
        return ChangeKind.OUTCOME, before.words, after.words
    for was, becomes in zip(before.said.texts, after.said.texts, strict=True):
        if was != becomes:
            return ChangeKind.WORDS, _quoted(was), _telling(was, becomes)
    return None


def _telling(was: Text, becomes: Text) -> Text:
    """The new text quoted; where it is in the other language alone that it is new, that one too."""
    before, after = _quoted(was), _quoted(becomes)
    zh = f"{after.zh}（只有英文改变：{before.en} → {after.en}）" if was.zh == becomes.zh else after.zh
    en = f"{after.en} (the Chinese alone: {before.zh} → {after.zh})" if was.en == becomes.en else after.en
    return Text(zh=zh, en=en)


def _quoted(text: Text) -> Text:
    return Text(zh=f"“{_short(text.zh)}”", en=f"“{_short(text.en)}”")


def _short(text: str) -> str:
    return text if len(text) <= _ALL_WORDS else f"{text[:_ALL_WORDS]}…"
