"""From webhook to first card without a model: posts alerts one after the other and waits for each card in the local workspace."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.workspace.control import Control
from tests.scenario.stack import SitrepProcess, cards, incident_channels, workspace

COUNT = 30


def main() -> None:
    """Prints the median and the 99th percentile in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, workspace() as url, Control(url) as control:
        data = Path(folder) / "data"
        data.mkdir()
        sitrep = SitrepProcess(url, data)
        sitrep.start()
        time.sleep(8)  # the index of runbooks is built in the background
        took = sorted(_one(sitrep, control, number) for number in range(COUNT))
        sitrep.kill()
    p99 = took[min(COUNT - 1, round(0.99 * COUNT))]
    print(f"webhook to first card, {COUNT} incidents: median {statistics.median(took) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")


def _one(sitrep: SitrepProcess, control: Control, number: int) -> float:
    started = time.perf_counter()
    sitrep.alert(f"Broken{number}", f"service{number}")
    while not any(
        f"service{number}" == channel["name"].rsplit("-", 1)[-1] and cards(control, channel)
        for channel in incident_channels(control)
    ):
        time.sleep(0.01)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
