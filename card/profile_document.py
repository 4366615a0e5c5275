"""What a card profile declares, as tables for a document: so that no document says anything else."""

from __future__ import annotations

from card.files import FieldLayout, FileLayout
from card.profile import CardProfile

NOTHING = "–"


def document(profile: CardProfile) -> str:
    """Markdown: one table of files, then a table of fields and the test vectors of each file."""
    return "\n".join([_files(profile), *(_file(file) for file in profile.file)])


def _files(profile: CardProfile) -> str:
    rows = [
        "| file | FID | SFI | structure | bytes | records | read | update |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for file in profile.file:
        size = f"{file.max_bytes} each" if file.max_records > 1 else str(file.max_bytes)
        rows.append(
            f"| `{file.name}` {file.title.zh} | {file.fid} | {file.sfi:02X} | {file.structure} | {size} "
            f"| {file.max_records} | {file.read} | {file.update} |"
        )
    return "\n".join([*rows, ""])


def _file(file: FileLayout) -> str:
    rows = [
        f"#### `{file.name}` · {file.title.zh} · {file.title.en}",
        "",
        _where(file),
        "",
        "| tag | field | encoding | longest | record | may be absent | personal |",
        "|---|---|---|---|---|---|---|",
        *(_field(field) for field in file.field),
        "",
    ]
    for vector in file.vector:
        fields = ", ".join(f"{name} = {value}" for name, value in vector.fields.items())
        rows += [f"Test vector: {fields}", "", "```vector", *_lines(vector.encoded), "```", ""]
    return "\n".join(rows)


def _where(file: FileLayout) -> str:
    if file.template is None:
        return "Each record is one field."
    return f"{'Each record is' if file.max_records > 1 else 'It is'} one template `{file.template}` with:"


def _field(field: FieldLayout) -> str:
    return (
        f"| {field.tag} | `{field.name}` {field.title.zh} | {field.encoding} | {field.max_bytes} "
        f"| {field.record or NOTHING} | {_yes(field.optional)} | {_yes(field.personal)} |"
    )


def _yes(value: bool) -> str:
    return "yes" if value else NOTHING


def _lines(encoded: str, width: int = 64) -> list[str]:
    return [encoded[start : start + width] for start in range(0, len(encoded), width)]
