"""The demo's tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from crypto.explained import Text
from terminal.events.outcome import Outcome
from terminal.outcome_names import OUTCOME_NAMES
from terminal.yuan import yuan
from tests.demo.accounts import Account
from tests.demo.cast import Venue
from tests.demo.stage import OPERATORS
from tests.demo.story import Played
from tests.demo.telling import LANGUAGE, console

_VENUES = {Venue.BUS: Text(zh="公交车", en="bus"), Venue.GARDEN: Text(zh="园林", en="garden")}


def show_taps(played: list[Played]) -> None:
    """Each tap, what came of it, and what bystanders saw."""
    table = _table(
        Text(zh="刷卡", en="Taps"),
        Text(zh="持卡人", en="who"),
        Text(zh="地点", en="where"),
        Text(zh="结果", en="outcome"),
        Text(zh="旁人看到", en="bystanders see"),
        numbers=(Text(zh="实付", en="pays"), Text(zh="毫秒", en="ms"), Text(zh="", en="")),
    )
    for one in played:
        expected = "✓" if one.as_expected else f"✗ {_named(one.role.outcome)} ¥{yuan(one.role.pays)}"
        table.add_row(
            one.role.who.in_language(LANGUAGE),
            _VENUES[one.role.venue].in_language(LANGUAGE),
            _named(one.outcome),
            one.bystander.in_language(LANGUAGE),
            f"¥{yuan(one.pays)}",
            f"{one.microseconds / 1000:.1f}",
            expected,
        )
    console.print(table)


def show_accounts(accounts: Mapping[Venue, Account], subsidies: Mapping[str, int]) -> None:
    """A settlement line for each operator, and the sum: every tap arrived, once."""
    table = _table(
        Text(zh="总账：刷卡 = 入账 = 签收", en="Accounts: taps made = events journaled = events accepted"),
        Text(zh="结算单位", en="settled operator"),
        numbers=(
            Text(zh="刷卡", en="taps made"),
            Text(zh="入账", en="events journaled"),
            Text(zh="签收", en="events accepted"),
            Text(zh="丢失", en="lost"),
            Text(zh="重复", en="duplicated"),
            Text(zh="核定补贴", en="subsidy accepted"),
            Text(zh="", en=""),
        ),
    )
    for venue, account in accounts.items():
        operator = OPERATORS[venue]
        _add(table, operator, account, f"¥{yuan(subsidies[operator])}" if operator in subsidies else "✗")
    table.add_section()
    total = Account(0, 0, 0, 0, 0)
    for account in accounts.values():
        total += account
    _add(table, Text(zh="合计", en="total").in_language(LANGUAGE), total, f"¥{yuan(sum(subsidies.values()))}")
    console.print(table)


def _named(outcome: Outcome) -> str:
    return OUTCOME_NAMES[outcome].in_language(LANGUAGE)


def _add(table: Table, name: str, account: Account, subsidy: str) -> None:
    numbers = (account.taps, account.journaled, account.accepted, account.lost, account.duplicated)
    table.add_row(name, *map(str, numbers), subsidy, "✓" if account.balances else "✗")


def _table(title: Text, *columns: Text, numbers: tuple[Text, ...]) -> Table:
    table = Table(title=title.in_language(LANGUAGE))
    for column in columns:
        table.add_column(column.in_language(LANGUAGE))
    for column in numbers:
        table.add_column(column.in_language(LANGUAGE), justify="right")
    return table
