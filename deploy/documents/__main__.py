"""Generates documents from the code, such as OpenAPI and the tables of settings.

`python -m deploy.documents write` writes the documents; `check` names outdated files and then exits with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from identity.cli.openapi import openapi_document

from deploy.documents import drawings, environment_file, observability, readme_examples, readme_tables, rules
from deploy.redis.acl import acl_example
from deploy.release import version

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "services/identity/openapi.json"
ACL = ROOT / "deploy/redis/users.acl.example"


def documents() -> dict[Path, str]:
    written = {
        OPENAPI: f"{openapi_document()}\n",
        ACL: acl_example(),
        **readme_tables.documents(),
        **environment_file.documents(),
        **observability.documents(),
        **rules.documents(),
        **drawings.documents(),
    }
    return version.documents() | written | readme_examples.documents(written)


def main(command: str) -> int:
    if command == "write":
        for path, text in documents().items():
            path.write_text(text)
        return 0
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
