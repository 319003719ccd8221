"""The culprits as SARIF 2.1.0, for code scanning: a rule per metric, a result per guilty place.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from urllib.parse import quote

import msgspec

from slo.duel.metrics import METRICS
from slo.duel.model import Culprit, CulpritPlace, Duel, Outcome
from slo.reports import wording
from slo.reports.duel import guilt

_METRICS = {
    "cpu": ("bytecodes", "cpu-per-request", "calls"),
    "wait": ("waited",),
    "query": ("queries-per-request",),
    "allocations": ("allocated-bytes", "allocations"),
    "payload": ("response-bytes",),
}
"""What a kind of culprit raises, the likeliest first."""
_LEVELS = {Outcome.FAILED: "error", Outcome.PASSED: "note", Outcome.ACCEPTED: "note"}


def render(duel: Duel) -> str:
    """The document; culprits whose place nobody knows are not in it."""
    names = list(METRICS)
    driver = {
        "name": "Loadstone",
        "version": version("loadstone"),
        "rules": [
            {"id": name, "shortDescription": {"text": f"{wording.capitalised(metric.title)} rose"}}
            for name, metric in METRICS.items()
        ],
    }
    results = [
        _result(duel, each, each.place, names) for each in duel.culprits if each.place and _is_relative(each.place)
    ]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "loadstone/gate/"},
        "invocations": [{"executionSuccessful": duel.outcome is not Outcome.INVALID, "exitCode": duel.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _is_relative(place: CulpritPlace) -> bool:
    """Whether the file is one of the project; those of the interpreter and of libraries are not."""
    return not place.file.startswith("/") and ".." not in place.file.split("/")


def _result(duel: Duel, culprit: Culprit, place: CulpritPlace, rules: list[str]) -> dict[str, object]:
    rule = _rule(duel, culprit)
    return {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": _LEVELS.get(duel.outcome, "warning"),
        "message": {"text": guilt.sentence(culprit)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(place.line, 1), "endLine": max(place.end_line, place.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"culprit/v1": sha256(f"{culprit.kind} {culprit.function}".encode()).hexdigest()[:32]},
    }


def _rule(duel: Duel, culprit: Culprit) -> str:
    """The metric of its kind that is beyond its budget, or the likeliest one."""
    candidates = _METRICS[culprit.kind]
    beyond = {each.metric for each in duel.findings if each.outcome is Outcome.FAILED}
    return next((each for each in candidates if each in beyond), candidates[0])
