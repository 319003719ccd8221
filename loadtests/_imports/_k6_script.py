"""What one iteration of a k6 script sends: the requests and pauses of its function, and of those that it calls."""

from __future__ import annotations

from tree_sitter import Node

from loadtests._imports._javascript import Script, expression, text
from loadtests._imports._routes import Routes
from loadtests._imports._streams import Traffic
from loadtests._imports._table import Expression, Remarks, shown

MOST_NODES = 200_000
_DEEPEST = 20

_BRANCHES = frozenset({"if_statement", "ternary_expression", "switch_statement"})
_LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_EACH = frozenset({"forEach", "map"})
_METHODS = {name: name.upper() for name in ("get", "post", "put", "patch", "head", "options")} | {"del": "DELETE"}
_WITH_METHOD = frozenset({"request", "asyncRequest"})


def traffic_of(script: Script, name: str, routes: Routes, remarks: Remarks) -> Traffic:
    """The requests and the pauses, in seconds, of one turn of the function ``name``."""
    turn = _Turn(script, routes, remarks)
    if name in script.functions:
        turn.follow(script.functions[name], (name,))
    else:
        remarks.add(name, f"{name}()", "there is no such function in the script")
    return routes.or_all(Traffic(turn.requests, turn.pause), f"{name}()")


class _Turn:
    def __init__(self, script: Script, routes: Routes, remarks: Remarks) -> None:
        self.requests: dict[str, float] = {}
        self.pause: float | None = 0.0
        self._script = script
        self._routes = routes
        self._remarks = remarks
        self._nodes = 0

    def follow(self, function: Node, callers: tuple[str, ...], why_unsure: str = "") -> None:
        """Take in all calls of ``function``, in which the last of ``callers`` is."""
        waiting = [(function, why_unsure)]
        while waiting and self._nodes < MOST_NODES:
            node, unsure = waiting.pop()
            self._nodes += 1
            if node.type in _BRANCHES:
                unsure = "stands in a branch"
            elif node.type in _LOOPS:
                unsure = "stands in a loop"
            if node.type == "call_expression":
                unsure = self._call(node, callers, unsure)
            waiting += ((child, unsure) for child in reversed(node.named_children))
        if waiting:
            self._remarks.add(f"{callers[0]}()", "what follows", "the script calls too much to be followed to its end")

    def _call(self, node: Node, callers: tuple[str, ...], unsure: str) -> str:
        """Take in one call; what is unsure of the calls inside of it."""
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if function is None:
            return unsure
        where = f"{callers[-1]}(), line {node.start_point.row + 1}"
        if function.type == "member_expression":
            return self._method(node, function, given, where, unsure)
        called = text(function)
        if self._script.imported.get(called) == "k6:sleep":
            self._sleep(node, given, where, unsure)
        elif called in self._script.functions and called not in callers and len(callers) < _DEEPEST:
            self.follow(self._script.functions[called], (*callers, called), unsure)
        return unsure

    def _method(self, node: Node, function: Node, given: list[Node], where: str, unsure: str) -> str:
        holder, name = function.child_by_field_name("object"), function.child_by_field_name("property")
        method = "" if name is None else text(name)
        if holder is not None and self._script.imported.get(text(holder)) == "k6/http:":
            self._request(node, method, given, where, unsure)
        return "stands in a loop" if method in _EACH else unsure

    def _request(self, node: Node, method: str, given: list[Node], where: str, unsure: str) -> None:
        if method in _WITH_METHOD and len(given) > 1:
            verb = self._script.value(given.pop(0))
        elif method in _METHODS and given:
            verb = _METHODS[method]
        else:
            if method == "batch":
                self._remarks.add(where, expression(node), "several requests at once; a plan sends one after the other")
            return
        workload = self._routes.asked(str(verb), self._url(given[0]), where)
        if not workload:
            return
        self.requests[workload] = self.requests.get(workload, 0.0) + 1.0
        self._doubt(node, where, unsure)
        if len(given) > 1 and self._script.value(given[1]) is not None:
            own = f"what is sent comes from [payloads.{workload}], drawn by the seed"
            self._remarks.add(where, f"the body {shown(text(given[1]))}", own, lost=False)

    def _url(self, node: Node) -> str:
        """The URL, or its code where the host is put in at run time: only its end matters."""
        found = self._script.value(node)
        return text(node).strip("`'\"") if isinstance(found, Expression) else str(found)

    def _sleep(self, node: Node, given: list[Node], where: str, unsure: str) -> None:
        seconds = self._script.value(given[0]) if given else None
        if isinstance(seconds, float) and seconds >= 0.0:
            self.pause = None if self.pause is None else self.pause + seconds
            self._doubt(node, where, unsure)
        else:
            self.pause = None
            self._remarks.add(where, expression(node).code, "how long it sleeps is only known when the script runs")

    def _doubt(self, node: Node, where: str, unsure: str) -> None:
        if unsure:
            self._remarks.add(where, expression(node).code, f"{unsure}; taken as once in every turn", lost=False)
