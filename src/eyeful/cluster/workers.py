"""Actors on the nodes of a Ray cluster: started where they fit, called without waiting, stopped."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eyeful.cluster.schedule import MAX_ASSIGNED
from eyeful.cluster.worker import Worker
from eyeful.errors import ClusterError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.cluster.connection import ClusterOptions

_EVERY = 2.0
"""Seconds between looks at the nodes that there are."""
_LONGEST_START = 60.0
"""Seconds for the nodes of a cluster that has just been made."""
_MOST_DEATHS = 3
"""Workers of one node that die before they are ready; then the node is at fault."""


@dataclass(slots=True, eq=False)
class Actor:
    """An actor on a node.

    Attributes:
        actor: Ray's handle.
        node: the node's id.
        host: the node's name.
        cpus: cores that it may use.
        ready: when it could begin, as `time.monotonic` has it; None before.
    """

    actor: Any
    node: str
    host: str
    cpus: int
    ready: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call.

    Attributes:
        worker: who was called.
        method: what.
        about: what the caller noted with the call.
        value: what it returned; None where it failed.
        error: what it raised, as far as it was raised there.
        death: why there will be no reply, where the worker is gone.
    """

    worker: Actor
    method: str
    about: Any
    value: Any = None
    error: Exception | None = None
    death: str | None = None


@dataclass(slots=True)
class _Node:
    """What is known of a node that this process has workers on, or had."""

    deaths: int = 0
    excluded: bool = False
    actors: set[Actor] = field(default_factory=set)


