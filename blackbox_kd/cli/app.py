"""The commands, gathered."""

from typing import Annotated

import typer

from blackbox_kd import __version__
from blackbox_kd.cli import filtering, gate, ledger, review, serving, settings, stages, tools

app = typer.Typer(
    name="bbkd",
    help="Distil a text-only teacher into a small model of your own. Start with: bbkd init --task tickets; bbkd run",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 ok, 1 bug, 2 usage or config, 3 finished with failed rows, 4 budget reached, 5 refused by the "
        "provider, 6 provider unavailable, 7 in use, 8 corrupt store, 10 gate failed, 74 storage full, 130/143 signals."
    ),
)


def version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"bbkd {__version__}")
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[bool, typer.Option("--version", callback=version, is_eager=True, help="print it")] = False,
) -> None:
    """Distil a text-only teacher into a small model of your own."""


settings.add_to(app)
stages.add_to(app)
review.add_to(app)
filtering.add_to(app)
gate.add_to(app)
tools.add_to(app)
ledger.add_to(app)
serving.add_to(app)
