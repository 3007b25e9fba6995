"""The names of browser and system in a User-Agent header (LOGIN-7)."""

from identity.http.zh_tw import portal as texts

_BROWSERS = (
    ("Line/", texts.LINE_BROWSER),
    ("FBAN/", texts.FACEBOOK_BROWSER),
    ("FBAV/", texts.FACEBOOK_BROWSER),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""Parts of User-Agent headers, of which the first match counts, because most browsers also name Chrome and Safari."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """Return the common names of the browser and the system, if they are known."""
    if not user_agent.startswith("Mozilla/"):
        return texts.UNKNOWN_BROWSER
    browser = _first_match(_BROWSERS, user_agent) or texts.UNKNOWN_BROWSER
    system = _first_match(_SYSTEMS, user_agent)
    return texts.BROWSER_ON_SYSTEM.format(browser=browser, system=system) if system else browser


def _first_match(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for part, name in names if part in text), "")
