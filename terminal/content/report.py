"""What content a terminal has in force, for whoever has to know why it decides as it does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from crypto.explained import Text
from crypto.pki.certificate import Certificate
from terminal.content.content import load_content
from terminal.content.errors import ContentMissing
from terminal.content.manifest import TRUST
from terminal.data_directory import DataDirectory
from terminal.decisions.decide import local_date
from terminal.durable_file import write_durably
from terminal.errors import FileNotWritten, TerminalRevoked

TRUST_FILE: Final = "trust.json"
ROOT_FILE: Final = "root.pem"
_SAID: Final = Text(
    zh="内容第 {version} 版；规则 {rules}\n停用名单第 {hotlist} 版，日期 {dated}，距今 {age} 天\n"
    "发卡密钥 {issuers} 个，其中已吊销 {revoked} 个",
    en="content {version}; rules {rules}\nhotlist {hotlist}, dated {dated}, {age} days old\n"
    "{issuers} issuer keys, {revoked} of them revoked",
)
_LIST_SAID: Final = Text(
    zh="常设名单 {name} 第 {version} 版，日期 {dated}，距今 {age} 天",
    en="standing list {name} {version}, dated {dated}, {age} days old",
)


class ListReport(msgspec.Struct, frozen=True):
    """A standing list in force; `age` in days."""

    name: str
    version: int
    dated: str
    age: int


class ContentReport(msgspec.Struct, frozen=True, kw_only=True):
    """The publication in force; `hotlist_age` in days, `revoked` the key ids of withdrawn issuers."""

    version: int
    made_ms: int
    rules: str
    hotlist: int
    hotlist_dated: str
    hotlist_age: int
    issuers: list[str]
    revoked: list[str]
    is_terminal_revoked: bool
    lists: list[ListReport]

    def to_text(self) -> Text:
        """The same for people."""
        said = _SAID.format(
            version=self.version,
            rules=self.rules,
            hotlist=self.hotlist,
            dated=self.hotlist_dated,
            age=self.hotlist_age,
            issuers=len(self.issuers),
            revoked=len(self.revoked),
        )
        withdrawn = [TerminalRevoked.cause] if self.is_terminal_revoked else []
        lines = [*withdrawn, said, *(_LIST_SAID.format(**msgspec.structs.asdict(one)) for one in self.lists)]
        return Text(zh="\n".join(line.zh for line in lines), en="\n".join(line.en for line in lines))


def content_report(directory: DataDirectory, now_ms: int) -> ContentReport:
    """The newest publication of a terminal. Raises as `load_content` does, and TerminalNotEnrolled."""
    store = directory.content
    versions = store.versions()
    if not versions:
        raise ContentMissing(file="manifests")
    content = load_content(store, store.manifest(versions[-1]), directory.load_root(), now_ms)
    own = Certificate.from_pem(directory.read(directory.certificate_file))
    keys = content.trust.issuers.values()
    today = local_date(now_ms)
    return ContentReport(
        version=content.version,
        made_ms=content.made_ms,
        rules=content.rules.version,
        hotlist=content.hotlist.version,
        hotlist_dated=content.hotlist.dated.isoformat(),
        hotlist_age=content.hotlist.age(today),
        issuers=[key.key_id.hex() for key in keys],
        revoked=[key.key_id.hex() for key in keys if key.is_revoked],
        is_terminal_revoked=content.trust.revokes(own),
        lists=[
            ListReport(name, one.version, one.dated.isoformat(), one.age(today))
            for name, one in content.lists.items()
        ],
    )


def export_trust_store(directory: DataDirectory, target: Path) -> None:
    """Write trust.json and root.pem, as `tongka card read --trust` takes them. Raises FileNotWritten."""
    store = directory.content
    manifest = store.manifest(max(store.versions(), default=0)).unverified()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotWritten(file=target, detail=error.strerror) from error
    write_durably(target / TRUST_FILE, store.read(manifest.file(TRUST)), mode=0o644)
    write_durably(target / ROOT_FILE, directory.read(directory.authority_file), mode=0o644)
