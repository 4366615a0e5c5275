"""Sums as people read them."""


def yuan(fen: int) -> str:
    """A sum in fen as yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"
