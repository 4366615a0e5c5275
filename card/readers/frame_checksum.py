"""The checksums that guard frames on a serial line."""

from __future__ import annotations

from functools import reduce
from operator import xor

from firmware_profiles.frame_format import Checksum, ChecksumKind

CRC_CCITT = 0x1021  # x^16 + x^12 + x^5 + 1
CRC_CCITT_REFLECTED = 0x8408
CRC_START = 0xFFFF


def checksum(guard: Checksum, covered: bytes) -> bytes:
    """The checksum of `covered`, as it stands in the frame."""
    match guard.kind:
        case ChecksumKind.XOR:
            value = reduce(xor, covered, 0)
        case ChecksumKind.SUM_COMPLEMENT:
            value = sum_complement(covered)
        case ChecksumKind.CRC16_MCRF4XX:
            value = _crc16_reflected(covered)
        case ChecksumKind.CRC16_IBM_3740:
            value = _crc16(covered)
    return value.to_bytes(guard.kind.size, guard.byte_order.value)


def sum_complement(covered: bytes) -> int:
    """The byte that makes the sum 0 modulo 256."""
    return -sum(covered) % 256


def _crc16(covered: bytes) -> int:
    crc = CRC_START
    for byte in covered:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ CRC_CCITT if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _crc16_reflected(covered: bytes) -> int:
    crc = CRC_START
    for byte in covered:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ CRC_CCITT_REFLECTED if crc & 1 else crc >> 1
    return crc
