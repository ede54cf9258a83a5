"""A process that takes a task and is killed while the task runs: `python -m tests.contract.hands URL FOLDER`."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.adapters.tasks.durable import DbosTasks
from app.domain.canonical import Json
from app.domain.work import Lane, Task


def main(url: str, folder: Path) -> None:
    """Runs one task in every lane; each says that it began and then never ends."""

    def hang(payload: Mapping[str, Json]) -> None:
        (folder / f"began-{payload['lane']}").touch()
        time.sleep(600)

    tasks = DbosTasks(url)
    tasks.start({"do": hang})
    for lane in Lane:
        tasks.submit(Task(f"task-{lane.value}", lane, "do", {"lane": lane.value}))
    (folder / "submitted").touch()
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
