"""Frees a full spool folder: deletes rotated files older than a given age and prints what it did as JSON."""

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

MARKER = ".shop-spool"  # only folders the shop made itself are ever cleaned
ROTATED = re.compile(r"^[\w-]+\.(?:log|jsonl)\.\d+$")


class CleanupError(Exception):
    """The folder is not one this command may clean."""


def clean(directory: Path, older_than_s: float, now: float) -> dict[str, object]:
    """Delete rotated files last written more than `older_than_s` seconds before `now`; says what was freed."""
    if not (directory / MARKER).is_file():
        raise CleanupError(f"{directory} is not a spool folder of the shop: {MARKER} is missing. Nothing was deleted.")
    deleted, freed, kept = 0, 0, 0
    for path in sorted(directory.iterdir()):
        if path.is_symlink() or not path.is_file() or not ROTATED.match(path.name):
            continue
        stat = path.stat()
        if now - stat.st_mtime <= older_than_s:
            kept += 1
            continue
        path.unlink(missing_ok=True)
        deleted, freed = deleted + 1, freed + stat.st_size
    return {"dir": str(directory), "deleted": deleted, "freed_bytes": freed, "kept": kept}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when cleaned, 2 when refused; either way one JSON object is printed."""
    parser = argparse.ArgumentParser(prog="python -m app.drills.shop.cleanup", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the spool folder")
    parser.add_argument("--older-than-s", type=float, required=True, help="age in seconds from which rotated files go")
    options = parser.parse_args(argv)
    if not options.older_than_s >= 0:
        parser.error("--older-than-s must be 0 or more")
    try:
        print(json.dumps(clean(options.dir, options.older_than_s, time.time())))
    except CleanupError as error:
        print(json.dumps({"error": str(error), "hint": "Give the folder that `GET /services` shows as spool_dir."}))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
