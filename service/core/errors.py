"""What can go wrong in the service, as one tree. Each error carries its data; none knows HTTP.

ServiceError
├── InvalidRequestError     the caller's content breaks a rule; says where
├── UnknownResourceError    there is no such thing, or not for this caller
├── ExtraMissingError       the engine asked for is not installed
├── OverloadError           no room now; says when to come back
│   └── QueueFullError      too many items wait
├── AnalysisError           one item could not be analysed; its neighbours could
├── ItemsFailedError        a request has such items, so it has no whole answer
├── DependencyError         a server behind the service is away
└── SettingsError           the service cannot start as it is configured; lists every reason
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ServiceError(Exception):
    """Base of all errors that the service raises on purpose."""


class InvalidRequestError(ServiceError):
    """The content at ``pointer`` (``$.comments[3].text``) breaks a rule; ``reason`` is a sentence for the caller."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{reason} - at {pointer}")
        self.pointer = pointer
        self.reason = reason


class UnknownResourceError(ServiceError):
    """No ``kind`` (such as ``job``) has this ``identifier``."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"no {kind} {identifier}")
        self.kind = kind
        self.identifier = identifier


class ExtraMissingError(ServiceError):
    """``feature`` needs an optional engine; ``extra`` installs it: ``pip install 'loadstone[extra]'``."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an engine that is not installed: pip install 'loadstone[{extra}]'")
        self.feature = feature
        self.extra = extra


class OverloadError(ServiceError):
    """There is no room now; trying again makes sense after ``retry_after`` seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class QueueFullError(OverloadError):
    """Too many items wait already."""


class AnalysisError(ServiceError):
    """One item could not be analysed; ``reason`` is fit for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ItemsFailedError(ServiceError):
    """Some of a request's ``total`` items could not be analysed: ``failures`` maps their positions to reasons."""

    def __init__(self, failures: Mapping[int, str], total: int) -> None:
        super().__init__(f"{len(failures)} of {total} items could not be analysed")
        self.failures = dict(failures)
        self.total = total


class DependencyError(ServiceError):
    """``dependency`` (``postgres``, ``redis``) cannot be reached or refuses."""

    def __init__(self, dependency: str, reason: str) -> None:
        super().__init__(f"{dependency}: {reason}")
        self.dependency = dependency
        self.reason = reason


class SettingsError(ServiceError):
    """The environment does not describe a service; ``problems`` holds one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
