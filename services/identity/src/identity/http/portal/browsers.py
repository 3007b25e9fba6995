"""A browser's name for itself, as its owner would call it (LOGIN-7)."""

_OTHER = "其他瀏覽器"
_BROWSERS = (
    ("Line/", "LINE 內建瀏覽器"),
    ("FBAN/", "Facebook 內建瀏覽器"),
    ("FBAV/", "Facebook 內建瀏覽器"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""Which part of the name means which browser. The first found counts: most claim to be Chrome and Safari too."""
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
    """Return e.g. `Chrome（Windows）`; what is not known is no browser's fault."""
    if not user_agent.startswith("Mozilla/"):
        return _OTHER
    browser = _first(_BROWSERS, user_agent) or _OTHER
    system = _first(_SYSTEMS, user_agent)
    return f"{browser}（{system}）" if system else browser


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for part, name in names if part in text), "")
