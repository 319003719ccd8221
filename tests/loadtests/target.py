"""A small HTTP server to aim Locust at, run as a process of its own; prints its port, then serves until it is ended.

    target.py [--delay S] [--freeze-at N --freeze S] [--faults]

``GET /counts`` tells what it saw.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
import time

from loadtests._payloads._facts import facts

FAULTS = ("right", "label", "missing", "order", "status", "cut", "silence")


class Target:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.requests = 0
        self.items = 0
        self.digests: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
                status, answer = await self.answer(head.split()[1].decode(), body)
                if not status:
                    break
                writer.write(b"HTTP/1.1 %d -\r\ncontent-length: %d\r\n\r\n%s" % (status, len(answer), answer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/health":
            return 200, b'{"version": "1.2.3", "environment": "test", "more": true}'
        if path == "/metrics":
            return 200, b'# TYPE seen counter\nseen{route="/v1/comments"} %d\nsize NaN\n' % self.requests
        if path == "/counts":
            digest = hashlib.sha256("".join(sorted(self.digests)).encode()).hexdigest()
            return 200, json.dumps({"requests": self.requests, "items": self.items, "digest": digest}).encode()
        return await self.analyse(json.loads(body))

    async def analyse(self, question: dict[str, object]) -> tuple[int, bytes]:
        comments = question["comments"]
        assert isinstance(comments, list)
        self.requests += 1
        self.items += len(comments)
        self.digests.append(hashlib.sha256(json.dumps(question).encode()).hexdigest())
        if self.requests == self.options.freeze_at:
            self.freeze()
        await asyncio.sleep(self.options.delay)
        results = [result(comment["id"], comment["text"]) for comment in comments]
        status = await self.spoil(results) if self.options.faults else 200
        return status, json.dumps(answer(results, question["quality"], len(comments))).encode()

    def freeze(self) -> None:
        """Stop the whole process, all its connections with it."""
        time.sleep(self.options.freeze)

    async def spoil(self, results: list[dict[str, object]]) -> int:
        """Make every kind of fault in turn; the status to answer with, 0 for none."""
        fault = FAULTS[self.requests % len(FAULTS)]
        if fault == "label":
            results[0]["sentiment"] = {"label": "purple", "score": 0.0, "confidence": 0.5}
        elif fault == "missing":
            results.pop()
        elif fault == "order":
            results[0]["id"] = "17"
        elif fault == "silence":
            await asyncio.sleep(30.0)
        return {"status": 503, "cut": 0}.get(fault, 200)


def result(identifier: str, text: str) -> dict[str, object]:
    known = facts("comments").get(text, {})
    return {
        "id": identifier,
        "sentiment": {"label": known.get("sentiment", "neutral"), "score": 0.0, "confidence": 0.5},
        "themes": [],
        "emotion": {"label": "none", "confidence": 0.5},
        "language": {"code": known.get("language", "es"), "confidence": 0.5},
        "reliable": True,
    }


def answer(results: list[dict[str, object]], quality: object, comments: int) -> dict[str, object]:
    summary = {"comments": comments, "mean_score": 0.0, "sentiment": {"neutral": comments}}
    return {"model": {"name": "m", "version": "1"}, "quality": quality, "results": results, "summary": summary}


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--freeze", type=float, default=0.0)
    parser.add_argument("--freeze-at", type=int, default=0)
    parser.add_argument("--faults", action="store_true")
    target = Target(parser.parse_args())
    server = await asyncio.start_server(target.serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
