from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.bucket import Rate
from service.core.errors import SettingsError
from service.settings import VARIABLES, Environment, Settings
from service.supervisor import refuse_taken_address

PRODUCTION = {
    "LOADSTONE_ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://user:hunter2@db/loadstone?sslpassword=hunter2",
    "REDIS_URL": "rediss://:hunter2@cache:6380/1",
    "LOADSTONE_KEY_SECRET": f"{'hunter2' * 5},{'hunter2' * 6}",
}


def problems_of(variables: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(variables)
    return refusal.value.problems


def test_nothing_at_all_is_a_development_service_on_loopback() -> None:
    settings = Settings.from_environment({"PATH": "/bin"})
    assert (settings.environment, settings.host, settings.port, settings.workers) == (
        "development",
        "127.0.0.1",
        8000,
        1,
    )
    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("text", ["a.test:80 X-Key secret", "a.test X-Key: secret", "a.test:80 X Key: secret", "; "])
def test_a_key_of_an_origin_that_is_none_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"LOADSTONE_FETCH_KEYS": text})
    assert "number 1 is none" in str(caught.value.problems)
    assert "secret" not in str(caught.value.problems)


def test_keys_of_origins_are_not_shown() -> None:
    settings = Settings.from_environment({"LOADSTONE_FETCH_KEYS": "a.test:80 X-Key: hush"})
    assert [(origin, key.header, key.value) for origin, key in settings.fetch_keys] == [("a.test:80", "X-Key", "hush")]
    assert "hush" not in repr(settings)


def test_every_variable_is_read(tmp_path: Path) -> None:
    texts = {
        **PRODUCTION,
        "LOADSTONE_HOST": "::",
        "LOADSTONE_PORT": "9000",
        "LOADSTONE_WORKERS": "3",
        "LOADSTONE_DATA_DIR": str(tmp_path),
        "LOADSTONE_LOG_LEVEL": "warning",
        "LOADSTONE_ACCESS_LOG": "off",
        "LOADSTONE_SHUTDOWN_SECONDS": "7.5",
        "LOADSTONE_DRAIN_SECONDS": "0",
        "LOADSTONE_BODY_SECONDS": "3",
        "LOADSTONE_PROBE_SECONDS": "0.5",
        "LOADSTONE_CONCURRENCY": "17",
        "LOADSTONE_CACHE_BYTES": "0",
        "LOADSTONE_REDIS_PREFIX": "mine",
        "LOADSTONE_DATABASE_POOL_SIZE": "2",
        "LOADSTONE_BODY_MEMORY_BYTES": "1000000",
        "LOADSTONE_COMPRESSION": "gzip:9,br:0",
        "LOADSTONE_ANSWER_BYTES": "7",
        "LOADSTONE_CACHE_ROWS": "70",
        "LOADSTONE_MEMORY_BYTES": "500000000",
        "LOADSTONE_SERVER_TIMING": "on",
        "LOADSTONE_TRACES": "on",
        "LOADSTONE_TRACES_URL": "http://collector:4318/v1/traces",
        "LOADSTONE_KEYS": "on",
        "LOADSTONE_RATE_LIMIT": "500/min",
        "LOADSTONE_RATE_BURST": "700",
        "LOADSTONE_LEASE_SECONDS": "3",
        "LOADSTONE_ANALYSIS_SECONDS": "60",
        "LOADSTONE_WORKER_MEMORY_BYTES": "1000000000",
        "LOADSTONE_BATCH_DAYS": "7",
        "LOADSTONE_KNOWN_DAYS": "30",
        "LOADSTONE_WORKER_PORT": "9100",
        "LOADSTONE_FETCH_ALLOW": "127.0.0.1:9000, Origin.test:80,[0:0::1]:9000",
        "LOADSTONE_FETCH_SECONDS": "2.5",
        "LOADSTONE_FETCH_CONCURRENCY": "3",
        "LOADSTONE_FETCH_RATE": "40",
        "LOADSTONE_FETCH_KEYS": "api.test:443 X-Api-Key: a secret; b.test:80 Authorization: Bearer b",
    }
    assert {variable.name for variable in VARIABLES} <= texts.keys()
    settings = Settings.from_environment(texts)
    read = msgspec.to_builtins(settings, enc_hook=str)
    expected = {
        **read,
        "environment": "production",
        "host": "::",
        "port": 9000,
        "workers": 3,
        "data_dir": str(tmp_path),
    }
    expected |= {"log_level": "warning", "access_log": False, "shutdown_seconds": 7.5, "drain_seconds": 0.0}
    expected |= {"body_seconds": 3.0, "probe_seconds": 0.5, "concurrency": 17, "cache_bytes": 0, "redis_prefix": "mine"}
    expected |= {"database_pool_size": 2, "database_url": texts["DATABASE_URL"], "redis_url": texts["REDIS_URL"]}
    expected |= {
        "body_memory_bytes": 1_000_000,
        "compression": (("gzip", 9), ("br", 0)),
        "answer_bytes": 7,
        "cache_rows": 70,
    }
    expected |= {"memory_bytes": 500_000_000, "server_timing": "on", "traces": True}
    expected |= {"traces_url": "http://collector:4318/v1/traces"}
    expected |= {"keys": True, "key_secrets": ("***", "***"), "rate_burst": 700}
    expected |= {"rate_limit": {"requests": 500, "window": 60.0, "burst": 500}}
    expected |= {"lease_seconds": 3.0, "analysis_seconds": 60.0, "worker_memory_bytes": 1_000_000_000, "batch_days": 7}
    expected |= {"fetch_allow": ("127.0.0.1:9000", "origin.test:80", "[::1]:9000"), "fetch_seconds": 2.5}
    expected |= {"fetch_concurrency": 3, "fetch_rate": 40, "known_days": 30}
    assert read == expected
    assert settings.key_rate == Rate(500, 60.0, 700)
    assert settings.url == "http://[::]:9000"


