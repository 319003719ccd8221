"""A worker process on the database URL it is given, with the lease and the attempts it is given.

Every request is answered with itself, after its tenant and its name are printed; ``"hang"`` is never answered,
and ``"die"`` takes the process down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from service.adapters.consumer import Terms, consume


async def answer(workload: str, request: bytes, tenant: str) -> bytes:
    sys.stdout.write(f"{tenant} {workload} {request.decode()}\n")
    sys.stdout.flush()
    if request == b'"die"':
        os.kill(os.getpid(), signal.SIGKILL)
    if request == b'"hang"':
        await asyncio.Event().wait()
    return request


async def main(url: str, lease: str, attempts: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await consume(url, answer, stop, Terms(lease=float(lease), attempts=int(attempts)))


asyncio.run(main(*sys.argv[1:]))
