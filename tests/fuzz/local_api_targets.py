"""What is fuzzed of the local API: the file of tokens, a WebSocket's first message, needs and ratings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from terminal.errors import TerminalError
from terminal.local_api.errors import TokensRefused
from terminal.local_api.language import language_of
from terminal.local_api.need_models import NeedAsked, RatingAsked
from terminal.local_api.role import Role
from terminal.local_api.tap_models import Hello
from terminal.local_api.tokens import KeptToken, KeptTokens
from tests.terminal.needs.recordings import wav


def api_tokens(data: bytes) -> bool:
    """A file of tokens."""
    try:
        kept = KeptTokens.from_bytes(data)
    except TokensRefused:
        return False
    assert KeptTokens.from_bytes(kept.to_bytes()) == kept
    return True


def api_hello(data: bytes) -> bool:
    """A first message; and the same bytes as a header."""
    language_of(data.decode("latin-1"))
    try:
        Hello.model_validate_json(data)
    except ValidationError:
        return False
    return True


def api_left(data: bytes) -> bool:
    """The body of a need or of a rating."""
    for asked in (NeedAsked, RatingAsked):
        try:
            asked.model_validate_json(data).read()
        except (ValidationError, TerminalError):
            continue
        return True
    return False


LOCAL_API_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"api-tokens": api_tokens, "api-hello": api_hello, "api-left": api_left}
)


def local_api_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target accepts."""
    kept = KeptTokens((KeptToken("till-1", Role.TILL, "0f" * 32), KeptToken("gate", Role.WATCH, "a0" * 32)))
    return {
        "api-tokens": [kept.to_bytes(), KeptTokens().to_bytes()],
        "api-left": [
            b'{"item": "AIDS", "words": " a  b ", "relation": "family"}',
            b'{"item": "AIDS", "recording": "%s"}' % b64encode(wav(0.01)),
            b'{"stars": 5, "sequence": 7}',
        ],
        "api-hello": [b'{"token": "x", "after": 7}', b'{"token": ""}'],
    }
