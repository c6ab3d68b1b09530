"""uvicorn with a stop that answers first, and a check whether the process is live."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from eyeful.server.priority import let_others_step_back
from eyeful.server.service import InferenceService

log = logging.getLogger("eyeful.server")


class GracefulServer(uvicorn.Server):
    """A server that, asked to stop, is no longer ready at once, still answers for a while, and then closes.

    Load balancers need that while to notice. A second signal ends it at once.

    Args:
        config: uvicorn's.
        service: what is ready, or no longer.
        url: said in the log when the server is ready; None: somebody else says it.
        hang_up: ends what browsers hold open, so that it can close.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        service: InferenceService,
        url: str | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._url = url
        self._service = service
        self._hang_up = hang_up
        self._stopping = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Warm up and listen."""
        await super().startup(sockets)
        let_others_step_back()
        if self.started and self._url:
            log.info("running on %s", self._url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first SIGTERM or SIGINT drains, a second one ends."""
        if self._stopping:
            super().handle_exit(sig, frame)
            self.force_exit = True
            return
        self._stopping = True
        self._service.accepting = False
        drain = self._service.settings.drain if sig == signal.SIGTERM else 0.0
        asyncio.get_running_loop().call_later(drain, self._stop)

    def _stop(self) -> None:
        if self._hang_up:
            self._hang_up()
        self.should_exit = True


class LivenessCheck:
    """Called every second on the event loop: tells the parent that the process is live, or the log that it is not.

    Args:
        service: what is live, or no longer.
        beat: tells the parent, where there is one; it restarts a process that it does not hear from.
    """

    def __init__(self, service: InferenceService, beat: Callable[[], None] | None) -> None:
        self._service = service
        self._beat = beat
        self._logged = False

    async def __call__(self) -> None:
        """Check, and tell."""
        if self._service.live:
            self._logged = False
            if self._beat:
                self._beat()
        elif not self._logged:
            self._logged = True
            remedy = "its parent starts it anew" if self._beat else "start the server anew"
            log.error("decoding an image hangs, which cannot be interrupted: this process is not live; %s", remedy)
