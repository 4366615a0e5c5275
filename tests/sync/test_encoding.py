"""Bodies from anybody: what is well-formed comes back as it was, all else is a typed error within limits."""

from __future__ import annotations

import struct
import tracemalloc
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import (
    CodeMalformed,
    CompressionBroken,
    MediaTypeUnknown,
    MessageMalformed,
    MessageOversized,
    MessageRefused,
    VersionUnknown,
)
from sync.protocol.batch import BATCH_LIMITS, MAX_EVENTS, MAX_GAPS, Batch, BatchAnswer, Fork, Gap
from sync.protocol.encoding import MediaType, decompress
from sync.protocol.enrolment import EnrolmentAnswer, EnrolmentCode, EnrolmentRequest
from sync.protocol.refusal import RefusalMessage
from terminal.events.checkpoint import Checkpoint, SignedCheckpoint
from terminal.events.event import MAX_EVENT_BYTES
from terminal.events.receipt import Receipt, SignedReceipt

MESSAGES = (Batch, BatchAnswer, EnrolmentRequest, EnrolmentAnswer)
MEBIBYTE = 1_048_576

sequences = st.integers(1, 2**63 - 1)
digests = st.binary(min_size=32, max_size=32)
terminals = st.binary(min_size=8, max_size=8)
signatures = st.binary(min_size=64, max_size=64)
epochs = st.integers(0, 0xFFFF)
heads = st.builds(
    SignedCheckpoint,
    st.builds(Checkpoint, terminals, epochs, sequences, digests, st.integers(0, 2**53)),
    signatures,
)
receipts = st.builds(
    SignedReceipt,
    st.builds(Receipt, terminals, epochs, sequences, digests, st.integers(0, 2**53)),
    signatures,
)
batches = st.builds(
    Batch,
    terminal=terminals,
    epoch=epochs,
    events=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20),
    head=heads,
)
answers = st.builds(
    BatchAnswer,
    watermark=st.integers(0, 2**63 - 1),
    gaps=st.lists(st.builds(Gap, sequences, sequences), max_size=5),
    fork=st.none() | st.builds(Fork, sequence=sequences, stored_hash=digests, other_hash=digests),
    rejected=st.none() | st.just("SYN-210"),
    receipt=st.none() | receipts,
)


def packed(**fields: Any) -> bytes:
    return zstandard.compress(msgspec.msgpack.encode(fields))


@given(batch=batches, media_type=st.sampled_from(MediaType))
def test_a_batch_comes_back_as_it_was(batch: Batch, media_type: MediaType) -> None:
    assert Batch.from_bytes(batch.to_bytes(media_type), media_type) == batch


@given(answer=answers, media_type=st.sampled_from(MediaType))
def test_an_answer_comes_back_as_it_was(answer: BatchAnswer, media_type: MediaType) -> None:
    assert BatchAnswer.from_bytes(answer.to_bytes(media_type), media_type) == answer


@given(body=st.binary(max_size=400), media_type=st.sampled_from(MediaType))
def test_random_bodies_raise_typed_errors_alone(body: bytes, media_type: MediaType) -> None:
    for message in MESSAGES:
        with pytest.raises(MessageRefused):
            message.from_bytes(body, media_type)


@given(plain=st.binary(max_size=400))
def test_random_bytes_in_a_good_frame_raise_typed_errors_alone(plain: bytes) -> None:
    for message in MESSAGES:
        with pytest.raises(MessageRefused):
            message.from_bytes(zstandard.compress(plain))


@given(batch=batches, data=st.data())
def test_a_damaged_batch_is_refused_or_still_a_batch(batch: Batch, data: st.DataObject) -> None:
    plain = bytearray(msgspec.msgpack.encode(batch))
    place = data.draw(st.integers(0, len(plain) - 1))
    plain[place] ^= data.draw(st.integers(1, 255))
    try:
        read = Batch.from_bytes(zstandard.compress(bytes(plain)))
    except MessageRefused:
        return
    assert read != batch


@given(batch=batches, data=st.data())
def test_a_truncated_frame_is_refused(batch: Batch, data: st.DataObject) -> None:
    body = batch.to_bytes()
    with pytest.raises(CompressionBroken):
        Batch.from_bytes(body[: data.draw(st.integers(0, len(body) - 1))])


