"""Who may do what in Redis (SEC-10): one user a role, the default user off.

Redis grants a command when one pair of parentheses, or what stands outside them, allows the command and
all its keys. A script is asked for as a whole, and each of its commands once more by itself.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# By category: single names differ between releases (CLIENT SETINFO came with 7.2), and an unknown one stops a server.
_CONNECT = "+@connection -@admin -@dangerous +command +time +info +config|get"
_TRANSACT = "+multi +exec +discard"
_GROUP = "+xreadgroup +xack +xautoclaim +xclaim +xpending +xgroup +xrange +xrevrange +xlen +xinfo"
_APPEND = "+xadd +xtrim +xlen +xinfo +xrange +xrevrange"


def roles(stream: str = "identity.events", receipts: str = "mailer.receipts") -> dict[str, str]:
    """Return the rules of each role; `stream` is IDENTITY_EVENT_STREAM."""
    return {
        # Writes the stream and the mark of how far it got, trims what is old and what the mailer has handled, sees
        # how far its groups are, reads what the mailer reports; nothing else.
        "relay": f"{_CONNECT} {_TRANSACT} (~{stream} {_APPEND} +xpending) (~{stream}:mark:* +get +set +watch) "
        f"(~{stream} +exists) +unwatch (~{receipts} {_GROUP})",
        # Reads the stream but cannot write it; owns its queue, its ledger, its dead letters and its pause; reports.
        # Who operates the mail queue (`mailer queue`, `mailer dead`) is this user too.
        "mailer": (
            f"{_CONNECT} {_TRANSACT} ~mailer:* +@all {_CONNECT} "
            f"(~{stream} {_GROUP}) (~{receipts} {_APPEND}) (~mailer:* ~{stream} ~{receipts} +eval +evalsha)"
        ),
        # Any other service: reads the stream in a group of its own, keeps what it has seen and what it set aside.
        "consumer": (
            f"{_CONNECT} {_TRANSACT} (~{stream} {_GROUP}) "
            f"(~seen:* +exists +set +get +del +expire +watch +xadd +xdel {_GROUP}) +unwatch"
        ),
        # What decides how many mailers run (KEDA): sees how much waits, not what it is.
        "scaler": f"{_CONNECT} (~{stream} +xinfo +xpending +xlen)",
        # A person looking: everything readable, nothing changeable.
        "operator": f"~* +@read {_CONNECT} +keys +client|list +slowlog|get",
    }


def acl_file(passwords: Mapping[str, str], stream: str = "identity.events") -> str:
    """Return the file's text; passwords stand in it as hashes only."""
    rules = roles(stream)
    lines = [f"user {name} on #{_hash(passwords[name])} resetchannels -@all {rules[name]}" for name in rules]
    return "\n".join(["user default off resetpass resetchannels -@all", *lines, ""])


def acl_example() -> str:
    """Return an ACL file for another Redis, with a placeholder for the hash of each password."""
    lines = [
        f"user {name} on #SHA256-OF-THE-PASSWORD-OF-{name.upper()} resetchannels -@all {rules}"
        for name, rules in roles().items()
    ]
    head = [
        "# The users of Redis, generated from deploy/local/acl.py by `make docs`. Insert the hash of each password:",
        '#   printf %s "$PASSWORD" | sha256sum',
        "# An `aclfile` allows no comments: remove these lines. Without `aclfile`, run each line as ACL SETUSER ….",
    ]
    return "\n".join([*head, "user default off resetpass resetchannels -@all", *lines, ""])


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