def test_all_that_is_wrong_is_said_at_once_and_by_name() -> None:
    environments = "LOADSTONE_ENVIRONMENT must be one of development, staging, production"
    problems = problems_of(
        {
            "LOADSTONE_ENVIRONMENT": "prodution",
            "LOADSTONE_PROT": "80",
            "LOADSTONE_PORT": "eighty",
            "LOADSTONE_WORKERS": "0",
            "LOADSTONE_SHUTDOWN_SECONDS": "nan",
            "LOADSTONE_ACCESS_LOG": "yes",
            "DATABASE_URL": "mysql://db",
        }
    )
    assert sorted(problems) == sorted(
        [
            "LOADSTONE_PROT is no setting (did you mean LOADSTONE_PORT?)",
            f"{environments}, not 'prodution' (did you mean production?)",
            "LOADSTONE_PORT must be a whole number, not 'eighty'",
            "LOADSTONE_WORKERS must lie between 1 and 256, not be 0",
            "LOADSTONE_SHUTDOWN_SECONDS must lie between 1 and 3600 seconds, not be nan",
            "LOADSTONE_ACCESS_LOG must be on or off, not 'yes'",
            "DATABASE_URL must begin with postgresql:// or postgres://",
        ]
    )


def test_production_does_not_run_on_embedded_servers() -> None:
    problems = problems_of({"LOADSTONE_ENVIRONMENT": "production", "LOADSTONE_KEY_SECRET": "x" * 32})
    assert [problem.split()[0] for problem in problems] == ["DATABASE_URL", "REDIS_URL"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_where_others_call_the_service_does_not_start_without_keys(environment: str) -> None:
    serious = {**PRODUCTION, "LOADSTONE_ENVIRONMENT": environment}
    (missing,) = problems_of({name: text for name, text in serious.items() if name != "LOADSTONE_KEY_SECRET"})
    (off,) = problems_of({**serious, "LOADSTONE_KEYS": "off"})

    assert missing.startswith("LOADSTONE_KEY_SECRET is missing")
    assert "openssl rand -hex 32" in missing
    assert off.startswith("LOADSTONE_KEYS is off")
    assert Settings.from_environment(serious).keys


def test_development_with_keys_may_be_reached_from_outside() -> None:
    variables = {"LOADSTONE_HOST": "0.0.0.0", "LOADSTONE_KEYS": "on"}
    (problem,) = problems_of(variables)
    assert problem.startswith("LOADSTONE_KEY_SECRET is missing")
    assert Settings.from_environment({**variables, "LOADSTONE_KEY_SECRET": "x" * 32}).keys


def test_keys_have_a_rate_unless_told_otherwise() -> None:
    assert Settings.from_environment({}).key_rate == Rate(1000, 1.0, 1000)
    assert Settings.from_environment({"LOADSTONE_RATE_LIMIT": "off", "LOADSTONE_RATE_BURST": "5"}).key_rate is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_development_is_not_reachable_from_outside(host: str) -> None:
    (problem,) = problems_of({"LOADSTONE_HOST": host})
    assert problem.startswith(f"LOADSTONE_HOST {host} can be reached from outside")
    assert Settings.from_environment({**PRODUCTION, "LOADSTONE_HOST": host}).host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_development_answers_on_every_loopback_address(host: str) -> None:
    assert Settings.from_environment({"LOADSTONE_HOST": host}).host == host


def test_no_secret_is_shown() -> None:
    settings = Settings.from_environment(PRODUCTION)
    assert "hunter2" not in f"{settings!r} {settings}"
    assert "postgresql://user:***@db/loadstone" in repr(settings)
    for name, scheme in (("DATABASE_URL", "postgresql"), ("REDIS_URL", "redis")):
        for wrong in (
            "wrong://user:hunter2@host",
            f"{scheme}://user:hunter2@host:99999",
            f"{scheme}://user:hunter2@[x",
            f"{scheme}://user:12/hunter2@host",
            f"{scheme}://user:12?hunter2@host",
        ):
            problems = problems_of({**PRODUCTION, name: wrong})
            assert problems[0].startswith(name)
            assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("LOADSTONE_PORT", "+-5", "must be a whole number"),
        ("LOADSTONE_PORT", "9" * 5_000, "must be a whole number"),
        ("LOADSTONE_DATA_DIR", "x" * 300, "cannot be used: File name too long"),
        ("LOADSTONE_DATA_DIR", "~no.such.account/x", "names the home of an account that is not known"),
        ("LOADSTONE_DATA_DIR", __file__, "must be a folder"),
        ("LOADSTONE_REDIS_PREFIX", "a\nb", "must be printable"),
        ("LOADSTONE_KEY_SECRET", "x" * 32 + ",x", "must have at least 32 bytes in each of its secrets"),
        ("LOADSTONE_RATE_LIMIT", "1000", "must be a number of requests and a time"),
        ("LOADSTONE_RATE_BURST", "0", "must lie between 1 and"),
        ("LOADSTONE_FETCH_ALLOW", "http://127.0.0.1:9000", "must name origins as host:port with commas"),
        ("LOADSTONE_FETCH_ALLOW", "127.0.0.1", "must name origins as host:port with commas; '127.0.0.1' is none"),
        ("LOADSTONE_FETCH_ALLOW", "a:80,,b:80", "must name origins as host:port with commas; '' is none"),
        ("LOADSTONE_FETCH_ALLOW", "[1:2]:80", "must name origins as host:port with commas; '[1:2]:80' has no address"),
        ("LOADSTONE_FETCH_ALLOW", "a:65536", "must name origins as host:port with commas; 'a:65536' is none"),
        ("LOADSTONE_FETCH_ALLOW", "*:80", "must name origins as host:port with commas; '*:80' is none"),
    ],
)
def test_odd_values_are_refused_in_words_of_our_own(name: str, text: str, problem: str) -> None:
    assert problems_of({name: text})[0].startswith(f"{name} {problem}")


def test_a_host_that_can_be_no_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="is no name of a host"):
        refuse_taken_address(f"{'a' * 70}.example", 8000)


@given(name=st.sampled_from([variable.name for variable in VARIABLES]), text=st.text())
def test_no_text_breaks_the_reader(name: str, text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        Settings.from_environment({**PRODUCTION, name: text})
    except SettingsError as error:
        problems = error.problems
    assert all(problem.startswith(name) for problem in problems)


@given(st.sampled_from(list(Environment)))
def test_every_environment_has_sound_defaults(environment: Environment) -> None:
    settings = Settings.from_environment({**PRODUCTION, "LOADSTONE_ENVIRONMENT": environment})
    assert settings.environment is environment
    assert settings.workers >= 1
