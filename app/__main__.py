"""The `sitrep` command."""

import sys


def main() -> int:
    """Runs the command line; returns its exit code."""
    from app.entrypoints.cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