class Workers:
    """The workers of a run.

    Args:
        ray: the module, connected.
        options: how many, and how large.
    """

    def __init__(self, ray: Any, options: ClusterOptions) -> None:
        self._ray = ray
        self._options = options
        self._nodes: dict[str, _Node] = {}
        self._calls: dict[Any, tuple[Actor, str, Any]] = {}
        self._looked = -math.inf
        self._since = time.monotonic()
        self._demand(options.workers)

    def __len__(self) -> int:
        return sum(len(node.actors) for node in self._nodes.values())

    def __iter__(self) -> Iterator[Actor]:
        return (worker for node in self._nodes.values() for worker in node.actors)

    def start_missing(self) -> list[Actor]:
        """Start workers where there is a place for one; those that are new.

        Raises:
            ClusterError: no node could hold one, and none is to be waited for.
        """
        now = time.monotonic()
        if now - self._looked < _EVERY:
            return []
        self._looked = now
        alive = [node for node in self._ray.nodes() if node["Alive"]]
        usable = [node for node in alive if not self._known(node).excluded]
        places = [(node, *self._capacity(node, len(usable))) for node in usable]
        most = self._options.workers or sum(capacity for _, capacity, _ in places)
        new: list[Actor] = []
        while len(self) < most:
            free = [(node, cpus) for node, capacity, cpus in places if len(self._known(node).actors) < capacity]
            if not free:
                break
            new.append(self._start_on(*min(free, key=lambda place: len(self._known(place[0]).actors))))
        grows = self._options.address != "local" and now - self._since < _LONGEST_START
        if not len(self) and not grows and not (self._options.workers and self._options.cpus):
            self._refuse_empty(alive)
        return new

    def call(self, worker: Actor, method: str, *args: Any, about: Any = None, **kwargs: Any) -> None:
        """Call a method of a worker; its reply comes with `replies`."""
        try:
            reference = getattr(worker.actor, method).remote(*args, **kwargs)
        except self._ray.exceptions.RayError as error:
            raise ClusterError(
                f"Ray cannot carry a call to {worker.host}: {one_line(_told(error), 200)}"
            ) from error
        self._calls[reference] = (worker, method, about)

    def replies(self, seconds: float) -> Iterator[Reply]:
        """What came of calls meanwhile, waiting so many seconds at most for the first."""
        if not self._calls:
            time.sleep(seconds)
            return
        calls = list(self._calls)
        done, _ = self._ray.wait(calls, num_returns=1, timeout=seconds)
        if done:  # and whatever else there is by now
            done, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        for reference in done:
            called = self._calls.pop(reference, None)
            if called is not None:  # else its worker was stopped just now
                yield self._reply(reference, *called)

    def stop(self, worker: Actor, *, at_fault: bool = False) -> list[Reply]:
        """End a worker; the calls that it leaves without a reply.

        Args:
            worker: who has died, or shall.
            at_fault: it counts against its node.
        """
        node = self._nodes[worker.node]
        node.actors.discard(worker)
        node.deaths += at_fault
        left = {reference: called for reference, called in self._calls.items() if called[0] is worker}
        for reference in left:
            del self._calls[reference]
        self._ray.kill(worker.actor, no_restart=True)
        return [Reply(*called, death="it was stopped") for called in left.values()]

    def exclude(self, worker: Actor) -> None:
        """Start no more on this worker's node."""
        self._nodes[worker.node].excluded = True

    def keeps_dying(self, worker: Actor) -> bool:
        """Whether so many workers of a node died before they were ready that no other shall be tried."""
        return self._nodes[worker.node].deaths >= _MOST_DEATHS

    def close(self) -> None:
        """End all of them."""
        for worker in list(self):
            self.stop(worker)
        self._demand(0)

    def _reply(self, reference: Any, worker: Actor, method: str, about: Any) -> Reply:
        errors = self._ray.exceptions
        try:
            return Reply(worker, method, about, value=self._ray.get(reference))
        except errors.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            return Reply(worker, method, about, error=_told(cause))
        except (errors.ObjectStoreFullError, errors.OutOfDiskError) as error:
            return Reply(worker, method, about, error=_told(error))
        except errors.RayError as error:
            return Reply(worker, method, about, death=_last_line(error))

    def _demand(self, workers: int) -> None:
        """Tell a cluster that grows on demand what is asked for; until it is told otherwise."""
        if self._options.workers and self._options.cpus:
            from ray.autoscaler.sdk import request_resources

            each = {"CPU": self._options.cpus} | ({"GPU": self._options.gpus} if self._options.gpus else {})
            request_resources(bundles=[each] * workers)

    def _known(self, node: dict[str, Any]) -> _Node:
        return self._nodes.setdefault(node["NodeID"], _Node())

    def _capacity(self, node: dict[str, Any], nodes: int) -> tuple[int, int]:
        """How many workers a node holds, and the cores of each."""
        cores = int(node["Resources"].get("CPU", 0))
        on_each = math.ceil(self._options.workers / nodes) or 1
        cpus = self._options.cpus or max(cores // on_each, 1)
        capacity = cores // cpus
        if self._options.gpus:
            capacity = min(capacity, int(node["Resources"].get("GPU", 0)) // self._options.gpus)
        return capacity, cpus

    def _start_on(self, node: dict[str, Any], cpus: int) -> Actor:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        kind = self._ray.remote(Worker).options(
            num_cpus=cpus,
            num_gpus=self._options.gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=MAX_ASSIGNED,
            scheduling_strategy=there,
        )
        worker = Actor(kind.remote(), node["NodeID"], node["NodeManagerHostname"], cpus)
        self._known(node).actors.add(worker)
        return worker

    def _refuse_empty(self, alive: list[dict[str, Any]]) -> None:
        there = ", ".join(
            f"{node['NodeManagerHostname']} has {_size(node['Resources'], 'CPU')} and "
            f"{_size(node['Resources'], 'GPU')}"
            for node in alive[:4]
        )
        wanted = _size({"CPU": self._options.cpus or 1}, "CPU")
        if self._options.gpus:
            wanted += f" and {_size({'GPU': self._options.gpus}, 'GPU')}"
        raise ClusterError(f"no node of the cluster holds a worker of {wanted}: {there or 'there is none'}")


def _size(resources: dict[str, float], kind: str) -> str:
    number = resources.get(kind, 0)
    return f"{number:g} {kind}{'' if number == 1 else 's'}"


def _told(error: Exception) -> Exception:
    """One that Ray raises in place of our code's, without the bytes that it quotes."""
    if "ObjectStoreFull" in repr(error) or "OutOfDisk" in repr(error) or "object store" in str(error):
        return ClusterError("its object store is full")
    return error


def _last_line(error: Exception) -> str:
    """What ended an actor, of a text that may hold a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "Error: " in line or line.startswith("The actor")]
    return one_line((telling or lines or [type(error).__name__])[-1], 300)
