"""Pictures of every face, for whoever reviews them; no reader and no terminal are needed.

Granted and not-eligible results are decided by the starter rules for made-up cards, so that the pictures show
the texts that people will see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QApplication

from card.errors import NoSuchReader
from crypto.explained import Language, Text
from kiosk_ui.errors import PictureNotWritten
from kiosk_ui.fonts import chinese_family
from kiosk_ui.look import Preferences
from kiosk_ui.measures import density
from kiosk_ui.states import Idle, KioskTimes, Reading, ResultShown, Starting, State, TakeCard, TroubleShown
from kiosk_ui.window import KioskWindow
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.decide import decide
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from terminal.events.outcome import Outcome
from terminal.presence import TapRequest
from terminal.starter import starter_catalogue, starter_rule_book
from terminal.tap import TapResult
from terminal.wording import REFUSED, RETURNED

_AT_MS: Final = 1_790_000_000_000
_REVIEWED_REGION: Final = "130302"  # Qinhuangdao


@dataclass(frozen=True)
class Screen:
    """A screen to draw for: pixels, and the diagonal in inches."""

    name: str
    width: int
    height: int
    diagonal_inches: float

    @property
    def dots_per_inch(self) -> float:
        """Its density."""
        return density(self.width, self.height, self.diagonal_inches)


PORTRAIT: Final = Screen("portrait-1080x1920", 1080, 1920, 21.5)
LANDSCAPE: Final = Screen("landscape-1280x800", 1280, 800, 10.1)
SCREENS: Final = (PORTRAIT, LANDSCAPE)
STYLES: Final[Mapping[str, Preferences]] = MappingProxyType(
    {
        "normal": Preferences(),
        "high-contrast": Preferences(high_contrast=True),
        "large-text": Preferences(large_text=True),
        "high-contrast-large-text": Preferences(high_contrast=True, large_text=True),
    }
)


@dataclass(frozen=True)
class Sample:
    """One face to draw, and the service it is drawn for."""

    name: str
    state: State
    service: Text
    fare: int


def samples() -> Iterator[Sample]:
    """Every state, and for results every outcome, on the default face and with the holder's details."""
    catalogue, rules = starter_catalogue(), starter_rule_book()
    nation = RuleBook(pack for pack in rules.packs if pack.region == "CN")
    bus, garden = catalogue.item("BUS-1"), catalogue.item("GARDEN")
    counted = replace(bus, region=_REVIEWED_REGION)
    trouble = NoSuchReader(reader="ACS ACR1281 00 00", present="–")
    states: dict[str, State] = {
        "starting": Starting(),
        "idle": Idle(),
        "reading": Reading(),
        "take-card": TakeCard(),
        "trouble": TroubleShown(trouble, until_ms=0),
    }
    for name, state in states.items():
        yield Sample(name, state, bus.name, bus.fare)
    results = {
        "granted": (bus, _decided(rules, bus, (1,), grade=1)),
        "granted-half": (bus, _decided(rules, bus, (4,), grade=4)),
        "granted-with-companion": (garden, _decided(rules, garden, (4,), grade=1, companions=1)),
        "granted-3-companions-none-admitted": (bus, _decided(rules, bus, (1,), grade=1, companions=3)),
        "granted-3-companions-1-admitted": (garden, _decided(rules, garden, (4,), grade=1, companions=3)),
        "expired-3-companions": (bus, _refused(bus, Outcome.EXPIRED, companions=3)),
        "not-eligible": (bus, _decided(nation, bus, (4,), grade=4)),
        "granted-review-soon": (counted, _reviewed(rules, counted, "qhd-enabled", "qhd-review-soon")),
        "review-due": (counted, _reviewed(rules, counted, "qhd-enabled", "qhd-review-due")),
        "not-enabled": (counted, _reviewed(rules, counted)),
        "quota-used-up": (counted, _reviewed(rules, counted, "qhd-enabled", uses=130)),
        **{outcome.value: (bus, _returned(bus, outcome)) for outcome in RETURNED},
        **{outcome.value: (bus, _refused(bus, outcome)) for outcome in REFUSED},
    }
    limit = KioskTimes().result
    for name, (service, result) in results.items():
        shown = ResultShown(result, until_ms=limit, span_ms=limit)
        yield Sample(f"result-{name}", shown, service.name, service.fare)
        details = ResultShown(result, until_ms=limit, span_ms=limit, details=True)
        yield Sample(f"details-{name}", details, service.name, service.fare)


