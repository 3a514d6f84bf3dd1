"""The help of the emulator's command, whose options are listed by what they are about."""

import click

from wanx_render.language import Message, looked_up, tr

OPTION_GROUPS: tuple[tuple[Message, tuple[str, ...]], ...] = (
    (tr("Server"), ("port", "host", "token", "state", "end_with_stdin")),
    (tr("Time"), ("clock", "times", "seed")),
    (tr("What happens"), ("faults", "fault_lines", "scenarios", "webhook")),
    (
        tr("What is checked and answered"),
        ("checks", "refuse", "errors", "limits", "catalog", "clips"),
    ),
    (
        tr("TLS and the vendor's hosts"),
        ("proxy", "proxy_port", "proxy_passthrough", "tls", "authority", "api_hosts",
         "result_hosts"),
    ),
)  # fmt: skip


class GroupedHelp(click.Group):
    """A command whose help has a section for each group of options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, then the options that are in no group, then the commands."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            if row := option.get_help_record(ctx):
                rows.setdefault(str(option.name), []).append(row)
        for heading, names in OPTION_GROUPS:
            with formatter.section(looked_up(heading)):
                formatter.write_dl([row for name in names for row in rows.pop(name, ())])
        with formatter.section(looked_up("Options")):
            formatter.write_dl([row for left in rows.values() for row in left])
        self.format_commands(ctx, formatter)
