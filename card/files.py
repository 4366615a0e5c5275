"""A card's elementary files, declared once: reader, simulator, documentation, trace and tests all read this.

A file is a run of BER-TLV objects in one template (transparent), a list of records of which each is such a
template (linear-variable), or a list of records of which each is one field (linear-variable with `record`
numbers, in the manner of the social-security card).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from card.errors import AnswerMalformed, FieldMalformed
from card.field_encoding import Encoding, FieldValue, decode_field, encode_field
from crypto.errors import TlvMalformed
from crypto.explained import Text
from crypto.tlv import Tlv
from firmware_profiles.title import Title

HexTag = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2}){1,3}\Z")]
HexBytes = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2})+\Z")]
FileId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{4}\Z")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*\Z")]
ShortFileId = Annotated[int, msgspec.Meta(ge=1, le=30)]  # ISO/IEC 7816-4, short EF identifier: 5 bits, not 31
Record = Mapping[str, FieldValue]

MAX_FILE_BYTES = 32_767  # READ BINARY's offset has 15 bits (ISO/IEC 7816-4 clause 11)


class Structure(StrEnum):
    """File structures of ISO/IEC 7816-4 that profiles use."""

    TRANSPARENT = "transparent"
    LINEAR_VARIABLE = "linear-variable"


class Access(StrEnum):
    """Who may: anybody, a terminal with a reader's PSAM, the issuer, nobody."""

    ALWAYS = "always"
    READER = "reader"
    ISSUER = "issuer"
    NEVER = "never"


class FieldLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of a file.

    Attributes:
        name: its key in records.
        tag: of its BER-TLV object, upper-case hexadecimal.
        max_bytes: the longest value.
        personal: whether it must never be shown in a trace; true unless the profile says otherwise.
        optional: whether it may be absent.
        record: number of the record that holds this field alone, counted from 1.
    """

    name: Name
    title: Title
    tag: HexTag
    encoding: Encoding
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_FILE_BYTES)]
    personal: bool = True
    optional: bool = False
    record: Annotated[int, msgspec.Meta(ge=1, le=254)] | None = None

    def __post_init__(self) -> None:
        require_tag(self.tag)

    def encode(self, value: FieldValue) -> Tlv:
        """The field's object. Raises FieldMalformed."""
        data = encode_field(self.encoding, value)
        if len(data) > self.max_bytes:
            raise FieldMalformed(detail=f"{len(data)} bytes, at most {self.max_bytes}")
        return Tlv(int(self.tag, 16), data)

    def decode(self, item: Tlv) -> FieldValue:
        """The value of the field's object. Raises FieldMalformed."""
        if len(item.value) > self.max_bytes:
            raise FieldMalformed(detail=f"{len(item.value)} bytes, at most {self.max_bytes}")
        return decode_field(self.encoding, item.value)


