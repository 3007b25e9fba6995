"""Writes consent texts for tests in production mode, which refuses the samples."""

from pathlib import Path

DOCUMENTS = ("personal_data", "authorization", "hazard")


def write_consents(directory: Path) -> Path:
    """Create the directory with the three texts and `consents.toml`; return it."""
    directory.mkdir()
    table = ""
    for document in DOCUMENTS:
        (directory / f"{document}.txt").write_text("本文。\n")
        table += f'[{document}]\ntitle = "說明"\nversion = "1"\nfile = "{document}.txt"\n'
    (directory / "consents.toml").write_text(table)
    return directory
