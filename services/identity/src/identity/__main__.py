"""The console script `identity`."""

from port_runtime.signals import end_on_sigterm


def main() -> None:
    """Run the command. SIGTERM ends it even during its imports."""
    end_on_sigterm()
    from identity import cli

    cli.main()


if __name__ == "__main__":
    main()
