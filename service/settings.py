"""What the environment says, read once and loudly.

Every variable stands in `VARIABLES` with its meaning, unit and default; one that is unknown, wrong or
contradicts another is refused by name, all of them at once.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import msgspec

from service.core.bucket import LARGEST_RATE, Rate
from service.core.errors import SettingsError
from service.core.fetching import OriginKey
from service.core.keys import SMALLEST_SECRET, Secret

PREFIX = "LOADSTONE_"
CODING_LEVELS: Mapping[str, tuple[int, int]] = {"zstd": (1, 19), "br": (0, 11), "gzip": (1, 9)}
"""The content codings that answers may have, with their lowest and highest levels."""
SECRET_MISSING = (
    f"{PREFIX}KEY_SECRET is missing, the secret under which keys are kept: make one with `loadstone keys secret` or "
    f"`openssl rand -hex {SMALLEST_SECRET}`, and give it to every process"
)
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_ORIGIN = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)):(?P<port>[1-9][0-9]{0,4})")


class Environment(StrEnum):
    """What the service is run for; decides the defaults and what is refused."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """From which level on log lines are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ServerTiming(StrEnum):
    """Which answers tell where their time went."""

    OFF = "off"
    ASKED = "asked"
    """Those to requests that ask for it."""
    ON = "on"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one service runs. `VARIABLES` says what each field means; durations are in seconds."""

    environment: Environment
    host: str
    port: int
    workers: int
    data_dir: Path
    log_level: LogLevel
    access_log: bool
    shutdown_seconds: float
    drain_seconds: float
    body_seconds: float
    body_memory_bytes: int
    compression: tuple[tuple[str, int], ...]
    probe_seconds: float
    concurrency: int
    cache_bytes: int
    answer_bytes: int
    cache_rows: int
    redis_prefix: str
    database_pool_size: int
    memory_bytes: int | None
    server_timing: ServerTiming
    traces: bool
    traces_url: str | None
    keys: bool
    key_secrets: tuple[Secret, ...]
    rate_limit: Rate | None
    rate_burst: int | None
    lease_seconds: float
    analysis_seconds: float
    worker_memory_bytes: int
    worker_port: int | None
    batch_days: int
    known_days: int
    fetch_allow: tuple[str, ...]
    fetch_seconds: float
    fetch_concurrency: int
    fetch_rate: int
    fetch_keys: tuple[tuple[str, OriginKey], ...]
    database_url: str | None = None
    redis_url: str | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """The settings in ``variables``; SettingsError with all that is wrong with them."""
        problems = _unknown(variables)
        environment = _read_environment(variables, problems)
        values: dict[str, Any] = {"environment": environment}
        for variable in VARIABLES:
            values[variable.field] = variable.read(variables, environment, problems)
        if not problems:
            problems += _contradictions(values)
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    @property
    def url(self) -> str:
        """Where the service answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def logs_requests(self) -> bool:
        """Whether each request is a log line: such lines are of the level ``info``."""
        return self.access_log and self.log_level in (LogLevel.DEBUG, LogLevel.INFO)

    @property
    def key_rate(self) -> Rate | None:
        """How often a key that has no rate of its own may be used; None for as often as it likes."""
        if self.rate_limit is None or self.rate_burst is None:
            return self.rate_limit
        return msgspec.structs.replace(self.rate_limit, burst=self.rate_burst)

    def __repr__(self) -> str:
        shown = {field: getattr(self, field) for field in self.__struct_fields__}
        for field in ("database_url", "redis_url", "traces_url"):
            shown[field] = without_secrets(shown[field])
        return f"Settings({', '.join(f'{field}={value!r}' for field, value in shown.items())})"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: what it means, how it is read, what it is without it."""

    name: str
    field: str
    meaning: str
    parse: Callable[[str], Any]
    """Raises ValueError with the rest of a sentence that begins with the name."""
    default: Mapping[Environment, Any]

    def read(self, variables: Mapping[str, str], environment: Environment, problems: list[str]) -> Any:
        """The value, or the default; what is wrong goes to ``problems``."""
        text = variables.get(self.name)
        if text is None:
            return self.default[environment]
        try:
            return self.parse(text)
        except ValueError as error:
            problems.append(f"{self.name} {error}")
            return self.default[environment]


def described() -> str:
    """Every variable with its meaning and its defaults, a line each."""
    lines = [f"{_ENVIRONMENT}: {', '.join(Environment)}; decides the defaults below"]
    for variable in VARIABLES:
        defaults = list(dict.fromkeys(map(_shown, variable.default.values())))
        lines.append(f"{variable.name}: {variable.meaning} [{', '.join(defaults)}]")
    return "\n".join(lines)


def of_this_process(**given: str | None) -> Settings:
    """The settings in the environment, where ``given`` (by the names of fields, in upper case) does not say else."""
    options = {f"{PREFIX}{name}": text for name, text in given.items() if text is not None}
    return Settings.from_environment({**os.environ, **options})


def without_secrets(url: str | None) -> str | None:
    """``url`` with stars for its password and without its options."""
    if url is None:
        return None
    parts = urlsplit(url)
    user, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
    place = parts.netloc.rpartition("@")[2]
    secret = f"{user}:***@" if colon else f"{user}@" if user else ""
    return urlunsplit((parts.scheme, secret + place, parts.path, "", ""))


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, Rate):
        return default.text
    if isinstance(default, tuple):
        return ",".join(f"{name}:{level}" for name, level in default) or "none"
    return "none" if default is None else f"{default:g}" if isinstance(default, float) else str(default)


def _everywhere(value: Any) -> dict[Environment, Any]:
    return dict.fromkeys(Environment, value)


def _by_environment(development: Any, staging: Any, production: Any) -> dict[Environment, Any]:
    return dict(zip(Environment, (development, staging, production), strict=True))


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise ValueError(f"must be a whole number, not {text!r}")
        if not lowest <= int(text) <= highest:
            raise ValueError(f"must lie between {lowest:,} and {highest:,}, not be {text}")
        return int(text)

    return parse


def _seconds(lowest: float, highest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"must be a number of seconds, not {text!r}") from None
        if not lowest <= value <= highest:
            raise ValueError(f"must lie between {lowest:g} and {highest:g} seconds, not be {text}")
        return value

    return parse


def _one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    def parse(text: str) -> StrEnum:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(kind)}, not {text!r}{_hint(text, kind)}") from None

    return parse


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError(f"must be on or off, not {text!r}")
    return text == "on"


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        scheme, separator, _ = text.partition("://")
        if not separator or scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in schemes)}")
        if not _has_sound_place(text):
            raise ValueError("holds no valid host and port")
        return text

    return parse


def _has_sound_place(url: str) -> bool:
    """Whether what stands before the path is read as it was meant: an unquoted / or ? in a password ends it early."""
    try:
        parts = urlsplit(url)
        return parts.port != 0 and "@" not in parts.path + parts.query + parts.fragment
    except ValueError:
        return False


def _text(text: str) -> str:
    if not text or text.strip() != text or not text.isprintable():
        raise ValueError("must be printable and not be empty or begin or end with a space")
    return text


def _codings(text: str) -> tuple[tuple[str, int], ...]:
    if text == "off":
        return ()
    codings = []
    for part in text.split(","):
        name, _, level = part.strip().partition(":")
        if name not in CODING_LEVELS:
            raise ValueError(f"must be off or a list such as zstd:3,br:4,gzip:5; {name!r} is no coding that is known")
        lowest, highest = CODING_LEVELS[name]
        if not _WHOLE.fullmatch(level) or not lowest <= int(level) <= highest:
            raise ValueError(f"must give {name} a level from {lowest} to {highest}, such as {name}:{lowest + 2}")
        codings.append((name, int(level)))
    if len(dict(codings)) < len(codings):
        raise ValueError("must name each coding once")
    return tuple(codings)


def _secrets(text: str) -> tuple[Secret, ...]:
    parts = [part.strip() for part in text.split(",")]
    try:
        return tuple(map(Secret, parts))
    except ValueError as error:
        raise ValueError(
            f"{error} in each of its secrets; make one with `openssl rand -hex {SMALLEST_SECRET}`"
        ) from None


def _origins(text: str) -> tuple[str, ...]:
    origins = []
    for part in text.split(","):
        match = _ORIGIN.fullmatch(part.strip().lower())
        if match is None or int(match["port"]) > 65_535:
            raise ValueError(f"must name origins as host:port with commas; {part.strip()!r} is none")
        try:
            host = f"[{ipaddress.IPv6Address(match['ipv6'])}]" if match["ipv6"] else match["name"]
        except ValueError:
            raise ValueError(f"must name origins as host:port with commas; {part.strip()!r} has no address") from None
        origins.append(f"{host}:{match['port']}")
    return tuple(origins)


def _origin_keys(text: str) -> tuple[tuple[str, OriginKey], ...]:
    keys = []
    for number, part in enumerate(text.split(";"), 1):
        origin, _, field = part.strip().partition(" ")
        header, _, value = field.partition(":")
        try:
            (name,) = _origins(origin)
            keys.append((name, OriginKey(header.strip(), value.strip())))
        except ValueError:  # whatever is wrong is not told, as it may be the secret
            raise ValueError(
                f"must give headers as host:port Name: value with semicolons between; number {number} is none"
            ) from None
    return tuple(keys)


def _rate(text: str) -> Rate | None:
    return None if text == "off" else Rate.parse(text)


def _folder(text: str) -> Path:
    try:
        path = Path(_text(text)).expanduser()
        is_file = path.is_file()
    except RuntimeError:
        raise ValueError(f"names the home of an account that is not known: {text!r}") from None
    except OSError as error:
        raise ValueError(f"cannot be used: {error.strerror}") from None
    if is_file:
        raise ValueError(f"must be a folder, but {text!r} is a file")
    return path


def _cores() -> int:
    return len(os.sched_getaffinity(0))


VARIABLES: tuple[Variable, ...] = (
    Variable(f"{PREFIX}HOST", "host", "address to answer at", _text, _everywhere("127.0.0.1")),
    Variable(f"{PREFIX}PORT", "port", "TCP port to answer at", _whole(1, 65_535), _everywhere(8000)),
    Variable(
        f"{PREFIX}WORKERS",
        "workers",
        "worker processes; one, or as many as there are cores",
        _whole(1, 256),
        _by_environment(1, _cores(), _cores()),
    ),
    Variable(
        f"{PREFIX}DATA_DIR",
        "data_dir",
        "folder in which the embedded servers keep their data",
        _folder,
        _everywhere(Path(".loadstone/data")),
    ),
    Variable(
        f"{PREFIX}LOG_LEVEL", "log_level", "lowest level that is logged", _one_of(LogLevel), _everywhere(LogLevel.INFO)
    ),
    Variable(f"{PREFIX}ACCESS_LOG", "access_log", "one log line per request: on or off", _switch, _everywhere(True)),
    Variable(
        f"{PREFIX}SHUTDOWN_SECONDS",
        "shutdown_seconds",
        "how long requests in flight may take when the service stops; then they are cut",
        _seconds(1, 3600),
        _by_environment(10.0, 30.0, 30.0),
    ),
    Variable(
        f"{PREFIX}DRAIN_SECONDS",
        "drain_seconds",
        "how long the service says that it is not ready before it stops, for load balancers; 0 stops at once",
        _seconds(0, 600),
        _by_environment(0.0, 0.0, 5.0),
    ),
    Variable(
        f"{PREFIX}BODY_SECONDS",
        "body_seconds",
        "how long a request's body may take to arrive",
        _seconds(0.1, 600),
        _everywhere(10.0),
    ),
    Variable(
        f"{PREFIX}BODY_MEMORY_BYTES",
        "body_memory_bytes",
        "memory that the request bodies on their way may take in each worker; more are refused",
        _whole(1, 2**40),
        _everywhere(128 * 2**20),
    ),
    Variable(
        f"{PREFIX}COMPRESSION",
        "compression",
        "codings of answers with their levels, the preferred one first, or off",
        _codings,
        _everywhere((("zstd", 3), ("br", 4), ("gzip", 5))),
    ),
    Variable(
        f"{PREFIX}PROBE_SECONDS",
        "probe_seconds",
        "how long a health check waits for a server behind the service",
        _seconds(0.01, 60),
        _everywhere(1.0),
    ),
    Variable(
        f"{PREFIX}CONCURRENCY",
        "concurrency",
        "requests that a worker answers at once; more are refused",
        _whole(1, 100_000),
        _everywhere(256),
    ),
    Variable(
        f"{PREFIX}CACHE_BYTES",
        "cache_bytes",
        "memory that each worker's cache of outcomes may take; 0 keeps nothing in the worker",
        _whole(0, 2**40),
        _everywhere(6 * 2**20),
    ),
    Variable(
        f"{PREFIX}ANSWER_BYTES",
        "answer_bytes",
        "memory that each worker may take to keep whole answers by their requests; 0 keeps none",
        _whole(0, 2**40),
        _everywhere(4 * 2**20),
    ),
    Variable(
        f"{PREFIX}CACHE_ROWS",
        "cache_rows",
        "entries that the cache keeps in PostgreSQL, at most",
        _whole(1, 10**9),
        _everywhere(1_000_000),
    ),
    Variable(
        f"{PREFIX}REDIS_PREFIX",
        "redis_prefix",
        "begin of every key in Redis, so that services can share one",
        _text,
        _everywhere("loadstone"),
    ),
    Variable(
        f"{PREFIX}DATABASE_POOL_SIZE",
        "database_pool_size",
        "database connections of each worker, at most",
        _whole(1, 1000),
        _by_environment(4, 8, 8),
    ),
    Variable(
        f"{PREFIX}MEMORY_BYTES",
        "memory_bytes",
        "memory that each worker may take before it gives up caches and refuses work; the limits of the machine and "
        "of the control group hold anyway",
        _whole(2**26, 2**50),
        _everywhere(None),
    ),
    Variable(
        f"{PREFIX}SERVER_TIMING",
        "server_timing",
        "answers that tell where their time went: off, asked (by the header X-Server-Timing: 1) or on",
        _one_of(ServerTiming),
        _by_environment(ServerTiming.ASKED, ServerTiming.ASKED, ServerTiming.OFF),
    ),
    Variable(
        f"{PREFIX}TRACES",
        "traces",
        "OpenTelemetry traces of the requests that their callers sample: on or off; needs the extra traces",
        _switch,
        _everywhere(False),
    ),
    Variable(
        f"{PREFIX}TRACES_URL",
        "traces_url",
        "where traces are sent by OTLP over HTTP, path included; without it where the OTEL_ variables say",
        _url("http", "https"),
        _everywhere(None),
    ),
    Variable(
        f"{PREFIX}KEYS",
        "keys",
        "whether callers must show a key: on or off; off only in development, where all are the tenant public",
        _switch,
        _by_environment(False, True, True),
    ),
    Variable(
        f"{PREFIX}KEY_SECRET",
        "key_secrets",
        f"secret of {SMALLEST_SECRET} bytes or more under which keys are kept; several with commas, the newest first",
        _secrets,
        _everywhere(()),
    ),
    Variable(
        f"{PREFIX}RATE_LIMIT",
        "rate_limit",
        "how often a key may be used that has no rate of its own, such as 100/s or 5000/min, or off",
        _rate,
        _everywhere(Rate.parse("1000/s")),
    ),
    Variable(
        f"{PREFIX}RATE_BURST",
        "rate_burst",
        "how many of these requests may come at once; without it as many as in the time named there",
        _whole(1, LARGEST_RATE),
        _everywhere(None),
    ),
    Variable(
        f"{PREFIX}LEASE_SECONDS",
        "lease_seconds",
        "a worker of batches that is not heard of for so long has lost what it had in hand",
        _seconds(1, 600),
        _everywhere(10.0),
    ),
    Variable(
        f"{PREFIX}ANALYSIS_SECONDS",
        "analysis_seconds",
        "an analysis that takes longer ends its worker, which is started again",
        _seconds(1, 3600),
        _everywhere(120.0),
    ),
    Variable(
        f"{PREFIX}WORKER_MEMORY_BYTES",
        "worker_memory_bytes",
        "a worker of batches that takes more memory finishes what it has in hand, and is started anew",
        _whole(2**27, 2**50),
        _everywhere(2**31),
    ),
    Variable(
        f"{PREFIX}WORKER_PORT",
        "worker_port",
        "TCP port at which a worker of batches tells of its health and metrics; without it nowhere",
        _whole(1, 65_535),
        _everywhere(None),
    ),
    Variable(
        f"{PREFIX}BATCH_DAYS",
        "batch_days",
        "batches and their results are kept for so many days after the end of their month",
        _whole(1, 36_500),
        _everywhere(90),
    ),
    Variable(
        f"{PREFIX}KNOWN_DAYS",
        "known_days",
        "pictures that were sent with known are known for so many days after they were last sent",
        _whole(1, 36_500),
        _everywhere(365),
    ),
    Variable(
        f"{PREFIX}FETCH_ALLOW",
        "fetch_allow",
        "origins, as host:port with commas, from which it is fetched although they are not public or at a port other "
        "than 80 and 443, such as 127.0.0.1:9000",
        _origins,
        _everywhere(()),
    ),
    Variable(
        f"{PREFIX}FETCH_SECONDS",
        "fetch_seconds",
        "how long fetching what a caller names by URL may take",
        _seconds(0.1, 30),
        _everywhere(10.0),
    ),
    Variable(
        f"{PREFIX}FETCH_CONCURRENCY",
        "fetch_concurrency",
        "requests that each process sends one origin at a time",
        _whole(1, 1000),
        _everywhere(8),
    ),
    Variable(
        f"{PREFIX}FETCH_RATE",
        "fetch_rate",
        "requests a second that one origin is sent, at most, by all processes that share a Redis together, by each "
        "without one; fewer while it answers badly",
        _whole(1, 1_000_000),
        _everywhere(500),
    ),
    Variable(
        f"{PREFIX}FETCH_KEYS",
        "fetch_keys",
        "headers that origins are sent as the key to their content, as host:port Name: value with semicolons between; "
        "each key has a rate of its own",
        _origin_keys,
        _everywhere(()),
    ),
    Variable(
        "DATABASE_URL",
        "database_url",
        "PostgreSQL server; without it an embedded one is started",
        _url("postgresql", "postgres"),
        _everywhere(None),
    ),
    Variable(
        "REDIS_URL",
        "redis_url",
        "Redis or Valkey server; without it an embedded one is started",
        _url("redis", "rediss", "unix"),
        _everywhere(None),
    ),
)

_ENVIRONMENT = f"{PREFIX}ENVIRONMENT"
_OF_CALLERS = (f"{PREFIX}URL", f"{PREFIX}API_KEY")
"""Read by commands that speak to a running service; one that starts where they are set is none the worse."""


def _read_environment(variables: Mapping[str, str], problems: list[str]) -> Environment:
    default = _everywhere(Environment.DEVELOPMENT)
    variable = Variable(_ENVIRONMENT, "environment", "", _one_of(Environment), default)
    return Environment(variable.read(variables, Environment.DEVELOPMENT, problems))


def _unknown(variables: Mapping[str, str]) -> list[str]:
    known = [_ENVIRONMENT, *(variable.name for variable in VARIABLES), *_OF_CALLERS]
    return [
        f"{name} is no setting{_hint(name, known)}"
        for name in sorted(variables)
        if name.startswith(PREFIX) and name not in known
    ]


def _hint(text: str, known: Any) -> str:
    near = difflib.get_close_matches(text, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    problems = []
    if values["environment"] is Environment.PRODUCTION:
        problems += [
            f"{name} is missing: production does not run on embedded servers"
            for name, field in (("DATABASE_URL", "database_url"), ("REDIS_URL", "redis_url"))
            if values[field] is None
        ]
    return problems + _unguarded(values)


def _unguarded(values: Mapping[str, Any]) -> list[str]:
    """What lets in whom it should not."""
    problems = []
    is_development = values["environment"] is Environment.DEVELOPMENT
    if values["keys"] and not values["key_secrets"]:
        problems.append(SECRET_MISSING)
    if not values["keys"] and not is_development:
        problems.append(f"{PREFIX}KEYS is off, which lets everybody in: {values['environment']} does not allow it")
    if not values["keys"] and is_development and not _is_loopback(values["host"]):
        problems.append(
            f"{PREFIX}HOST {values['host']} can be reached from outside, which development does not allow without "
            f"keys: choose 127.0.0.1, or set {PREFIX}KEYS=on or {_ENVIRONMENT}"
        )
    return problems


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
