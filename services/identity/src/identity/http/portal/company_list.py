"""A list of companies to choose from, with search, counts and paging (BIND-10).

Its template is `company_list.html` and its script `companies.js`. Each page with the list supports `?q=` and `?page=`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request

from identity.domain.account import Account
from identity.domain.binding import Status
from identity.domain.company_search import matches
from identity.domain.session import AccountSummary

ROWS_OF_A_PAGE = 20
MIN_ROWS_TO_SEARCH = 8
MAX_QUERY_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRow:
    """`status` is the binding's; `used_at` is its last use, None if it was not used or this is unknown."""

    id: str
    account: Account | AccountSummary
    status: Status = "verified"
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyList:
    """`found` are the rows that match `query`; `rows` are those of `found` on the page `page`, counted from 1."""

    rows: Sequence[CompanyRow]
    found: Sequence[CompanyRow]
    all_rows: Sequence[CompanyRow]
    query: str
    page: int
    pages: int

    @property
    def has_search(self) -> bool:
        return len(self.all_rows) >= MIN_ROWS_TO_SEARCH

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.status for row in self.all_rows)

    @property
    def found_counts(self) -> Counter[str]:
        return Counter(row.status for row in self.found)

    @property
    def last_used(self) -> CompanyRow | None:
        used = [(row.used_at, row) for row in self.all_rows if row.status == "verified" and row.used_at]
        return max(used, key=lambda each: each[0])[1] if used else None

    def parameters(self, page: int) -> dict[str, str | int]:
        """Return the URL parameters of a page of this search; the first page of all rows has none."""
        return ({"q": self.query} if self.query else {}) | ({"page": page} if page > 1 else {})


def company_list(all_rows: Sequence[CompanyRow], *, chosen: CompanyRow | None = None) -> CompanyList:
    """Return the page that the URL requests, by default the page with the chosen row or the first page."""
    query = request.args.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
    found = [
        row
        for row in all_rows
        if matches(query, (row.account.company_name, row.account.tax_id, row.account.username))
    ]
    pages = max(1, -(-len(found) // ROWS_OF_A_PAGE))
    page = request.args.get("page", 0, type=int)
    if not page and chosen in found:
        page = found.index(chosen) // ROWS_OF_A_PAGE + 1
    page = min(max(page, 1), pages)
    rows = found[(page - 1) * ROWS_OF_A_PAGE : page * ROWS_OF_A_PAGE]
    return CompanyList(rows=rows, found=found, all_rows=all_rows, query=query, page=page, pages=pages)
