"""`tongka kiosk`: run the kiosk, or take pictures of it.

Qt is imported when a verb needs it, not with this module: a server without Qt's system libraries has the
other verbs all the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from card.readers.any_reader import ANY
from crypto.explained import Language, Text
from crypto.telling import told
from kiosk_ui.errors import QtUnusable
from terminal.data_directory import DataDirectory

app = typer.Typer(help="自助终端界面。The kiosk's screen.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
Reader = Annotated[
    str,
    typer.Option(
        help="读卡器：any、名称（见 tongka readers list）、nfc:端口、serial:描述文件:端口 / "
        "the reader: any, a name, nfc:PORT or serial:PROFILE:PORT"
    ),
]
ScreenLanguage = Annotated[Language, typer.Option(help="屏幕语言 / the screen's language")]
Diagonal = Annotated[
    float | None,
    typer.Option(
        min=3.0,
        max=200.0,
        help="屏幕实际对角线（英寸） / the true diagonal in inches, for a screen that lies about it",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_WAITING: Final = Text(zh="等待刷卡", en="waiting for a tap")
_SAVED: Final = Text(zh="{file}", en="{file}")
_DRAWN: Final = Text(zh="{number} PNG: {folder}", en="{number} PNG: {folder}")
_DRAWING: Final = Text(zh="绘制", en="drawing")


@app.command()
def run(  # noqa: PLR0917 - the verb's options
    data: Data,
    reader: Reader = ANY,
    windowed: Annotated[
        bool, typer.Option("--windowed", help="以窗口显示 / in a window, not full screen")
    ] = False,
    language: ScreenLanguage = Language.ZH,
    diagonal: Diagonal = None,
    still: Annotated[
        bool, typer.Option("--still", help="默认无动画 / no motion unless it is wanted")
    ] = False,
) -> None:
    """运行自助终端，直到窗口关闭或收到 SIGTERM。 Run the kiosk until its window is closed or SIGTERM comes.

    按键：L 语言，C 高对比，T 大字，M 静态，D 我的详情，Esc 完成，0–9 同行人数。
    Keys: L language, C contrast, T large text, M still, D my details, Esc done, 0 to 9 companions.

    Example: tongka kiosk run --data out/terminal --windowed
    """
    _require_qt()
    from kiosk_ui.look import Preferences  # noqa: PLC0415 - needs Qt
    from kiosk_ui.screens import run_kiosk  # noqa: PLC0415 - needs Qt

    run_kiosk(
        DataDirectory(data),
        reader,
        Preferences(language, still=still),
        diagonal_inches=diagonal,
        windowed=windowed,
    )


@app.command()
def picture(  # noqa: PLR0917 - the verb's options
    data: Data,
    out: Annotated[Path, typer.Option(help="PNG 文件 / the PNG to write")],
    reader: Reader = ANY,
    timeout: Annotated[
        float, typer.Option(min=1, max=3600, help="最多等待秒数 / seconds to wait for a tap")
    ] = 60,
    language: ScreenLanguage = Language.ZH,
    as_json: AsJson = False,
) -> None:
    """等待一次真实刷卡，把结果画面存为 PNG。 Wait for a real tap and save the screen of its result as a PNG.

    可以刷卡时打印一行；没有显示屏也能运行。 Prints a line once it waits for the card; needs no screen.

    Example: tongka kiosk picture --data out/terminal --reader "Virtual PCD 00 00" --out out/result.png
    """
    _require_qt()
    from kiosk_ui.look import Preferences  # noqa: PLC0415 - needs Qt
    from kiosk_ui.screens import take_picture  # noqa: PLC0415 - needs Qt

    defaults = Preferences(language, still=True)
    take_picture(
        DataDirectory(data),
        reader,
        defaults,
        file=out,
        timeout=timeout,
        waiting=lambda: typer.echo(told(_WAITING, as_json, state="waiting")),
    )
    typer.echo(told(_SAVED, as_json, state="saved", file=out))


@app.command()
def pictures(
    out: Annotated[Path, typer.Option(help="目录 / the folder to write to")],
    as_json: AsJson = False,
) -> None:
    """把每个画面按语言、样式和屏幕存为 PNG，供审阅。 Draw every face for review; needs no device.

    Example: tongka kiosk pictures --out out/kiosk
    """
    _require_qt()
    from kiosk_ui.gallery import total  # noqa: PLC0415 - needs Qt
    from kiosk_ui.screens import draw_pictures  # noqa: PLC0415 - needs Qt

    label = _DRAWING.in_language(Language.from_environment())
    with typer.progressbar(draw_pictures(out), length=total(), label=label, file=sys.stderr) as drawn:
        number = sum(1 for _ in drawn)
    typer.echo(told(_DRAWN, as_json, number=number, folder=out))


def _require_qt() -> None:
    """Raises QtUnusable."""
    try:
        import PyQt6.QtWidgets  # noqa: F401, PLC0415 - whether it can be loaded
    except ImportError as error:
        raise QtUnusable(detail=str(error)) from error