class FileVector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test vector: fields (binary ones in hexadecimal), and the bytes of the transparent file or record.

    Where each record is one field, `encoded` is the records one after the other.
    """

    fields: dict[str, str]
    encoded: HexBytes


class FileLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One elementary file.

    Attributes:
        name: its key in the profile.
        fid, sfi: file identifier (four hexadecimal digits) and short EF identifier.
        max_bytes: of the whole file (transparent) or of one record.
        max_records: of a linear-variable file.
        template: tag around the fields; none where each record is one field.
        read, update: who may.
        field: the fields in their order.
        vector: test vectors; every file has at least one.
    """

    name: Name
    title: Title
    fid: FileId
    sfi: ShortFileId
    structure: Structure
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_FILE_BYTES)]
    read: Access
    update: Access
    field: Annotated[tuple[FieldLayout, ...], msgspec.Meta(min_length=1)]
    vector: Annotated[tuple[FileVector, ...], msgspec.Meta(min_length=1)]
    template: HexTag | None = None
    max_records: Annotated[int, msgspec.Meta(ge=1, le=254)] = 1

    def __post_init__(self) -> None:
        if self.template is not None:
            require_tag(self.template)
        for kind in ("name", "tag"):
            values = [getattr(field, kind) for field in self.field]
            if len(set(values)) != len(values):
                raise ValueError(
                    f"two fields have the same {kind}",
                    Text(zh=f"请为每个字段写不同的 `{kind}`", en=f"Give each field a `{kind}` of its own"),
                )
        if any((field.record is None) is (self.template is None) for field in self.field):
            raise ValueError(
                "fields stand either in a `template` or each in a `record`, never both",
                Text(
                    zh="请写文件的 `template`，或为每个字段写 `record`",
                    en="Write a `template` for the file, or a `record` for each field",
                ),
            )
        if any((field.record or 1) > self.max_records for field in self.field if self.template is None):
            raise ValueError(
                "a field's record lies beyond `max_records`",
                Text(
                    zh="请加大 `max_records`，或改小 `record`",
                    en="Raise `max_records`, or write a smaller `record`",
                ),
            )
        if self.structure is Structure.TRANSPARENT and (self.template is None or self.max_records != 1):
            raise ValueError(
                "a transparent file has a template and no records",
                Text(
                    zh="请写 `template` 并去掉 `max_records`，或改用 linear-variable",
                    en="Write a `template` and no `max_records`, or make it linear-variable",
                ),
            )

        for vector in self.vector:
            self._require_vector(vector)

    @property
    def is_field_a_record(self) -> bool:
        """Whether each record is one field."""
        return self.template is None

    def field_named(self, name: str) -> FieldLayout | None:
        """The field of that name."""
        return next((field for field in self.field if field.name == name), None)

    def encode(self, record: Record) -> bytes:
        """A template with these fields, for a transparent file or one record. Raises FieldMalformed."""
        self._require_known(record)
        body = b"".join(self._encoded(field, record) for field in self.field)
        return self._sized(bytes(Tlv(int(self.template or "", 16), body)))

    def encode_records(self, record: Record) -> list[bytes]:
        """The records of a file where each is one field; absent ones are empty. Raises FieldMalformed."""
        self._require_known(record)
        count = max(field.record or 0 for field in self.field)
        records = [b""] * count
        for field in self.field:
            records[(field.record or 0) - 1] = self._sized(self._encoded(field, record))
        return records

    def decode(self, data: bytes) -> Record:
        """The fields of a template, strictly in the declared order. Raises AnswerMalformed."""
        try:
            items = Tlv.parse_list(Tlv.unpack(int(self.template or "", 16), data))
        except TlvMalformed as error:
            raise AnswerMalformed(what=self.title.text, detail=error.facts["detail"]) from error
        found: dict[str, FieldValue] = {}
        for field in self.field:
            if items and items[0].tag == int(field.tag, 16):
                found[field.name] = self._decoded(field, items.pop(0))
            elif not field.optional:
                raise AnswerMalformed(what=self.title.text, detail=f"tag {field.tag} is missing")
        if items:
            raise AnswerMalformed(what=self.title.text, detail=f"tag {items[0].tag:X} does not belong there")
        return found

    def decode_field_record(self, field: FieldLayout, data: bytes) -> FieldValue:
        """The value of a record that is one field. Raises AnswerMalformed."""
        try:
            item, rest = Tlv.parse_from(data)
        except TlvMalformed as error:
            raise AnswerMalformed(what=self.title.text, detail=error.facts["detail"]) from error
        if item.tag != int(field.tag, 16) or rest:
            raise AnswerMalformed(what=self.title.text, detail=f"not tag {field.tag} alone")
        return self._decoded(field, item)

    def record_of(self, fields: Mapping[str, str]) -> Record:
        """Fields as text files give them: binary ones in hexadecimal. Raises FieldMalformed."""
        record: dict[str, FieldValue] = {}
        for name, value in fields.items():
            field = self.field_named(name)
            try:
                is_binary = field is not None and field.encoding.is_binary
                record[name] = bytes.fromhex(value) if is_binary else value
            except ValueError as error:
                raise FieldMalformed(detail=f"`{name}` is not hexadecimal") from error
        return record

    def _require_vector(self, vector: FileVector) -> None:
        """Raise ValueError, as `read_toml` explains it, unless the codec agrees with the vector."""
        given = bytes.fromhex(vector.encoded)
        try:
            record = self.record_of(vector.fields)
            encoded = b"".join(self.encode_records(record)) if self.is_field_a_record else self.encode(record)
            if encoded == given and (self.is_field_a_record or self.decode(given) == record):
                return
            problem, found = "a vector's bytes are not what its fields encode to", encoded.hex().upper()
        except (FieldMalformed, AnswerMalformed) as error:
            problem, found = f"a vector: {error.facts['detail']}", given.hex().upper()
        raise ValueError(
            f"{problem} (file `{self.name}`)",
            Text(zh=f"请核对字段与字节：{found}", en=f"Compare fields and bytes: {found}"),
        )

    def _encoded(self, field: FieldLayout, record: Record) -> bytes:
        value = record.get(field.name)
        if value is None:
            if field.optional:
                return b""
            raise FieldMalformed(detail=f"`{field.name}` is missing")
        try:
            return bytes(field.encode(value))
        except FieldMalformed as error:
            raise FieldMalformed(detail=f"`{field.name}`: {error.facts['detail']}") from error

    def _decoded(self, field: FieldLayout, item: Tlv) -> FieldValue:
        try:
            return field.decode(item)
        except FieldMalformed as error:
            raise AnswerMalformed(what=field.title.text, detail=error.facts["detail"]) from error

    def _require_known(self, record: Record) -> None:
        for name in record:
            if self.field_named(name) is None:
                raise FieldMalformed(detail=f"`{name}` is no field of `{self.name}`")

    def _sized(self, data: bytes) -> bytes:
        if len(data) > self.max_bytes:
            raise FieldMalformed(detail=f"`{self.name}` takes {len(data)} bytes, at most {self.max_bytes}")
        return data


def require_tag(tag: str) -> None:
    """Raise ValueError, in the form that `read_toml` explains, unless this is a BER-TLV tag."""
    try:
        Tlv(int(tag, 16), b"")
    except ValueError as error:
        raise ValueError(
            f"`{tag}` is no BER-TLV tag",
            Text(zh="请写 BER-TLV 标签，如 `C1`", en="Write a BER-TLV tag such as `C1`"),
        ) from error
