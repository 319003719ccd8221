"""What can go wrong in the service, as one tree. Each error carries its data; none knows HTTP.

ServiceError
├── InvalidRequestError     the caller's content breaks a rule; says where
├── UnauthenticatedError    the caller shows no valid key
├── ForbiddenError          the caller's key does not allow this
├── UnknownResourceError    there is no such thing, or not for this caller
├── ExtraMissingError       the engine asked for is not installed
├── OverloadError           no room now; says when to come back
│   ├── QueueFullError      too many items wait
│   ├── WaitedTooLongError  an item waited longer than it may
│   └── RateLimitedError    the caller has used up what it may ask for in a while
├── AnalysisError           one item could not be analysed; its neighbours could
├── ItemsFailedError        a request has such items, so it has no whole answer
├── DependencyError         a server behind the service is away
│   └── BusyError           it is there, and has no room for this now
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


class UnauthenticatedError(ServiceError):
    """The caller shows no key, or none that is valid; ``reason`` never quotes it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForbiddenError(ServiceError):
    """The caller's key has the role ``role``; this needs ``needed``."""

    def __init__(self, role: str, needed: str) -> None:
        super().__init__(f"this needs a key with the role {needed}, and yours has the role {role}")
        self.role = role
        self.needed = needed


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


class WaitedTooLongError(OverloadError):
    """An item waited longer than it may, and was not analysed."""


class RateLimitedError(OverloadError):
    """The caller has used up what it may ask for in a while."""


class AnalysisError(ServiceError):
    """One item could not be analysed; ``reason`` is fit for the caller.

    ``kind`` is the class of it, a short word with hyphens such as ``http-404``. One that ``may_pass`` is not kept, as
    the next try may find it gone.
    """

    def __init__(self, reason: str, kind: str = "analysis", *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.may_pass = may_pass


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


class BusyError(DependencyError):
    """The dependency is there, and has no room for this now."""


class SettingsError(ServiceError):
    """The environment does not describe a service; ``problems`` holds one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
