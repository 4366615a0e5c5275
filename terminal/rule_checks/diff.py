"""Whose outcome changes between two books of rules: over every cell that either of them tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crypto.explained import Text
from terminal.decisions.region import NATION, scopes
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.terms import Misuse
from terminal.rule_checks.boxes import UNTOLD, boxes
from terminal.rule_checks.finding import text_as_json
from terminal.rule_checks.grid import Grid, grids_of
from terminal.rule_checks.outcomes import Judged, judge
from terminal.rule_checks.regions import representatives
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


@dataclass(frozen=True)
class Untried:
    """Services at which only some values of the `variables` were compared: others may well come out anew."""

    variables: tuple[str, ...]
    services: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "variables": list(self.variables),
            "services": [text_as_json(service) for service in self.services],
        }


@dataclass(frozen=True)
class Comparison:
    """Every change that was found, and where some could have been missed."""

    changes: tuple[Change, ...]
    untried: tuple[Untried, ...]

    def __bool__(self) -> bool:
        """Whether something changes, or may."""
        return bool(self.changes or self.untried)

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "untried": [untried.as_json() for untried in self.untried],
        }


# Of a change within one site: what kind, and the two outcomes in words.
_Label: TypeAlias = tuple[ChangeKind, Text, Text]


def compare(old: RuleBook, new: RuleBook) -> Comparison:
    """Every change from `old` to `new`, in the same order each time; none where all stays as it is.

    Raises RuleSpaceTooLarge.
    """
    packs = (*old.packs, *new.packs)
    services: dict[tuple[ChangeKind, Text, Text, Text], list[Text]] = {}
    untried: dict[tuple[str, ...], list[Text]] = {}
    for site in sites_of(packs):
        if _reaching(old, site) == _reaching(new, site):
            continue
        for grid in grids_of(site, packs):
            if grid.sampled:
                untried.setdefault(tuple(sorted(grid.sampled)), []).append(site.words)
            for (kind, before, after), who in _in_grid(grid, old, new):
                services.setdefault((kind, who, before, after), []).append(site.words)
    found = [
        Change(kind, tuple(at), who, before, after) for (kind, who, before, after), at in services.items()
    ]
    found += _misuse_changes(old, new)
    return Comparison(
        tuple(sorted(found, key=lambda change: change.kind is ChangeKind.WORDS)),
        tuple(Untried(variables, tuple(at)) for variables, at in untried.items()),
    )


def _reaching(book: RuleBook, site: Site) -> set[bytes]:
    """What the packs that reach a site are, byte for byte."""
    reach = scopes(site.service.region)
    return {pack.digest for pack in book.packs if pack.region in reach}


def _in_grid(grid: Grid, old: RuleBook, new: RuleBook) -> Iterator[tuple[_Label, Text]]:
    # A cell may change in several texts, and each of them for other people: each has labels of its own.
    layers: dict[str, npt.NDArray[np.int64]] = {}
    numbers: dict[_Label, int] = {}
    for cell, situation in grid.situations():
        fares = grid.span("fare", cell)
        for layer, label in _labels(judge(situation, old, fares), judge(situation, new, fares)):
            if layer not in layers:
                layers[layer] = np.full(grid.shape, UNTOLD, np.int64)
            layers[layer][cell] = numbers.setdefault(label, len(numbers))
    listed = list(numbers)
    for labels in layers.values():
        for box in boxes(labels):
            yield listed[box.label], grid.say(box.chosen)


def _labels(before: Judged, after: Judged) -> Iterator[tuple[str, _Label]]:
    if before.given != after.given:
        yield "given", (ChangeKind.OUTCOME, before.words, after.words)
        return
    for name, was, becomes in zip(_TEXTS, before.said.texts, after.said.texts, strict=True):
        if was != becomes:
            yield name.en, (ChangeKind.WORDS, *_quoted(name, was, becomes))


def _quoted(name: Text, was: Text, becomes: Text) -> tuple[Text, Text]:
    """Both texts in full, so that the two differ in each language: where one did not change, the other."""
    zh, en = (
        [f"（英文）“{text.en}”" if was.zh == becomes.zh else f"“{text.zh}”" for text in (was, becomes)],
        [f"(Chinese) “{text.zh}”" if was.en == becomes.en else f"“{text.en}”" for text in (was, becomes)],
    )
    before, after = (Text(zh=says_zh, en=says_en) for says_zh, says_en in zip(zh, en, strict=True))
    return Text(zh=f"{name.zh} {before.zh}", en=f"{name.en} {before.en}"), after


_TEXTS: Final = (
    Text(zh="依据", en="legal basis"),
    Text(zh="对本人", en="to the holder"),
    Text(zh="对工作人员", en="to staff"),
    Text(zh="建议", en="advice"),
    Text(zh="提醒", en="reminder"),
)


def _misuse_changes(old: RuleBook, new: RuleBook) -> Iterator[Change]:
    """What misuse brings: nothing at a tap, but a bar for a holder whom the centre finds at fault."""
    packs = [pack for pack in (*old.packs, *new.packs) if pack.misuse is not None]
    named = {"", *(pack.region for pack in packs if pack.region != NATION)} if packs else set()
    for prefix, region in representatives(named).items():
        place = Text(zh=prefix or _ELSEWHERE.zh, en=prefix or _ELSEWHERE.en)
        for first, last in _spells([pack for pack in packs if pack.region in scopes(region)]):
            was, becomes = old.misuse_in(region, first), new.misuse_in(region, first)
            who = _MISUSED_SINCE if last == date.max else _MISUSED
            who = who.format(first=first, last=last)
            if _bar(was) != _bar(becomes):
                yield Change(ChangeKind.OUTCOME, (place,), who, _bar(was), _bar(becomes))
            elif was is not None and becomes is not None and was != becomes:
                yield Change(
                    ChangeKind.WORDS, (place,), who, *_quoted(_TEXTS[0], was.legal_basis, becomes.legal_basis)
                )


def _spells(packs: list[RulePack]) -> Iterator[tuple[date, date]]:
    """First and last days of the spells within which the same of `packs` are in force."""
    ends = {pack.effective_until for pack in packs if pack.effective_until is not None} - {date.max}
    if not packs:
        return iter(())
    starts = sorted({pack.effective_from for pack in packs} | {end + _ONE_DAY for end in ends})
    return zip(starts, [*(start - _ONE_DAY for start in starts[1:]), date.max], strict=True)


def _bar(misuse: Misuse | None) -> Text:
    if misuse is None:
        return _NO_BAR
    return (_WITHDRAWN if misuse.withdrawn else _BARRED).format(years=misuse.following_years)


_ONE_DAY: Final = timedelta(days=1)
_ELSEWHERE: Final = Text(zh="其余地区", en="elsewhere")
_MISUSED_SINCE: Final = Text(
    zh="{first} 起被认定违规使用的持证人", en="holders found to have misused the card from {first} on"
)
_MISUSED: Final = Text(
    zh="{first} 至 {last} 被认定违规使用的持证人",
    en="holders found to have misused the card, {first} to {last}",
)
_NO_BAR: Final = Text(zh="没有规定", en="nothing is said")
_WITHDRAWN: Final = Text(
    zh="收回，停用当年及其后 {years} 年", en="withdrawn, barred for that year and {years} more"
)
_BARRED: Final = Text(zh="停用当年及其后 {years} 年", en="barred for that year and {years} more")
