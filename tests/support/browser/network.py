"""The network traffic of a tab."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser.tab import Tab


@contextmanager
def count_bytes(tab: Tab, *, cached: bool = True) -> Iterator[list[float]]:
    """Collect the size of each response in bytes, including headers; without `cached`, like a first visit."""
    received: list[float] = []
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": not cached})
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    yield received
    session.detach()
