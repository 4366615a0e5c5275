"""Where the signing card's PIN comes from: a service credential, a file, or somebody at the terminal.

Never an argument or a variable's value: other users of the machine could read these.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from card.errors import SigningCardPinUnavailable
from card.signing_card.data_objects import MAX_PIN_CHARACTERS
from crypto.explained import Language, Text

CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"  # systemd.exec(5), LoadCredential=
CREDENTIAL: Final = "tongka-card-pin"
FILE_VARIABLE: Final = "TONGKA_CARD_PIN_FILE"
MAX_PIN_FILE_BYTES: Final = MAX_PIN_CHARACTERS + 2  # and the end of the line

ASK: Final = Text(zh="签名卡 PIN：", en="The signing card's PIN: ")


@dataclass(frozen=True, repr=False)
class Pin:
    """A PIN and whether a person just typed it; a stored one may be wrong again. No `repr`."""

    value: str
    typed: bool


def obtain_pin(question: Text = ASK) -> Pin:
    """The PIN from the first source there is. Raises SigningCardPinUnavailable."""
    credentials, file = os.environ.get(CREDENTIALS_VARIABLE), os.environ.get(FILE_VARIABLE)
    if credentials and (Path(credentials) / CREDENTIAL).exists():
        return Pin(_stored(Path(credentials) / CREDENTIAL), typed=False)
    if file:
        return Pin(_stored(Path(file)), typed=False)
    return ask_pin(question)


def ask_pin(question: Text) -> Pin:
    """The PIN as somebody types it, unseen. Raises SigningCardPinUnavailable without a terminal."""
    if not sys.stdin.isatty():
        raise SigningCardPinUnavailable(
            detail=Text(zh="没有终端窗口可供输入", en="there is no terminal to ask at")
        )
    return Pin(getpass.getpass(question.in_language(Language.from_environment())), typed=True)


def _stored(path: Path) -> str:
    """The one line in a file that nobody else may read. Raises SigningCardPinUnavailable."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) & 0o077:
                raise SigningCardPinUnavailable(
                    detail=Text(
                        zh=f"其他用户可以读取 {path}（请 chmod 600）",
                        en=f"others may read {path} (chmod 600)",
                    )
                )
            if status.st_uid not in (os.geteuid(), 0):
                raise SigningCardPinUnavailable(
                    detail=Text(zh=f"{path} 属于其他用户", en=f"{path} belongs to another user")
                )
            content = file.read(MAX_PIN_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "not readable"
        raise SigningCardPinUnavailable(detail=f"{path}: {reason}") from error
    try:
        return content.decode("ascii").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise SigningCardPinUnavailable(
            detail=Text(zh=f"{path} 中不是 PIN", en=f"{path} holds no PIN")
        ) from error
