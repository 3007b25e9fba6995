"""The users of Redis and their permissions (SEC-10), with a user per role and a disabled default user.

Redis runs a command if a selector (a pair of parentheses), or the rules outside of them, allows the command with all
its keys. For a script, it first checks EVAL with all keys, and then each command that the script runs.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# By category, because a server refuses to start with an unknown command, and commands differ between releases.
# It follows other categories, because it also removes their administrative and dangerous commands. INFO is dangerous.
_CONNECT = "+@connection -@admin -@dangerous +command +time +info"
_TRANSACT = "+multi +exec +discard"
# By type of value, because @all and @keyspace contain commands without a key, which no key pattern restricts.
_DATA = "+@string +@hash +@list +@set +@sortedset +del +unlink +exists +expire +pexpire +ttl +pttl +type"
_GROUP = "+xreadgroup +xack +xautoclaim +xclaim +xpending +xgroup +xrange +xrevrange +xlen +xinfo"
_APPEND = "+xadd +xtrim +xlen +xinfo +xrange +xrevrange"
MAILS = "identity.mails"
RECEIPTS = "mailer.receipts"
ADMIN = "admin"
_EVERYTHING = "resetchannels -@all ~* &* +@all"
# No client can log in as this user. Redis before 7.2 runs the commands of the append-only file as this user when it
# loads the file: without these permissions the writes of transactions and scripts would be lost.
_DEFAULT_USER = "user default off resetpass ~* &* +@all"


def roles(stream: str = "identity.events") -> dict[str, str]:
    """Return the ACL rules of each role; `stream` is IDENTITY_EVENT_STREAM."""
    return {
        # Writes and trims the streams, keeps their checkpoint, reads the lag of their groups and the mailer's receipts.
        "relay": f"{_CONNECT} {_TRANSACT} (~{stream} ~{MAILS} {_APPEND} +xpending +exists) "
        f"(~{stream}:mark:* +get +set +watch) +unwatch (~{RECEIPTS} {_GROUP})",
        # Reads the mails but cannot write them; owns everything under `mailer:`; writes receipts. The operators'
        # commands (`mailer queue`, `mailer dead`) use this user too. During an upgrade, mailers of the release before
        # `identity.mails` finish what they read from `stream`: without that right they could not record a sent mail.
        "mailer": (
            f"~mailer:* {_DATA} {_CONNECT} {_TRANSACT} +script|load (~{MAILS} ~{stream} {_GROUP}) "
            f"(~{RECEIPTS} {_APPEND}) (~mailer:* ~{MAILS} ~{stream} ~{RECEIPTS} +eval +evalsha)"
        ),
        # Any other service: reads the events in its own group, and keeps its dedupe records and dead letters.
        "consumer": (
            f"{_CONNECT} {_TRANSACT} (~{stream} {_GROUP}) "
            f"(~seen:* +exists +set +get +del +expire +watch +xadd +xdel {_GROUP}) +unwatch"
        ),
        # KEDA, which scales the mailers: reads the length of the backlog.
        "scaler": f"{_CONNECT} (~{MAILS} +xinfo +xpending +xlen)",
        # A person: may read everything and change nothing.
        "operator": f"~* +@read {_CONNECT} +keys +client|list +slowlog|get",
    }


def acl_file(passwords: Mapping[str, str], stream: str = "identity.events", *, admin: bool = False) -> str:
    """Return an ACL file, in which passwords appear only as hashes; `admin` enables the administrator."""
    hashes = {user: hashlib.sha256(text.encode()).hexdigest() for user, text in passwords.items()}
    return _users(hashes, roles(stream), admin="on" if admin else "off")


def acl_example() -> str:
    """Return an ACL file for an external Redis, with placeholders for the hashes of the passwords."""
    hashes = {user: f"SHA256-OF-THE-PASSWORD-OF-{user.upper()}" for user in (*roles(), ADMIN)}
    head = [
        "# The users of Redis, from deploy/redis/acl.py by `make docs`. Insert the hash of each password:",
        '#   printf %s "$PASSWORD" | sha256sum',
        "# An `aclfile` allows no comments: remove these lines. Without `aclfile`, run each line as ACL SETUSER ….",
        '# The administrator is off: see "The administrator of Redis" in deploy/runbook.md.',
    ]
    return "\n".join([*head, _users(hashes, roles(), admin="off")])


def _users(hashes: Mapping[str, str], rules: Mapping[str, str], *, admin: str) -> str:
    lines = [f"user {name} on #{hashes[name]} resetchannels -@all {rule}" for name, rule in rules.items()]
    lines.append(f"user {ADMIN} {admin} #{hashes[ADMIN]} {_EVERYTHING}")
    return "\n".join([_DEFAULT_USER, *lines, ""])
