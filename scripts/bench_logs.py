"""Log templates on generated corpora in sixteen styles: grouping accuracy with and without headers, and lines a second."""

import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.analysis.log_templates import LogTemplates
from tests.evals.log_corpora import corpus, grouping_accuracy
from tests.evals.log_styles import STYLES

SEEDS = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
Group = Callable[[list[str]], list[int]]


def main() -> None:
    """Prints one row a style, then the means and the pace in processor time; two simple rivals stand beside ours."""
    print(f"{'style':10} {'ours':>7} {'headers':>8} {'digits':>7} {'drain':>7}")
    rows = []
    for style in STYLES:
        row = [
            _mean(style, ours),
            _mean(style, ours, header=True),
            _mean(style, words_with_digits),
            _mean(style, plain_tree),
        ]
        rows.append(row)
        print(f"{style:10} {row[0]:7.3f} {row[1]:8.3f} {row[2]:7.3f} {row[3]:7.3f}")
    means = [statistics.mean(column) for column in zip(*rows, strict=True)]
    print(f"{'mean':10} {means[0]:7.3f} {means[1]:8.3f} {means[2]:7.3f} {means[3]:7.3f}")
    print(f"{_pace():.0f} lines/s of processor time")


def ours(lines: list[str]) -> list[int]:
    """The product's miner."""
    miner = LogTemplates()
    ids = [miner.learn(line) for line in lines]
    families = miner.families()
    return [families[number] for number in ids]


def words_with_digits(lines: list[str]) -> list[int]:
    """Every word with a digit is a value, every other word is wording."""
    return [hash(re.sub(r"\S*\d\S*", "*", line)) for line in lines]


def plain_tree(lines: list[str]) -> list[int]:
    """A fixed-depth tree without masks: same length, same first word without digits, half of the words equal."""
    leaves: dict[tuple[int, str], list[tuple[int, list[str]]]] = {}
    found = []
    for number, line in enumerate(lines):
        words = line.split()
        first = words[0] if words and words[0].isalpha() else "*"
        leaf = leaves.setdefault((len(words), first), [])
        scores = [sum(a == b for a, b in zip(words, kept, strict=True)) for _, kept in leaf]
        best = max(range(len(leaf)), key=scores.__getitem__, default=-1)
        if best >= 0 and scores[best] >= 0.4 * len(words):
            group, kept = leaf[best]
            leaf[best] = (group, [a if a == b else "*" for a, b in zip(words, kept, strict=True)])
            found.append(group)
        else:
            leaf.append((number, words))
            found.append(number)
    return found


def _mean(style: str, group: Group, *, header: bool = False) -> float:
    return statistics.mean(_accuracy(style, seed, group, header=header) for seed in SEEDS)


def _accuracy(style: str, seed: int, group: Group, *, header: bool) -> float:
    lines = corpus(style, seed, header=header)
    return grouping_accuracy([line.truth for line in lines], group([line.text for line in lines]))


def _pace() -> float:
    lines = [line.text for style in STYLES for line in corpus(style, 99, header=True)]
    miner, started = LogTemplates(), time.process_time()
    for line in lines:
        miner.learn(line)
    return len(lines) / (time.process_time() - started)


if __name__ == "__main__":
    main()
