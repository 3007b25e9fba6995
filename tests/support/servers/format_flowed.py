"""Reads plain text in `format=flowed; delsp=yes` (RFC 3676), independently of the product's code."""


def unflowed(text: str) -> str:
    """Return the text without soft line breaks and space-stuffing. Raises AssertionError for a quoted line."""
    lines, paragraph = [], ""
    for raw in text.split("\n"):
        assert not raw.startswith(">")
        line = raw.removeprefix(" ")
        is_soft = line.endswith(" ") and line != "-- "
        paragraph += line.removesuffix(" ") if is_soft else line
        if not is_soft:
            lines.append(paragraph)
            paragraph = ""
    return "\n".join([*lines, paragraph] if paragraph else lines)
