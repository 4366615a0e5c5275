"""Checks of a profile that a type can't express, refused with what to write instead."""

from __future__ import annotations

from crypto.explained import Text


def require(condition: bool, problem: str, *, zh: str, en: str) -> None:
    """Raise the ValueError that `strict_toml` turns into an explained refusal; `zh`, `en`: what to write."""
    if not condition:
        raise ValueError(problem, Text(zh=zh, en=en))
