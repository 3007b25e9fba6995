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
    """A company with its account."""

    @property
    def company(self) -> str:
        """The company's name."""

    @property
    def tax_id(self) -> str:
        """The company's tax id."""

    @property
    def username(self) -> str:
        """The account's username."""

    @property
    def status(self) -> str:
        """The state of the binding."""

    @property
    def used_at(self) -> datetime | None:
        """When the binding was last used, or None."""


Row = TypeVar("Row", bound=CompanyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyList(Generic[Row]):
    """The current page of what was found in a list; `query` is the search text as typed."""

    rows: Sequence[Row]
    found: Sequence[Row]
    all_rows: Sequence[Row]
    query: str
    page: int
    pages: int

    @property
    def has_search(self) -> bool:
        """Whether the list is long enough to be searched."""
        return len(self.all_rows) >= MIN_ROWS_TO_SEARCH

    @property
    def counts(self) -> Counter[str]:
        """The number of bindings by status."""
        return Counter(row.status for row in self.all_rows)

    @property
    def found_counts(self) -> Counter[str]:
        """How many of the bindings that were found have each status."""
        return Counter(row.status for row in self.found)

    @property
    def last_used(self) -> Row | None:
        """The most recently used verified binding."""
        used = [(row.used_at, row) for row in self.all_rows if row.status == "verified" and row.used_at]
        return max(used, key=lambda each: each[0])[1] if used else None

    def parameters(self, page: int) -> dict[str, str | int]:
        """Return the URL parameters of a page of this search."""
        return ({"q": self.query} if self.query else {}) | ({"page": page} if page > 1 else {})


def company_list(views: Sequence[Row], *, chosen: Row | None = None) -> CompanyList[Row]:
    """Return the requested page, by default the page with the chosen row."""
    query = request.args.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
    found = [view for view in views if matches(query, (view.company, view.tax_id, view.username))]
    pages = max(1, -(-len(found) // ROWS_OF_A_PAGE))
    page = request.args.get("page", 0, type=int)
    if not page and chosen in found:
        page = found.index(chosen) // ROWS_OF_A_PAGE + 1
    page = min(max(page, 1), pages)
    rows = found[(page - 1) * ROWS_OF_A_PAGE : page * ROWS_OF_A_PAGE]
    return CompanyList(rows=rows, found=found, all_rows=views, query=query, page=page, pages=pages)
