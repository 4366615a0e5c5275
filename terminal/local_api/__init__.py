"""The local API: tills, gates and bus computers that others make use the terminal (docs/local-api.md)."""
