from __future__ import annotations

import errno
import socket
import ssl

import pytest

from loadtests import _outcomes as outcomes
from loadtests._http._address import ElsewhereError
from loadtests._later import JobFailedError


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_called_so_and_any_other_status_by_its_number(status: int) -> None:
    assert outcomes.of_status(status) == "redirected"
    assert outcomes.of_status(status + 100) == f"http-{status + 100}"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError("no answer in time"), "timeout"),
        (OSError(errno.ETIMEDOUT, "gave up"), "timeout"),
        (ssl.SSLCertVerificationError("self-signed"), "tls"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "unresolved"),
        (OSError(errno.EHOSTUNREACH, "no route"), "unreachable"),
        (ElsewhereError("another host"), "redirected"),
        (JobFailedError("no model"), "job-failed"),
    ],
)
def test_an_error_is_called_by_what_it_means(error: Exception, name: str) -> None:
    assert outcomes.of_error(error) == name
    wrapping = RuntimeError("could not be sent")
    wrapping.__cause__ = error
    assert outcomes.of_error(wrapping) == name


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "too many files"), OSError(errno.EADDRNOTAVAIL, "no port"), ZeroDivisionError()]
)
def test_what_this_side_runs_out_of_or_does_wrong_is_not_the_targets_fault(error: Exception) -> None:
    assert outcomes.of_error(error) == outcomes.GENERATOR_ERROR