@pytest.mark.parametrize("size", [BATCH_LIMITS.plain + 1, 200 * MEBIBYTE])
def test_a_bomb_stops_at_the_limit(size: int) -> None:
    bomb = zstandard.ZstdCompressor(level=19, write_content_size=False).compress(bytes(size))
    assert len(bomb) < BATCH_LIMITS.wire // 10
    tracemalloc.start()
    with pytest.raises(MessageOversized):
        Batch.from_bytes(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * BATCH_LIMITS.plain


def test_a_lying_content_size_is_not_believed() -> None:
    # RFC 8878 §3.1.1: single segment, 8-byte content size that says 2^62; then one raw block of 4 bytes.
    lie = b"\x28\xb5\x2f\xfd" + b"\xe0" + struct.pack("<Q", 2**62) + b"\x21\x00\x00" + b"abcd"
    with pytest.raises((CompressionBroken, MessageOversized)):
        decompress(lie, 1000)


def test_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = frame.compress(bytes(range(256)) * 16) + frame.flush()
    with pytest.raises(CompressionBroken):
        decompress(body, 100_000)


@pytest.mark.parametrize("tail", [b"\x00", zstandard.compress(b"more"), bytes(100)])
def test_nothing_may_follow_the_frame(tail: bytes) -> None:
    assert decompress(zstandard.compress(b"one"), 10) == b"one"
    with pytest.raises(CompressionBroken):
        decompress(zstandard.compress(b"one") + tail, 10)


def test_content_up_to_the_limit_passes() -> None:
    assert decompress(zstandard.compress(bytes(1000)), 1000) == bytes(1000)
    with pytest.raises(MessageOversized):
        decompress(zstandard.compress(bytes(1000)), 999)


def test_a_body_over_the_wire_limit_is_not_even_decompressed() -> None:
    with pytest.raises(MessageOversized):
        Batch.from_bytes(bytes(BATCH_LIMITS.wire + 1))


@pytest.mark.parametrize("version", [0, 2, 65535])
def test_another_version_is_named_as_such(version: int) -> None:
    with pytest.raises(VersionUnknown) as caught:
        Batch.from_bytes(packed(version=version, something="new"))
    assert caught.value.facts == {"version": version, "expected": 1}


@given(batch=batches)
def test_limits_of_lists_and_strings_hold(batch: Batch) -> None:
    fields = msgspec.structs.asdict(batch)
    wrongs: tuple[dict[str, Any], ...] = (
        {"events": []},
        {"events": [b"x"] * (MAX_EVENTS + 1)},
        {"events": [b""]},
        {"events": [bytes(MAX_EVENT_BYTES + 1)]},
        {"terminal": bytes(7)},
        {"epoch": 65536},
        {"extra": 1},
    )
    for wrong in wrongs:
        with pytest.raises(MessageMalformed):
            Batch.from_bytes(packed(**{**fields, **wrong}))
    with pytest.raises(MessageMalformed):
        BatchAnswer.from_bytes(packed(version=1, watermark=0, gaps=[[1, 1]] * (MAX_GAPS + 1)))


def test_deep_nesting_is_malformed_and_no_crash() -> None:
    for body, media_type in (
        (b'{"version": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", MediaType.JSON),
        (zstandard.compress(b"\x82\xa7version\x01\xa1x" + b"\x91" * 100_000), MediaType.MSGPACK_ZSTD),
    ):
        with pytest.raises(MessageMalformed):
            Batch.from_bytes(body, media_type)


def test_media_types() -> None:
    assert MediaType.from_header("Application/JSON; charset=utf-8") is MediaType.JSON
    assert MediaType.from_header("application/msgpack+zstd") is MediaType.MSGPACK_ZSTD
    for wrong in ("", "text/html", "application/msgpack"):
        with pytest.raises(MediaTypeUnknown):
            MediaType.from_header(wrong)


class TestEnrolmentCode:
    CODE = EnrolmentCode("0ABC", "DEFGHJKMNPQRSTVW", "XYZ0123456789ABCDEFG")

    def test_survives_being_typed(self) -> None:
        text = self.CODE.to_text()
        assert text.count("-") == 9
        for typed in (
            text,
            text.lower(),
            text.replace("-", " "),
            text.replace("0", "o").replace("1", "l") + "\n",
        ):
            assert EnrolmentCode.from_text(typed) == self.CODE

    @given(text=st.text(max_size=60))
    def test_anything_else_is_malformed(self, text: str) -> None:
        try:
            code = EnrolmentCode.from_text(text)
        except CodeMalformed:
            return
        assert EnrolmentCode.from_text(code.to_text()) == code

    def test_shows_no_secret(self) -> None:
        assert self.CODE.secret not in repr(self.CODE)
        request = EnrolmentRequest(code=self.CODE.presented, csr=b"x")
        assert self.CODE.secret not in repr(request)


@given(body=st.binary(max_size=300))
def test_a_refusal_from_elsewhere_is_none(body: bytes) -> None:
    assert RefusalMessage.from_bytes(body) is None


def test_a_refusal_speaks_both_languages() -> None:
    read = RefusalMessage.from_bytes(RefusalMessage.of(MessageOversized(limit=5)).to_bytes())
    assert read is not None
    assert read.code == "SYN-101"
    assert set(read.cause) == set(read.next_step) == {"zh-CN", "en"}
