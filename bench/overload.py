"""A server beyond what it can do: `python bench/overload.py IMAGE.jpg` (client and server share the cores).

1. Capacity: 32 connections, each asking again as soon as it is answered.
2. Open loop: requests at twice that rate for a minute, whether answered or not, each on a connection of its own.
   Nobody may be reset; what is accepted must be answered within the time that a full queue takes; memory stays.
3. Slow-loris: a client's latencies alone, and beside 500 connections that send a byte now and then.
"""

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from serving import running

from eyeful.server.settings import ServerSettings

PORT = 8973
CONNECTIONS = 32
QUEUE = ServerSettings().queue_size
SERVE = [sys.executable, "-c", "from eyeful.cli import main; main()", "serve", "--port", str(PORT)]


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    body = given.image.read_bytes()
    headers = f"Host: x\r\nConnection: close\r\nContent-Length: {len(body)}"
    request = f"POST /v1/classify HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body
    with running(SERVE, PORT) as server:
        await capacity(request, 3)
        rate, p99 = await capacity(request, 10)
        print(f"capacity: {rate:.0f} requests/s, p99 {1000 * p99:.0f} ms")
        await open_loop(request, 2 * rate, given.seconds, server.pid)
        print(f"  a full queue takes {1000 * (QUEUE / rate + p99):.0f} ms (queue / capacity + p99 at capacity)")
        await slow_loris(request)


class Client(asyncio.Protocol):
    """One request on a connection of its own; light, because it shares the server's cores."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._reply = b""
        self.reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Hear."""
        self._reply += data

    def connection_lost(self, exc: Exception | None) -> None:
        """The answer is there, or will not come."""
        if self.reply.done():  # nobody waits for it any more
            return
        if exc is None:
            self.reply.set_result(self._reply)
        else:
            self.reply.set_exception(exc)


async def ask(request: bytes) -> tuple[str, float]:
    """One request: the status of its reply, or how it failed, and the seconds it took."""
    started = time.perf_counter()
    try:
        _, client = await asyncio.get_running_loop().create_connection(partial(Client, request), "127.0.0.1", PORT)
        head = (await client.reply).partition(b"\r\n\r\n")[0].lower()
        status = head[9:12].decode() or "no answer"
        if status == "503" and b"\nretry-after:" not in head:
            status = "503 without Retry-After"
    except OSError as error:
        status = type(error).__name__
    return status, time.perf_counter() - started


async def capacity(request: bytes, seconds: float) -> tuple[float, float]:
    """Requests per second that are answered, and the p99 of their latencies."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < end:
            status, took = await ask(request)
            if status != "200":
                raise SystemExit(f"not at capacity: {status}")
            latencies.append(took)

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return len(latencies) / seconds, share(latencies, 99)


async def open_loop(request: bytes, rate: float, seconds: float, pid: int) -> None:
    """Ask at a rate, and print what became of it."""
    found: dict[str, list[float]] = {}
    memory = []
    late = 0.0

    async def one() -> None:
        status, took = await ask(request)
        found.setdefault(status, []).append(took)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(started + number / rate - time.perf_counter())
            late = max(late, time.perf_counter() - started - number / rate)
            group.create_task(one())
            if number % int(rate * seconds / 6) == 0:
                memory.append(resident(pid))
    took = time.perf_counter() - started
    asked = sum(map(len, found.values()))
    print(f"open loop: {asked / took:.0f} requests/s for {took:.0f} s, asked at most {1000 * late:.0f} ms late")
    for status, latencies in sorted(found.items()):
        print(
            f"  {status}: {len(latencies) / took:.0f}/s, p50 {1000 * statistics.median(latencies):.0f}, "
            f"p99 {1000 * share(latencies, 99):.0f} ms"
        )
    print(f"  memory: {', '.join(f'{size:.0f}' for size in [*memory, resident(pid)])} MB")


async def slow_loris(request: bytes, count: int = 500) -> None:
    """A normal client's p99, alone and beside slow ones; and how long these are borne."""

    async def normal() -> list[float]:
        return [(await ask(request))[1] for _ in range(300)]

    await normal()
    alone = share(await normal(), 99)
    closed: list[float] = []

    async def slow(part: bytes) -> None:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        dripping = asyncio.create_task(drip(writer, part))
        with suppress(ConnectionResetError):  # it may still have been sending
            await reader.read()
        closed.append(time.perf_counter() - started)
        dripping.cancel()

    tasks = [asyncio.create_task(slow(request[: 40 if place % 2 else 400])) for place in range(count)]
    await asyncio.sleep(1)
    beside = share(await normal(), 99)
    still_there = count - len(closed)
    await asyncio.gather(*tasks)
    print(f"slow-loris: p99 {1000 * alone:.0f} ms alone, {1000 * beside:.0f} ms beside {still_there} of {count}")
    print(f"  these were closed after {min(closed):.1f} to {max(closed):.1f} s")


async def drip(writer: asyncio.StreamWriter, part: bytes) -> None:
    """Send a beginning, and then a byte a second."""
    writer.write(part[:30])
    for place in range(30, len(part)):
        await asyncio.sleep(1)
        if writer.is_closing():
            return
        writer.write(part[place : place + 1])


def share(latencies: list[float], percent: int) -> float:
    """The latency that `percent` of them do not exceed."""
    return statistics.quantiles(latencies, n=100, method="inclusive")[percent - 1]


def resident(pid: int) -> float:
    """The memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    uvloop.run(main())
