"""A shop that stands for anybody's service: the standard library alone, and nothing of this project.

python tests/foreign/shop.py --port 8001          # as it was
python tests/foreign/shop.py --port 8002 --slow   # after a change that looks harmless
"""

from __future__ import annotations

import argparse
import json
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

GOODS = [{"id": number, "name": f"thing {number:03}", "price": 100 + number * 7 % 91} for number in range(200)]


class Catalogue:
    """What there is to buy."""

    def search(self, words: str) -> list[dict[str, object]]:
        return [good for good in GOODS if words in str(good["name"])]


class TolerantCatalogue(Catalogue):
    """Forgives a typing error: looks at every word that is one letter shorter, too."""

    def search(self, words: str) -> list[dict[str, object]]:
        tried = [words, *(words[:place] + words[place + 1 :] for place in range(len(words)))]
        found = {int(str(good["id"])): good for each in tried for good in super(TolerantCatalogue, self).search(each)}
        return [found[number] for number in sorted(found) if words in str(found[number]["name"])]


class Shop(BaseHTTPRequestHandler):
    """GET /, GET /search?words=…, POST /basket, GET /basket."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    catalogue = Catalogue()
    baskets: ClassVar[dict[str, list[int]]] = {}
    numbers = count(1)
    port = 0

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/":
            self.answer(200, {"goods": len(GOODS)})
        elif url.path == "/search":
            self.answer(200, self.catalogue.search(parse_qs(url.query).get("words", [""])[0]))
        elif url.path == "/basket":
            basket = self.baskets.get(self.visitor())
            self.answer(404 if basket is None else 200, basket)
        else:
            self.answer(404, None)

    def do_POST(self) -> None:
        good = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["good"]
        visitor = self.visitor() or f"{self.port}-{next(self.numbers)}"
        self.baskets.setdefault(visitor, []).append(good)
        self.answer(201, self.baskets[visitor], cookie=visitor)

    def visitor(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("visitor")
        return cookie.value if cookie else ""

    def answer(self, status: int, value: object, cookie: str = "") -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", f"visitor={cookie}; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The shop is quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--slow", action="store_true", help="search with the tolerant catalogue")
    options = parser.parse_args()
    Shop.port = options.port
    if options.slow:
        Shop.catalogue = TolerantCatalogue()
    with ThreadingHTTPServer(("127.0.0.1", options.port), Shop) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
