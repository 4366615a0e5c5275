"""Decisions: catalogue, entitlement rules and `decide`; pure, so that the centre recomputes them."""

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import Catalogue, ServiceItem
from terminal.decisions.decide import Decision, decide
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from terminal.decisions.trial import RuleTrial, TrialResult

__all__ = [
    "NOTHING_KNOWN",
    "CardFacts",
    "Catalogue",
    "Decision",
    "Party",
    "RuleBook",
    "RulePack",
    "RuleTrial",
    "ServiceItem",
    "Standing",
    "TrialResult",
    "decide",
]
