"""Turns this process into a server that ends when its owner does; run as a script, standard library alone.

    python -I -S launch.py OWNER SIGNAL ACCOUNT REACH COMMAND [ARGUMENT ...]

``OWNER``    process id of the parent; if it is gone already, nothing starts
``SIGNAL``   number of the signal that the kernel sends to the server when the owner's starting thread ends
``ACCOUNT``  account to become, or ``-`` to stay who we are; PostgreSQL refuses to run as root
``REACH``    ``reach`` lets that account walk through folders that are closed to it, such as a home folder
             that holds the program or the data; ``plain`` does not. Nothing on disk is changed for it.

A script of its own, because what happens between fork and exec of a process with threads must not be Python.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
"""Keeps capabilities through the change of account, and makes ``access`` count them."""


def main(arguments: list[str]) -> None:
    """Apply ``arguments`` and become the command; does not return."""
    owner, death_signal, account, reach, *command = arguments
    if account != "-":
        try:
            become(account, reach=reach == "reach")
        except OSError as error:
            sys.exit(
                f"the system does not let root pass its work to {account} ({error.filename}: {error.strerror}); run it "
                "as an ordinary account, keep program and data outside of closed folders, or name a server of your own"
            )
    # Only now: the kernel forgets the death signal whenever the account changes.
    call("prctl", PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(owner):
        sys.exit("the process that wanted this server is gone")
    os.execv(command[0], command)  # noqa: S606 - becoming the command is the purpose


def become(account: str, *, reach: bool) -> None:
    """Give up root for ``account``; with ``reach`` keep the one right to pass closed folders."""
    entry = pwd.getpwnam(account)
    if reach:
        call("prctl", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if reach:
        right = 1 << CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(right, right, right)  # effective, permitted, inheritable; then the upper halves
        call("capset", header, sets)
        call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def call(name: str, *arguments: object) -> None:
    """One call of the C library; OSError when it is refused."""
    words = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*words) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {error.filename or 'the server'}: {error.strerror}")