def picture(sample: Sample, screen: Screen, preferences: Preferences) -> QPixmap:
    """One face on one screen. Raises NoChineseFont."""
    window = open_sample(sample, screen, preferences)
    pixmap = window.grab()
    window.close()
    return pixmap


def open_sample(sample: Sample, screen: Screen, preferences: Preferences) -> KioskWindow:
    """A window that shows a face; whoever asked for it closes it. Raises NoChineseFont."""
    window = KioskWindow(chinese_family(), preferences, screen.dots_per_inch)
    window.resize(screen.width, screen.height)
    window.show()
    window.show_service(sample.service, sample.fare)
    window.show_state(sample.state, now_ms=0)
    window.say_state()
    QApplication.processEvents()  # until everything has its place
    return window


def save(pixmap: QPixmap, file: Path) -> None:
    """Write a PNG, its folder made if need be. Raises PictureNotWritten."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureNotWritten(file=file) from error
    if not pixmap.save(str(file), "PNG"):
        raise PictureNotWritten(file=file)


def total() -> int:
    """How many pictures `draw_all` draws."""
    return len(SCREENS) * len(STYLES) * len(Language) * sum(1 for _ in samples())


def draw_all(folder: Path) -> Iterator[Path]:
    """Draw every face on every screen, in every style and language; yields each file as it is written."""
    for screen in SCREENS:
        for style, preferences in STYLES.items():
            for language in Language:
                wanted = replace(preferences, language=language)
                for sample in samples():
                    file = folder / screen.name / style / language.value / f"{sample.name}.png"
                    save(picture(sample, screen, wanted), file)
                    yield file


def _decided(  # noqa: PLR0917  the made-up card first, then its company and what is known of it
    rules: RuleBook,
    service: ServiceItem,
    categories: tuple[int, ...],
    grade: int,
    companions: int = 0,
    standing: Standing = NOTHING_KNOWN,
) -> TapResult:
    card = CardFacts(categories, grade, service.region, date(2024, 1, 1), date(2034, 1, 1))
    request = TapRequest(service, service.fare, Party(companions))
    decision = decide(card, service, _AT_MS, request.fare, request.party, rules, standing=standing)
    return TapResult.of_decision(1, request, decision, microseconds=0)


def _reviewed(rules: RuleBook, service: ServiceItem, *lists: str, uses: int = 0) -> TapResult:
    """What the starter's city with enabling, annual review and a quota says to a card on these lists."""
    standing = Standing(frozenset(lists), {"qinhuangdao/monthly": uses})
    return _decided(rules, service, (4,), grade=4, standing=standing)


def _returned(service: ServiceItem, outcome: Outcome) -> TapResult:
    wording, pays = RETURNED[outcome], 0 if outcome.admits else service.fare
    return TapResult(
        sequence=2,
        outcome=outcome,
        fare=service.fare,
        companions=0,
        holder_pays=pays,
        companion_pays=pays,
        companions_admitted=0,
        bystander_text=wording.bystander,
        holder_text=wording.holder,
        staff_text=wording.staff,
        instead=None,
        legal_basis=None,
        microseconds=0,
    )


def _refused(service: ServiceItem, outcome: Outcome, companions: int = 0) -> TapResult:
    request = TapRequest(service, service.fare, Party(companions))
    return TapResult.of_refusal(1, request, outcome, microseconds=0)
