"""Inserts a link account's bindings directly, because each request of a binding would need a password hash."""

from datetime import datetime, timedelta

from sqlalchemy import text

from tests.support.actors.people import Person, unique
from tests.support.harness.system import System

_COLUMNS = """kind, mobile, tax_id, company_phone, company_address, password_hash, former_hashes, credential_version,
    review, created_at, email_verified_at, revision, sequence, name"""
_ACCOUNT = f"""
    INSERT INTO accounts (id, username, username_key, email, mailbox_key, company_name, {_COLUMNS})
    SELECT :id, :username, :username, :email, :email, :company, {_COLUMNS} FROM accounts WHERE id = :model
"""
_BINDING = """
    INSERT INTO bindings (id, link_account_id, general_account_id, live_general_id, status, requested_at, verified_at,
      dismissed)
    VALUES (:binding, :link, :id, :id, :status, :at, :at, :no)
"""


def bind_companies(system: System, holder: Person, count: int, *, unverified: int = 0) -> list[str]:
    """Insert `count` general accounts bound to `holder`; return their usernames.

    The companies are 第1貨運股份有限公司 and so on. The first `unverified` bindings are unverified.
    """
    model, mark, now = system.person(), unique(), system.clock.now()
    rows = [_row(holder, model, f"{mark}x{number}", number, now=now) for number in range(1, count + 1)]
    for row in rows[:unverified]:
        row["status"] = "unverified"
    with system.engine.begin() as connection:
        connection.execute(text(_ACCOUNT), rows)
        connection.execute(text(_BINDING), rows)
    return [str(row["username"]) for row in rows]


def _row(holder: Person, model: Person, mark: str, number: int, *, now: datetime) -> dict[str, object]:
    return {
        "id": f"account-{mark}",
        "binding": f"00000000-0000-4000-8000-{number:012}",
        "username": f"company{mark}",
        "email": f"company{mark}@example.com",
        "company": f"第{number}貨運股份有限公司",
        "model": model.id,
        "link": holder.id,
        "status": "verified",
        "at": (now - timedelta(seconds=number)).replace(tzinfo=None),
        "no": False,
    }
