"""What goes wrong with the catalogue's search and check: TRM-340 to 349."""

from crypto.explained import Text
from terminal.errors import TerminalError


class SearchUnavailable(TerminalError):
    """SQLite has no full-text search or no memory for it. Facts: detail."""

    code = "TRM-340"
    cause = Text(zh="无法建立服务搜索：{detail}。", en="The search of services can't be set up: {detail}.")
    next_step = Text(
        zh="服务仍可按目录逐项打开。请安装带 FTS5 的 SQLite（Debian 的 libsqlite3-0 即可）。",
        en="Services can still be opened from the list. Install an SQLite with FTS5 (Debian: libsqlite3-0).",
    )
