"""How a card id becomes places and bits in a filter; the same in Python and, for builders, in numpy.

Card ids are random and an issuer's own, so this is no cryptography: it only spreads them. `mix` is a
bijection on 64 bits, so different cards never collide.
"""

from typing import Final

MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
# Finaliser of splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"; the
# constants are Stafford's variant 13), and that generator's increment.
MULTIPLIER_1: Final = 0xBF58_476D_1CE4_E5B9
MULTIPLIER_2: Final = 0x94D0_49BB_1331_11EB
INCREMENT: Final = 0x9E37_79B9_7F4A_7C15


def mix(value: int) -> int:
    """A bijection on 64 bits; each bit of the argument changes each of the result half the time."""
    value = ((value ^ (value >> 30)) * MULTIPLIER_1) & MASK
    value = ((value ^ (value >> 27)) * MULTIPLIER_2) & MASK
    return value ^ (value >> 31)


def tweak(seed: int, stream: int) -> int:
    """What sets one attempt (`seed`) at one structure (`stream`, 0 or 1) apart from the others."""
    return (2 * seed + stream + 1) * INCREMENT & MASK
