"""Decisions: catalogue, entitlement rules and `decide`; pure, so that the centre recomputes them."""

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import Catalogue, ServiceItem
from terminal.decisions.decide import Decision, RuleTrial, TrialResult, decide
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack

__all__ = [
    "CardFacts",
    "Catalogue",
    "Decision",
    "Party",
    "RuleBook",
    "RulePack",
    "RuleTrial",
    "ServiceItem",
    "TrialResult",
    "decide",
]
