"""A list of companies to choose from, with search, counts and paging (BIND-10).

Its template is `company_list.html` and its script `companies.js`. Each page with the list supports `?q=` and `?page=`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from flask import request

from identity.domain.company_search import matches

ROWS_OF_A_PAGE = 20
MIN_ROWS_TO_SEARCH = 8
MAX_QUERY_CHARACTERS = 100


class CompanyRow(Protocol):
    """`status` is the binding's; `used_at` is its last use, None if it was not used or this is unknown."""

    @property
    def company(self) -> str: ...

    @property
    def tax_id(self) -> str: ...

    @property
    def username(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def used_at(self) -> datetime | None: ...


Row = TypeVar("Row", bound=CompanyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyList(Generic[Row]):
    """`found` are the rows that match `query`; `rows` are those of `found` on the page `page`, counted from 1."""

    rows: Sequence[Row]
    found: Sequence[Row]
    all_rows: Sequence[Row]
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
    def last_used(self) -> Row | None:
        used = [(row.used_at, row) for row in self.all_rows if row.status == "verified" and row.used_at]
        return max(used, key=lambda each: each[0])[1] if used else None

    def parameters(self, page: int) -> dict[str, str | int]:
        """Return the URL parameters of a page of this search; the first page of all rows has none."""
        return ({"q": self.query} if self.query else {}) | ({"page": page} if page > 1 else {})


def company_list(views: Sequence[Row], *, chosen: Row | None = None) -> CompanyList[Row]:
    """Return the page that the URL requests, by default the page with the chosen row or the first page."""
    query = request.args.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
    found = [view for view in views if matches(query, (view.company, view.tax_id, view.username))]
    pages = max(1, -(-len(found) // ROWS_OF_A_PAGE))
    page = request.args.get("page", 0, type=int)
    if not page and chosen in found:
        page = found.index(chosen) // ROWS_OF_A_PAGE + 1
    page = min(max(page, 1), pages)
    rows = found[(page - 1) * ROWS_OF_A_PAGE : page * ROWS_OF_A_PAGE]
    return CompanyList(rows=rows, found=found, all_rows=views, query=query, page=page, pages=pages)
