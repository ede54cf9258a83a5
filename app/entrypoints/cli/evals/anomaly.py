"""`sitrep eval anomaly`: scores how strange each row of each series is, for measuring the detector."""

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import with_progress

_HINT = "A series is a CSV file with a header that names timestamp and value."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BAD = float("nan")


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("anomaly", help="score how strange each row of each series is")
    parser.add_argument("--series", type=Path, required=True, help="a folder of CSV files with timestamp,value")
    parser.add_argument("--out", type=Path, required=True, help="a folder; gets the same files with an anomaly_score")
    parser.set_defaults(run=_run)


def score_folder(series: Path, out: Path) -> tuple[int, int, float]:
    """Scores every CSV below `series` into the same place below `out`; how many files, rows and seconds of scoring.

    All files appear at the end or none. Rows that cannot be used (a timestamp that does not parse, is late or double; a value
    that is no finite number) keep their place and their text and are scored 0. Raises BadInput for a file that is no series.
    """
    files = _files(series, out)
    rows, seconds = 0, 0.0
    with _whole_folder(out) as folder:
        for file in with_progress(files, "series", len(files)):
            target = folder / file.relative_to(series)
            target.parent.mkdir(parents=True, exist_ok=True)
            count, took = _score_file(file, target)
            rows, seconds = rows + count, seconds + took
    return len(files), rows, seconds


def _files(series: Path, out: Path) -> list[Path]:
    if not series.is_dir():
        raise BadInput(f"{series} is no folder.", "Name a folder of CSV files.")
    if out.resolve() == series.resolve() or series.resolve() in out.resolve().parents:
        raise BadInput(f"{out} lies in {series}.", "Write to a folder elsewhere, so that answers do not become series.")
    files = sorted(path for path in series.rglob("*.csv") if path.is_file())
    if not files:
        raise BadInput(f"There is no CSV file below {series}.", _HINT)
    return files


def _score_file(file: Path, target: Path) -> tuple[int, float]:
    from app.analysis.novelty import Detector

    stamps, texts = _columns(file)
    times, values = _times(stamps), _values(texts)
    started = time.process_time()
    surprises = Detector().judge(times, values)
    took = time.process_time() - started
    scores = ["0.0"] * len(values)
    for surprise in surprises:
        scores[surprise.row] = repr(surprise.score)
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(["timestamp", "value", "anomaly_score"])
        writer.writerows(zip(stamps, texts, scores, strict=True))
    return len(values), took


def _columns(file: Path) -> tuple[list[str], list[str]]:
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            rows = csv.reader(source)
            names = [name.strip().lower() for name in next(rows, [])]
            if "timestamp" not in names or "value" not in names:
                raise BadInput(f"{file} has no header with timestamp and value.", _HINT)
            stamp, value = names.index("timestamp"), names.index("value")
            most = max(stamp, value)
            whole = [row if len(row) > most else row + [""] * (most + 1 - len(row)) for row in rows if row]
    except OSError as problem:
        raise BadInput(f"{file} cannot be read: {problem.strerror}.", _HINT) from None
    except csv.Error as problem:
        raise BadInput(f"{file} is no CSV file: {problem}.", _HINT) from None
    return [row[stamp] for row in whole], [row[value] for row in whole]


def _times(texts: list[str]) -> list[float]:
    import numpy as np

    if set(map(len, texts)) == {19} and all(text[16] == ":" for text in texts):
        try:
            stamps = np.array(texts, dtype="datetime64[s]")
        except ValueError:
            return [_time(text) for text in texts]
        seconds: list[float] = stamps.astype(np.int64).astype(np.float64).tolist()
        return seconds
    return [_time(text) for text in texts]


def _time(text: str) -> float:
    """Epoch seconds of an ISO 8601 timestamp (UTC unless it says otherwise) or of a number; NaN if it is neither."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return _number(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds()


def _values(texts: list[str]) -> list[float]:
    try:
        return list(map(float, texts))
    except ValueError:
        return [_number(text) for text in texts]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return _BAD


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """A folder whose files move below `out` when the block ends well; raises BadInput when that cannot be."""
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".unfinished-") as name:
            folder = Path(name)
            yield folder
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                target = out / file.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
    except OSError as problem:
        raise BadInput(f"{out} cannot be written: {problem.strerror}.", "Name a folder that can be made.") from None
    finally:
        if is_new and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    files, rows, seconds = score_folder(options.series, options.out)
    pace = f"{seconds / rows * 1e6:.2f} us a row of scoring" if rows else "no rows"
    print(f"{files} series, {rows} rows in {time.perf_counter() - started:.2f} s; {pace}", file=sys.stderr)
    return 0
