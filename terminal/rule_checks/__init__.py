"""Checks of rule packs for those who write them: lint, test, explain, diff (`tongka rules`)."""
