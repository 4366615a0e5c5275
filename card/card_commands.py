"""`tongka card`: a card's profile, its data, and what passed between card and terminal."""

from __future__ import annotations

import typer

from card import profile_commands, read_command, trace_commands

app = typer.Typer(help="卡片 · Cards: profiles, full data, traces.", no_args_is_help=True)
app.add_typer(profile_commands.app, name="profile")
app.command(name="read", epilog=read_command.EXAMPLE)(read_command.read)
app.command(name="trace", epilog=trace_commands.EXAMPLE)(trace_commands.show_trace)
