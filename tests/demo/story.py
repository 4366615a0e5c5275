"""The demo's story: taps while the network fails and the agent dies, then everything arrives exactly once."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from crypto.explained import Text
from terminal.events.outcome import Outcome
from tests.category_words import CATEGORY_WORDS
from tests.demo.cast import KIOSK_ROLE, Role, Venue
from tests.demo.network import NetworkState
from tests.demo.processes import DemoFailed, Running, tongka
from tests.demo.stage import Stage
from tests.demo.telling import remark, step
from tests.line_process import WAIT_SECONDS

CUT_AFTER, LOSE_ANSWERS_AFTER = 3, 6


@dataclass(frozen=True)
class Played:
    """One tap as the terminal answered it, and whether that is what had to come."""

    role: Role
    sequence: int
    outcome: Outcome
    pays: int
    microseconds: int
    bystander: Text

    @property
    def as_expected(self) -> bool:
        """The right outcome and sum, and nothing for bystanders that tells a category."""
        told = [word for word in CATEGORY_WORDS if word in self.bystander.zh]
        return (self.outcome, self.pays) == (self.role.outcome, self.role.pays) and not told


def play(stage: Stage) -> list[Played]:
    """Tap the whole cast on two running terminals, cutting the network and killing an agent on the way."""
    played: list[Played] = []
    with ExitStack() as running:
        terminals = {venue: running.enter_context(_terminal(stage, venue)) for venue in Venue}
        agents = {venue: running.enter_context(_agent(stage, venue)) for venue in Venue}
        with step(
            "持卡人依次刷卡（真正的 pcscd 与 pyscard）",
            "The cast taps, through the genuine pcscd and pyscard",
        ):
            for number, (role, card) in enumerate(stage.chips[:-1]):
                if number == CUT_AFTER:
                    remark("断开到中心的网络", "cutting the network to the centre")
                    stage.network.become(NetworkState.CUT)
                if number == LOSE_ANSWERS_AFTER:
                    remark("网络恢复，但回执丢失", "the network is back, but answers get lost")
                    stage.network.become(NetworkState.ANSWERS_LOST)
                played.append(_tap(stage, terminals[role.venue], role, card))
        with step("上传中途用 SIGKILL 杀死公交代理", "SIGKILL to the bus agent in the middle of an upload"):
            if not stage.network.swallowed.wait(WAIT_SECONDS):
                raise DemoFailed("no upload was under way")
            agents[Venue.BUS].kill()
            stage.network.become(NetworkState.UP)
    return played


def photograph_kiosk(stage: Stage, picture: Path) -> None:
    """One more tap, at the kiosk, whose result screen is kept as a picture."""
    _role, card = stage.chips[-1]
    reader, port = stage.reader(Venue.GARDEN)
    with VpcdLink(KIOSK_ROLE.make(card), port):
        tongka(
            *("kiosk", "picture", "--data", stage.terminals[Venue.GARDEN].path, "--reader", reader),
            *("--out", picture),
            environment=stage.environment,
        )


def print_receipt(stage: Stage, played: list[Played], picture: Path) -> str:
    """Print the receipt of the first benefit on the bus, and have the garden check it; what it says there."""
    first = next(one for one in played if one.role.venue is Venue.BUS and one.outcome.granted)
    printed = tongka(
        *("receipt", "print", "--data", stage.terminals[Venue.BUS].path, "--sequence", str(first.sequence)),
        *("--printer", f"image:{picture}", "--json"),
        environment=stage.environment,
    )
    return tongka(
        *("receipt", "verify", "-", "--data", stage.terminals[Venue.GARDEN].path),
        environment=stage.environment,
        stdin=json.loads(printed)["text"],
    )


def deliver(stage: Stage) -> None:
    """Let the agents of both terminals upload until the centre has signed for everything."""
    for venue in Venue:
        tongka(
            *("agent", "run", "--data", stage.terminals[venue].path, "--until-empty", "--longest-wait", "1"),
            environment=stage.environment,
        )


def verify_journals(stage: Stage) -> None:
    """Check each terminal's journal from its first event to its last."""
    for venue in Venue:
        tongka("journal", "verify", "--data", stage.terminals[venue].path, environment=stage.environment)


def _terminal(stage: Stage, venue: Venue) -> Running:
    reader, _port = stage.reader(venue)
    return Running(
        stage.log(f"terminal-{venue.value}"),
        *("terminal", "run", "--data", stage.terminals[venue].path, "--reader", reader, "--json"),
        environment=stage.environment,
    )


def _agent(stage: Stage, venue: Venue) -> Running:
    return Running(
        stage.log(f"agent-{venue.value}"),
        *(
            "agent",
            "run",
            "--data",
            stage.terminals[venue].path,
            "--interval",
            "0.2",
            "--longest-wait",
            "0.5",
        ),
        environment=stage.environment,
    )


def _tap(stage: Stage, terminal: Running, role: Role, card: ChipContents) -> Played:
    terminal.message("ready")
    if role.companions:
        terminal.type(str(role.companions))
    _reader, port = stage.reader(role.venue)
    with VpcdLink(role.make(card), port):
        result = terminal.message("result")
    return Played(
        role=role,
        sequence=result["sequence"],
        outcome=Outcome(result["outcome"]),
        pays=result["holder_pays"],
        microseconds=result["microseconds"],
        bystander=Text(zh=result["bystander_zh"], en=result["bystander_en"]),
    )
