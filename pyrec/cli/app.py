"""The table of contents: the group of commands."""

import click

from pyrec.cli.compare import compare
from pyrec.cli.demo import demo
from pyrec.cli.evaluate import evaluate
from pyrec.cli.feedback import feedback
from pyrec.cli.fit import fit
from pyrec.cli.forget import forget
from pyrec.cli.inspect import inspect
from pyrec.cli.recommend import recommend
from pyrec.cli.run import run
from pyrec.cli.similar import similar
from pyrec.cli.tastes import tastes
from pyrec.cli.tune import tune
from pyrec.cli.update import update

__all__ = ["app"]


class _InOrder(click.Group):
    """Lists the commands in the order in which one needs them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


def _version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        import pyrec

        click.echo(f"pyrec {pyrec.__version__}")
        context.exit()


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the version and exit.")  # fmt: skip
def app() -> None:
    """From a shop's behaviour log to ranked lists, fast and exact."""


for command in (
    demo, run, fit, update, forget, evaluate, compare, tune, recommend, similar, inspect,
    feedback, tastes,
):  # fmt: skip
    app.add_command(command)
