"""`tongka signing-card`: give a signing card its PIN, check it, and see which keys it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from card.errors import NoCardInTime, SigningCardMissing, SigningCardPinUnfit
from card.readers.address import open_reader
from card.signing_card.card import find_reader, open_session, wait_for_free_card
from card.signing_card.data_objects import MAX_PIN_CHARACTERS, MIN_PIN_CHARACTERS
from card.signing_card.pin import ASK, ask_pin, obtain_pin
from card.signing_card.session import SigningCardSession
from crypto.explained import Text
from crypto.telling import told

app = typer.Typer(help="签名卡 · The signing card that holds keys.", no_args_is_help=True)

ReaderOption = Annotated[
    str, typer.Option("--reader", help="读卡器名称或其一部分 · The reader's name or a part of it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

ASK_OLD: Final = Text(zh="签名卡现用 PIN：", en="The signing card's present PIN: ")
ASK_NEW: Final = Text(zh="新 PIN：", en="The new PIN: ")
ASK_AGAIN: Final = Text(zh="再输入一次新 PIN：", en="The new PIN again: ")
CARD: Final = Text(
    zh="签名卡 {card}：PIN 还可以试 {tries_left} 次，有 {keys} 把密钥。",
    en="Signing card {card}: {tries_left} tries of the PIN left, {keys} keys.",
)
KEY: Final = Text(
    zh="{name}（编号 {reference}）公钥 {point}", en="{name} (reference {reference}), public {point}"
)
SET: Final = Text(zh="签名卡 {card} 的 PIN 已设置。", en="The signing card {card} has its PIN.")
RIGHT: Final = Text(zh="签名卡 {card} 的 PIN 正确。", en="That is the PIN of the signing card {card}.")


@app.command(name="show", epilog='例 · Example: tongka signing-card show --reader "Virtual PCD 00 00"')
def show_command(reader: ReaderOption, as_json: AsJson = False) -> None:
    """显示序列号、剩余 PIN 次数和密钥 · Print serial number, tries left and keys."""
    with _session(reader) as session:
        keys = [
            {"name": key.label, "reference": key.reference, "point": session.public_key(key).point.hex()}
            for key in session.held_keys()
        ]
        shown = {"card": session.serial, "tries_left": session.tries_left()}
    if as_json:
        typer.echo(json.dumps({**shown, "keys": keys}, ensure_ascii=False, indent=2))
        return
    typer.echo(told(CARD, as_json, **shown, keys=len(keys)))
    for key in keys:
        typer.echo(told(KEY, as_json, **key))


@app.command(name="set-pin", epilog='例 · Example: tongka signing-card set-pin --reader "Virtual PCD 00 00"')
def set_pin_command(reader: ReaderOption, as_json: AsJson = False) -> None:
    """设置空白卡的第一个 PIN · Give a blank card its PIN, taken from where a service takes it."""
    with _session(reader) as session:
        pin = obtain_pin(ASK_NEW)
        if pin.typed:
            _expect_same(pin.value)
        session.set_first_pin(pin.value)
        typer.echo(told(SET, as_json, card=session.serial))


@app.command(
    name="change-pin", epilog='例 · Example: tongka signing-card change-pin --reader "Virtual PCD 00 00"'
)
def change_pin_command(reader: ReaderOption, as_json: AsJson = False) -> None:
    """更换 PIN，在终端输入 · Replace the PIN, typed at the terminal."""
    with _session(reader) as session:
        old, new = ask_pin(ASK_OLD), ask_pin(ASK_NEW)
        _expect_same(new.value)
        session.change_pin(old.value, new.value)
        typer.echo(told(SET, as_json, card=session.serial))


@app.command(
    name="check-pin", epilog='例 · Example: tongka signing-card check-pin --reader "Virtual PCD 00 00"'
)
def check_pin_command(reader: ReaderOption, as_json: AsJson = False) -> None:
    """手工核对一次 PIN，正确后恢复次数 · Try a typed PIN once; a right one restores the tries."""
    with _session(reader) as session:
        session.verify_pin(ask_pin(ASK).value)
        typer.echo(told(RIGHT, as_json, card=session.serial))


@contextmanager
def _session(address: str) -> Iterator[SigningCardSession]:
    """A visit without PIN; at its end the card forgets one that was given."""
    with open_reader(find_reader(address)) as reader:
        try:
            connection = wait_for_free_card(reader)
        except NoCardInTime as error:
            raise SigningCardMissing(reader=address) from error
        with connection as line:
            session = open_session(line, address)
            yield session
            session.lock()


def _expect_same(pin: str) -> None:
    """Raise unless the PIN is typed the same once more."""
    if ask_pin(ASK_AGAIN).value != pin:
        raise SigningCardPinUnfit(least=MIN_PIN_CHARACTERS, most=MAX_PIN_CHARACTERS)
