"""`tongka rules`: check rule packs, run their cases, explain a decision, tell whose outcome changes."""

from __future__ import annotations

import typer

from terminal.rule_checks import case_command, diff_command, explain_command, lint_command

app = typer.Typer(
    help="优惠规则：检查、试例、解释、比较 · Rules: lint, test, explain, diff.", no_args_is_help=True
)
app.command(name="lint", epilog=lint_command.EXAMPLE)(lint_command.lint)
app.command(name="test", epilog=case_command.EXAMPLE)(case_command.test)
app.command(name="explain", epilog=explain_command.EXAMPLE)(explain_command.explain)
app.command(name="diff", epilog=diff_command.EXAMPLE)(diff_command.diff)
