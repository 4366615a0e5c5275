"""The catalogue as people use it: search by Hanzi, pinyin, initials and sound, and the check of its texts."""

from terminal.catalogue.search import CatalogueSearch, Found, Match

__all__ = ["CatalogueSearch", "Found", "Match"]
