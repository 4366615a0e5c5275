"""`tongka catalogue`: search the services, show them, and check a catalogue before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import ExplainedError, Language, Text
from terminal.catalogue.completion import service_codes
from terminal.catalogue.description import document, lines
from terminal.catalogue.lint import Finding, lint
from terminal.catalogue.opening import open_catalogue, read_file
from terminal.catalogue.search import DEFAULT_LIMIT, CatalogueSearch, Found
from terminal.decisions.catalogue import Catalogue, ServiceDomain
from terminal.decisions.rule_pack import RulePack
from terminal.service_names import DOMAIN_NAMES, KIND_NAMES

app = typer.Typer(
    help="搜索、查看与检查服务目录。Search, show and check the catalogue of services.", no_args_is_help=True
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="终端数据目录：取其现行目录 / an enrolled terminal: its catalogue"),
]
File = Annotated[
    Path | None, typer.Option("--file", help="目录文件；都不写则用起步目录 / a file; default: the starter's")
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_NOTHING: Final = Text(
    zh="没有找到。可以换一个词，或写拼音。", en="Nothing found. Try another word, or pinyin."
)
_SUMMARY: Final = Text(zh="共 {items} 项服务，问题 {faults} 处", en="{items} services, {faults} faults")
_CODE: Final = Text(zh="代码", en="code")
_NAME: Final = Text(zh="名称", en="name")


@app.command()
def search(
    words: Annotated[
        list[str], typer.Argument(help="汉字、拼音、首字母或英文 / Hanzi, pinyin, initials, English")
    ],
    data: Data = None,
    file: File = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多条数 / how many at most")] = DEFAULT_LIMIT,
    as_json: AsJson = False,
) -> None:
    """按汉字、拼音、首字母或近音搜索服务。 Find services by Hanzi, pinyin, initials or sound.

    Example: tongka catalogue search lunyi
    """
    with CatalogueSearch(_opened(data, file)) as catalogue:
        found = catalogue.find(" ".join(words), limit)
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(_found_document(one)).decode())
        return
    language = Language.from_environment()
    if not found:
        typer.echo(_NOTHING.in_language(language))
        return
    table = _table(language, _CODE, _NAME, Text(zh="为何找到", en="why"))
    for one in found:
        table.add_row(one.item.code, one.item.name.in_language(language), one.why.in_language(language))
    Console().print(table)


@app.command()
def show(
    service: Annotated[
        str, typer.Argument(help="服务代码 / the service's code", autocompletion=service_codes)
    ],
    data: Data = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """显示一项服务的全部内容。 Show all of one service.

    Example: tongka catalogue show CERT-NEW
    """
    item = _opened(data, file).item(service)
    if as_json:
        typer.echo(msgspec.json.encode(document(item)).decode())
        return
    table = Table(show_header=False)
    for heading, said in lines(item, Language.from_environment()):
        table.add_row(heading, said)
    Console().print(table)


@app.command("list")
def list_services(
    domain: Annotated[ServiceDomain | None, typer.Option("--domain", help="领域 / field of use")] = None,
    data: Data = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """列出服务。 List services.

    Example: tongka catalogue list --domain social
    """
    items = [item for item in _opened(data, file).items.values() if domain in (None, item.domain)]
    if as_json:
        for item in items:
            typer.echo(msgspec.json.encode(document(item)).decode())
        return
    language = Language.from_environment()
    table = _table(language, _CODE, _NAME, Text(zh="领域", en="domain"), Text(zh="种类", en="kind"))
    for item in items:
        named = (item.name, DOMAIN_NAMES[item.domain], KIND_NAMES[item.kind])
        table.add_row(item.code, *(text.in_language(language) for text in named))
    Console().print(table)


@app.command("lint")
def lint_files(
    files: Annotated[list[Path], typer.Argument(help="服务目录文件 / catalogue files")],
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="规则包所在目录，一并核对 / folder of rule packs to check against"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """检查缺文、引用、图形、重名与易读；有问题时以 1 退出。 Check texts and references; exit 1 on a fault.

    Example: tongka catalogue lint content/catalogue.toml --rules content/rules
    """
    packs, findings = _packs(rules)
    items = 0
    for file in files:
        try:
            catalogue = Catalogue.draft(read_file(file), file.name)
        except ExplainedError as error:
            findings.append((str(file), _unusable(error)))
            continue
        items += len(catalogue.items)
        findings.extend((str(file), finding) for finding in lint(catalogue, packs))
    if as_json:
        typer.echo(msgspec.json.encode(_lint_document(items, findings)).decode())
    else:
        _print_findings(items, findings, Language.from_environment())
    raise typer.Exit(1 if findings else 0)


def _opened(data: Path | None, file: Path | None) -> Catalogue:
    if data is not None and file is not None:
        raise typer.BadParameter(
            "--data 与 --file 只写一个 / give one of --data and --file", param_hint="--file"
        )
    return open_catalogue(data, file)


def _packs(folder: Path | None) -> tuple[list[RulePack], list[tuple[str, Finding]]]:
    """The rule packs in a folder, and what keeps others from being read."""
    packs: list[RulePack] = []
    findings: list[tuple[str, Finding]] = []
    if folder is None:
        return packs, findings
    if not folder.is_dir():
        raise typer.BadParameter(f"没有目录 {folder} / there is no such folder", param_hint="--rules")
    for path in sorted(folder.glob("*.toml")):
        try:
            packs.append(RulePack.from_bytes(read_file(path), path.name))
        except ExplainedError as error:
            findings.append((str(path), _unusable(error)))
    return packs, findings


def _unusable(error: ExplainedError) -> Finding:
    told = {language: error.explain(language) for language in Language}
    zh, en = (f"{told[each].cause} {told[each].next_step}" for each in (Language.ZH, Language.EN))
    return Finding(entry="", field="", problem=Text(zh=f"{error.code} {zh}", en=f"{error.code} {en}"))


def _found_document(found: Found) -> dict[str, object]:
    return {
        "code": found.item.code,
        "name": found.item.name,
        "match": found.match.name.lower(),
        "matched": found.matched,
        "errors": found.errors,
        "why": found.why,
    }


def _lint_document(items: int, findings: list[tuple[str, Finding]]) -> dict[str, object]:
    return {
        "items": items,
        "findings": [
            {"file": file, "entry": one.entry, "field": one.field, "zh": one.problem.zh, "en": one.problem.en}
            for file, one in findings
        ],
    }


def _print_findings(items: int, findings: list[tuple[str, Finding]], language: Language) -> None:
    for file, finding in findings:
        place = ", ".join(filter(None, (finding.entry, finding.field)))
        said = finding.problem.in_language(language)
        typer.echo(": ".join(filter(None, (file, place, said))))
    typer.echo(_SUMMARY.format(items=items, faults=len(findings)).in_language(language))


def _table(language: Language, *headings: Text) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading.in_language(language))
    return table
