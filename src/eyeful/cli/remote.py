"""A server that answers instead of a model of this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eyeful.cli.groups import changed, keywords
from eyeful.errors import UsageError
from eyeful.extras import require
from eyeful.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from eyeful.cli import options
    from eyeful.server.client import RemoteClassifier

_FOR_SERVERS_TOO = ("model", "topk", "min_prob", "sure", "workers")


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Who answers instead of a model of this process."""

    server: Annotated[
        str | None,
        typer.Option(
            help="Ask an eyeful server instead, by its URL; --model is its alias there, EYEFUL_TOKEN its token.",
            rich_help_panel="Running",
            show_default=False,
        ),
    ] = None

    def open(
        self, model: options.ModelOptions, *groups: Any, local: Sequence[str] = (), heeded: Sequence[str] = ()
    ) -> RemoteClassifier:
        """The server's first model, or the one that --model names.

        Args:
            model: which.
            groups: the other flags that decide answers.
            local: other flags that were set and that a server would not heed.
            heeded: flags of the groups that are heeded here.

        Raises:
            UsageError: a flag is given that a server would not heed.
            EngineError: no server answers.
        """
        known = (*_FOR_SERVERS_TOO, *heeded)
        local = [name for name in (*changed(model, *groups), *local) if name not in known]
        if local:
            flag = local[0].replace("_", "-")
            raise UsageError(f"--{flag} is for models of this process; a server has its own, and gives rows")
        require("httpx", "--server")
        from eyeful.predictor import PredictorSpec
        from eyeful.server.client import RemoteClassifier

        alias = None if model.model == DEFAULT_MODEL else model.model
        asked = keywords(*groups)
        spec = PredictorSpec(**{name: asked[name] for name in (*_FOR_SERVERS_TOO[1:], *heeded)})
        url = str(self.server)
        url = url if "://" in url else f"http://{url}"
        return RemoteClassifier(url, alias, spec, os.environ.get("EYEFUL_TOKEN"))
