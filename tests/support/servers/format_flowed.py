"""Reads plain text in `format=flowed; delsp=yes`, written after RFC 3676, independently of the product's code."""


def unflowed(text: str) -> str:
    """Return the text with soft line breaks and space-stuffing removed. No line of a mail is quoted."""
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
