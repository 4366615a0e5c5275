"""`tongka needs`: leave a need or a rating with the card in hand, and ask how earlier needs stand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from card.connection import CardConnection
from card.readers.address import open_reader
from card.readers.any_reader import ANY
from crypto.explained import Language, Text
from terminal.assembly import Terminal, open_terminal
from terminal.data_directory import DataDirectory
from terminal.errors import FileNotRead
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.needs.answers import Answer
from terminal.needs.contents import Relation, need, rating
from terminal.needs.leaving import leave_need, rate, require_leavable, status_of
from terminal.needs.recording_form import require_recording
from terminal.needs.wording_rules import MAX_BYTES, cleaned

app = typer.Typer(
    help="需求与评价：留言、评价、查答复。Needs and ratings: leave, ask.",
    no_args_is_help=True,
)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
Reader = Annotated[
    str,
    typer.Option(
        "--reader",
        help="读卡器：any、名称（见 tongka readers list）、nfc:端口、serial:描述文件:端口 / "
        "the reader: any, a name, nfc:PORT or serial:PROFILE:PORT",
    ),
]
Seconds = Annotated[
    float, typer.Option("--seconds", min=1, max=600, help="等卡最多多少秒 / how long to wait for the card")
]
# Not on the command line itself: other users of the machine can see that.
WordsFile = Annotated[
    str | None,
    typer.Option("--words", metavar="FILE|-", help="留言文件，- 为标准输入 / file with words, - for stdin"),
]
Family = Annotated[bool, typer.Option("--family", help="由家属代为留言 / a family member speaks")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
Training = Annotated[
    bool, typer.Option("--training", help="培训：什么也不会送到中心 / train staff: nothing is sent")
]

_STDIN: Final = "-"
_SECONDS: Final = 60.0
_TAP: Final = Text(zh="请刷卡。", en="Tap your card.")
_LEFT: Final = Text(
    zh="已记下（第 {sequence} 号）。在任一终端刷卡即可查询答复。",
    en="Noted (number {sequence}). Ask for the answer with your card at any terminal.",
)
_RATED: Final = Text(
    zh="谢谢您的评价（第 {sequence} 号）。", en="Thank you for your rating (number {sequence})."
)
_NOTHING: Final = Text(zh="目前没有您的答复。", en="There is nothing for you at present.")
_ANSWER: Final = Text(
    zh="{case} 号（{asked}，{item}）：{status}，{changed}",
    en="Case {case} ({asked}, {item}): {status}, {changed}",
)


@app.command()
def leave(  # noqa: PLR0917  the verb's options
    data: Data,
    item: Annotated[str, typer.Option("--item", help="服务项目代码 / code of a catalogue item")],
    words: WordsFile = None,
    voice: Annotated[
        Path | None,
        typer.Option("--voice", help="录音文件：WAV 或 Ogg Opus，至多 1 MiB / a recording, WAV or Ogg Opus"),
    ] = None,
    family: Family = False,
    reader: Reader = ANY,
    seconds: Seconds = _SECONDS,
    training: Training = False,
    as_json: AsJson = False,
) -> None:
    """刷卡留下需求；内容只有中心能读。 Leave a need, with the card; only the centre can read it.

    项目代码用 tongka catalogue search 查找。 Find the item with tongka catalogue search.

    Example: echo 轮椅坏了 | tongka needs leave --data out/terminal --item REHAB-FIX --words -
    """
    recording = b"" if voice is None else _recording(voice)
    left = need(item, cleaned(_words(words)), _relation(family), recording)
    at = _Place(data, reader, seconds, training, as_json)
    with _card(at, lambda terminal: require_leavable(terminal.desk, left, recording)) as tapped:
        event = leave_need(tapped.terminal, tapped.connection, left, recording)
    _say(_LEFT.format(sequence=event.sequence), {"kind": "need", "sequence": event.sequence}, as_json)


@app.command("rate")
def rate_command(  # noqa: PLR0917  the verb's options
    data: Data,
    stars: Annotated[int, typer.Option("--stars", min=1, max=5, help="1（差）到 5（好） / 1 bad to 5 good")],
    sequence: Annotated[
        int | None,
        typer.Option(
            "--sequence", min=1, help="所评服务的流水号，缺省为此证最近一次 / default: this card's last one"
        ),
    ] = None,
    words: WordsFile = None,
    family: Family = False,
    reader: Reader = ANY,
    seconds: Seconds = _SECONDS,
    training: Training = False,
    as_json: AsJson = False,
) -> None:
    """刷卡评价刚才的服务：当天、本机、同一张证、一次。 Rate the service just had, with the same card, once.

    Example: tongka needs rate --data out/terminal --stars 5
    """
    given = rating(stars, cleaned(_words(words)), _relation(family))
    at = _Place(data, reader, seconds, training, as_json)
    with _card(at) as tapped:
        event = rate(tapped.terminal, tapped.connection, sequence, given)
    document = {"kind": "rating", "sequence": event.sequence, "refers_to": event.refers_to}
    _say(_RATED.format(sequence=event.sequence), document, as_json)


@app.command()
def status(data: Data, reader: Reader = ANY, seconds: Seconds = _SECONDS, as_json: AsJson = False) -> None:
    """刷卡查询自己的需求办到哪里；不记录。 How your own needs stand, with the card; nothing is recorded.

    Example: tongka needs status --data out/terminal
    """
    with _card(_Place(data, reader, seconds, is_training=False, is_quiet=as_json)) as tapped:
        answers = status_of(tapped.terminal, tapped.connection)
        catalogue = tapped.terminal.desk.contents.current().catalogue
        names = {code: item.name for code, item in catalogue.items.items()}
    if as_json:
        typer.echo(msgspec.json.encode({"answers": [_document(one) for one in answers]}).decode())
        return
    language = Language.from_environment()
    for one in answers:
        for line in _told(one, names.get(one.item, Text(zh=one.item, en=one.item)), language):
            typer.echo(line)
    if not answers:
        typer.echo(_NOTHING.in_language(language))


@dataclass(frozen=True)
class _Tapped:
    terminal: Terminal
    connection: CardConnection


@dataclass(frozen=True)
class _Place:
    """Where a card is awaited, and how long; `is_quiet`: a program reads along and needs no asking."""

    data: Path
    reader: str
    seconds: float
    is_training: bool
    is_quiet: bool


@contextmanager
def _card(at: _Place, require: Callable[[Terminal], None] | None = None) -> Iterator[_Tapped]:
    """The terminal with one card at its reader.

    Raises NoCardInTime, as `open_terminal`, and what `require` does, before anybody is asked to tap.
    """
    with open_terminal(DataDirectory(at.data), is_training=at.is_training) as terminal:
        if require is not None:
            require(terminal)
        with open_reader(at.reader) as opened:
            if not at.is_quiet:
                typer.echo(_TAP.in_language(Language.from_environment()), err=True)
            with opened.wait_for_card(at.seconds) as connection:
                yield _Tapped(terminal, connection)


def _relation(family: bool) -> Relation:
    return Relation.FAMILY if family else Relation.HOLDER


def _recording(file: Path) -> bytes:
    """A recording, looked at before anybody is asked to tap. Raises FileNotRead, VoiceRefused."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_VOICE_BYTES + 1)
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error
    require_recording(data)
    return data


def _words(source: str | None) -> str:
    """What was said, from a file or standard input."""
    if source is None:
        return ""
    try:
        if source == _STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES * 2)
        else:
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES * 2)
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else _NOT_UTF8
        raise FileNotRead(file=source, detail=detail) from error


_NOT_UTF8: Final = Text(zh="不是 UTF-8 文字", en="it is no UTF-8 text")


def _say(said: Text, document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(document).decode())
    else:
        typer.echo(said.in_language(Language.from_environment()))


def _document(answer: Answer) -> dict[str, Any]:
    return {
        "case": answer.case,
        "item": answer.item,
        "asked": answer.asked.isoformat(),
        "status": answer.status.value,
        "changed": answer.changed.isoformat(),
        "answer": {"zh": answer.zh, "en": answer.en},
    }


def _told(answer: Answer, name: Text, language: Language) -> Iterator[str]:
    yield _ANSWER.in_language(language).format(
        case=answer.case,
        asked=answer.asked,
        item=name.in_language(language),
        status=answer.status.text.in_language(language),
        changed=answer.changed,
    )
    # One that was given in the other language alone is better than none.
    if said := Text(zh=answer.zh or answer.en, en=answer.en or answer.zh).in_language(language):
        yield f"  {said}"
