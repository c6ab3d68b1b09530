"""`eyeful doctor`: what works on this machine, and what to type where something does not."""

import dataclasses
import json
from collections.abc import Iterator

import typer

from eyeful.cli import options
from eyeful.cli.groups import takes_options
from eyeful.cli.table import fact
from eyeful.cli.terminal import LiveLine
from eyeful.doctor import Finding, examine

_EXTRA = "extra "


@takes_options
def doctor(output: options.JsonOptions) -> None:
    """Say what this machine and installation can do, with a remedy for what they cannot; exit with 1 if broken."""
    with LiveLine("examining this installation"):
        found = examine()
    if output.as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in found], indent=1))
    else:
        shown = list(_in_short(found))
        width = max(len(finding.topic) for finding in shown) + 2
        for finding in shown:
            typer.secho(fact(finding.topic, finding.text, width), fg="red" if finding.broken else None)
            if finding.remedy:  # unbroken: it is there to be copied
                print(f"→ {finding.remedy}")
    if any(finding.broken for finding in found):
        raise typer.Exit(1)


def _in_short(found: list[Finding]) -> Iterator[Finding]:
    """The findings; extras with nothing to tell but that they are installed are one."""
    installed = [one for one in found if one.topic.startswith(_EXTRA) and one.remedy is None]
    for finding in found:
        if finding not in installed:
            yield finding
        elif finding is installed[0]:
            names = (one.topic.removeprefix(_EXTRA) for one in installed)
            yield Finding("extras", f"installed: {', '.join(names)}")
