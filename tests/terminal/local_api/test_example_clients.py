"""The example clients of docs/examples, each with its own interpreter against a genuine terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from terminal.local_api.role import Role
from terminal.receipts.benefit_receipt import SignedBenefitReceipt
from tests.terminal.local_api.served import SECONDS, ServedApi

EXAMPLES: Final = Path(__file__).parents[3] / "docs" / "examples"
CLIENTS: Final = {"till_client.py": sys.executable, "till_client.mjs": "node"}


def started(api: ServedApi, client: str, token: str) -> subprocess.Popen[str]:
    """The client, which has its token from the environment and its socket as an argument."""
    command = [CLIENTS[client], str(EXAMPLES / client), api.socket.removeprefix("unix:")]
    environment = {"PATH": os.environ["PATH"], "TONGKA_TOKEN": token, "PYTHONUTF8": "1"}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def serve(api: ServedApi, process: subprocess.Popen[str], paid: str) -> tuple[str, str, str]:
    """Put a card down and type what the cashier does: the decision, the question, and what follows it."""
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "请刷卡 Tap, please\n"
    with api.laid(api.card()):
        decision, asked = process.stdout.readline().strip(), process.stdout.readline().strip()
    process.stdin.write(paid)
    process.stdin.close()
    receipt = process.stdout.read()
    assert process.wait(SECONDS) == 0
    return decision, asked, receipt


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sells_and_prints_the_receipt(api: ServedApi, client: str) -> None:
    with started(api, client, api.tokens[Role.TILL]) as process:
        decision, asked, said = serve(api, process, paid="\n")
    assert (decision, asked) == ("优惠已生效", "应收 45.00 元。收款后按回车，不要了输入 x")
    signed = SignedBenefitReceipt.from_text(said.strip()).receipt
    sale = api.till.ask("GET", "/sales")["sales"][-1]
    assert sale["phase"] == "confirmed"
    assert (signed.sequence, signed.party_pays) == (sale["lines"][0]["number"], 4500)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_cancels(api: ServedApi, client: str) -> None:
    with started(api, client, api.tokens[Role.TILL]) as process:
        assert serve(api, process, paid="x\n")[2] == ""
    assert api.till.ask("GET", "/sales")["sales"][-1]["phase"] == "cancelled"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_shows_a_refusal_in_words(api: ServedApi, client: str) -> None:
    with started(api, client, "x") as process:
        _said, errors = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "TRM-701 没有令牌，或令牌不对。" in errors


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_short_and_needs_nothing_else(client: str) -> None:
    lines = (EXAMPLES / client).read_text().splitlines()
    assert len(lines) <= 40
    imported = [line.split()[-1].strip('";') for line in lines if line.startswith(("import ", "from "))]
    assert imported
    assert all(
        one.startswith("node:") or one.partition(".")[0] in sys.stdlib_module_names for one in imported
    )
