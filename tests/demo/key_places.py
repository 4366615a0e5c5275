"""Where the demo's keys lie: in files, in a virtual signing card, or sealed by a software TPM."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from card.signing_card.pin import FILE_VARIABLE
from card.simulator.boards.pcscd import PrivatePcscd
from tests.demo.processes import DemoFailed, Running, tongka
from tests.demo.swtpm import SoftwareTpm
from tests.demo.telling import say

# Behind the readers of the two venues.
CARD_READER = 2


class KeyPlaces(StrEnum):
    """What `make demo KEYSTORE=…` takes."""

    PLAIN = "plain"
    CARD = "card"
    TPM = "tpm"


@dataclass(frozen=True)
class KeyPlace:
    """A kind of keystore and its settings, as commands and functions take them."""

    kind: str
    settings: Mapping[str, str]

    @property
    def options(self) -> tuple[str, ...]:
        """For a command."""
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return ("--keystore", self.kind, *(part for one in settings for part in ("--keystore-setting", one)))


PLAIN = KeyPlace("plain", {})


@dataclass(frozen=True)
class Keys:
    """Where issuer and centre, and where terminals keep theirs; `examine` proves it after the play."""

    authority: KeyPlace
    terminal: KeyPlace
    examine: Callable[[Path], None]


def in_files() -> Keys:
    """Nothing to prove: they are for tests."""
    return Keys(PLAIN, PLAIN, lambda _folder: None)


def in_a_signing_card(
    folder: Path, readers: PrivatePcscd, environment: dict[str, str], started: ExitStack
) -> Keys:
    """Issuer's and centre's keys in one virtual card; its PIN in a file that `environment` names."""
    pin = folder / "card-pin"
    pin.touch(0o600)
    pin.write_text(f"{secrets.randbelow(10**8):08}")
    # For the commands, and for what the demo does in this process.
    environment[FILE_VARIABLE] = os.environ[FILE_VARIABLE] = str(pin)
    started.callback(os.environ.pop, FILE_VARIABLE)
    reader, port = readers.readers[CARD_READER], readers.ports[CARD_READER]
    card = folder / "signing-card.json"
    process = started.enter_context(
        Running(
            folder / "logs" / "signing-card.log",
            *("simulate", "signing-card", "--card", card, "--port", str(port)),
            environment=environment,
        )
    )
    process.line()
    process.line()
    tongka("signing-card", "set-pin", "--reader", reader, environment=environment)

    def examine(demo: Path) -> None:
        # The card's own file stands for the chip: what lies outside of it must hold no private key.
        listed = tongka("signing-card", "show", "--json", "--reader", reader, environment=environment)
        shown = json.loads(listed)
        names = sorted(key["name"] for key in shown["keys"])
        chip = json.loads(card.read_text())
        if len(names) != 6 or len(chip["keys"]) != 6:
            raise DemoFailed(f"the signing card holds {names}")
        for path in (demo / "issuer" / "keys", demo / "center" / "keys"):
            for file in path.rglob("*"):
                if file.is_file() and file.suffix == ".key" and file.name != "pseudonym.key":
                    raise DemoFailed(f"{file} is a key outside the card")
        say(
            f"签名卡 {shown['card']} 中的密钥：{', '.join(names)}",
            f"keys in the signing card {shown['card']}: {', '.join(names)}",
        )

    return Keys(KeyPlace("card", {"reader": reader}), PLAIN, examine)


def sealed_by_a_tpm(folder: Path, environment: dict[str, str], started: ExitStack) -> Keys:
    """The terminals' keys sealed by a TPM, which another can't open."""
    tpm = SoftwareTpm(folder / "tpm")
    started.enter_context(tpm)
    state, put_away = folder / "tpm" / "state", folder / "tpm-of-the-terminals"

    def examine(demo: Path) -> None:
        work = ("agent", "run", "--data", demo / "bus", "--once")
        tpm.stop()
        state.rename(put_away)
        tpm.start()  # with a state of its own: another TPM at the same place
        try:
            tongka(*work, environment=environment)
        except DemoFailed as error:
            refused = "\n".join(line for line in str(error).splitlines() if line.startswith(("CRY", "  →")))
        else:
            raise DemoFailed("another TPM opened the terminal's keystore")
        tpm.stop()
        shutil.rmtree(state)
        put_away.rename(state)
        tpm.start()
        tongka(*work, environment=environment)
        say(
            f"终端密钥由 TPM 封存；换成另一块 TPM 时：\n{refused}",
            f"the terminals' keys are sealed by the TPM; with another TPM:\n{refused}",
        )

    return Keys(PLAIN, KeyPlace("tpm", {"tcti": tpm.tcti}), examine)
