"""Log lines in many styles with the template each came from: own sentences, shaped like what real systems write."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.evals.log_styles import STYLES

NAMES = [
    "ada",
    "bert",
    "carl",
    "dora",
    "emil",
    "fred",
    "gina",
    "hugo",
    "iris",
    "jack",
    "kira",
    "liam",
    "mona",
    "nils",
    "olga",
    "paul",
    "quinn",
    "rosa",
    "sven",
    "tina",
    "ugo",
    "vera",
    "walt",
    "xena",
]
SURNAMES = [
    "ash",
    "birch",
    "cedar",
    "dale",
    "elm",
    "fern",
    "glen",
    "heath",
    "ivy",
    "lark",
    "moss",
    "oak",
    "pine",
    "reed",
    "sage",
    "thorn",
    "vale",
    "wren",
]
DOMAINS = ("shops.example.com", "dial.example.net", "labs.example.edu", "adsl.isp.example.it", "north.example.org")
STATES = ("NEW", "QUEUED", "ASSIGNED", "RUNNING", "COMMITTING", "SUCCEEDED", "FAILED", "KILLED")

Draw = Callable[[random.Random], str]


def _hex(length: int) -> Draw:
    return lambda rng: "".join(rng.choice("0123456789abcdef") for _ in range(length))


def _between(low: int, high: int) -> Draw:
    return lambda rng: str(rng.randint(low, high))


def _uuid(rng: random.Random) -> str:
    return "-".join(_hex(size)(rng) for size in (8, 4, 4, 4, 12))


def _ip(rng: random.Random) -> str:
    return f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def _path(rng: random.Random) -> str:
    depth = rng.randint(1, 5)
    return "/" + "/".join(rng.choice([*SURNAMES, *NAMES, "tmp", "part-0001", "v2.1"]) for _ in range(depth))


def _winpath(rng: random.Random) -> str:
    return "C:\\" + "\\".join(rng.choice(SURNAMES).title() for _ in range(rng.randint(2, 4))) + "\\base.dll"


def _host(rng: random.Random) -> str:
    plain = rng.random() < 0.5
    return f"{rng.choice(NAMES)}{'' if plain else rng.randint(1, 99)}.{rng.choice(DOMAINS)}"


def _size(rng: random.Random) -> str:
    return f"{rng.uniform(0.1, 999):.{rng.choice((1, 2))}f} {rng.choice(('B', 'KB', 'MB', 'GB'))}"


def _zipf(words: list[str]) -> Draw:
    return lambda rng: words[min(int(rng.paretovariate(0.9)) - 1, len(words) - 1)]


def _choice(*words: str) -> Draw:
    return lambda rng: rng.choice(words)


def _many(draw: Draw, low: int, high: int, joint: str) -> Draw:
    return lambda rng: joint.join(draw(rng) for _ in range(rng.randint(low, high)))


def _life(rng: random.Random) -> str:
    return "<1 sec" if rng.random() < 0.5 else f"{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"


def _class(rng: random.Random) -> str:
    return f"{rng.choice(SURNAMES).title()}{rng.choice(NAMES).title()}Activity"


SLOTS: dict[str, Draw] = {
    "n": _between(0, 99999),
    "d": _between(0, 9),
    "neg": lambda rng: str(rng.randint(-900, 900)),
    "f": lambda rng: f"{rng.uniform(0, 100):.{rng.randint(1, 6)}f}",
    "hex": lambda rng: "0x" + _hex(8)(rng),
    "hex8": _hex(8),
    "hex32": _hex(32),
    "uuid": _uuid,
    "ip": _ip,
    "ipp": lambda rng: f"{_ip(rng)}:{rng.randint(1024, 65535)}",
    "path": _path,
    "winpath": _winpath,
    "host": _host,
    "hostp": lambda rng: f"{_host(rng)}:{rng.randint(80, 9999)}",
    "size": _size,
    "dur": lambda rng: f"{rng.randint(1, 999)} {rng.choice(('ms', 's', 'seconds', 'min'))}",
    "user": _zipf([f"{name}{rest}" for rest in ("", "bot", "adm") for name in NAMES]),
    "few": _choice("root", "guest", "nightly"),
    "name": lambda rng: rng.choice(NAMES) + rng.choice(SURNAMES),
    "life": _life,
    "class": _class,
    "bool": _choice("true", "false"),
    "blk": lambda rng: f"blk_{rng.randint(-(10**18), 10**18)}",
    "task": lambda rng: (
        f"task_{rng.randint(10**9, 10**10)}_{rng.randint(0, 99):04}_m_{rng.randint(0, 99):06}_{rng.randint(0, 3)}"
    ),
    "regs": _many(_hex(8), 2, 8, " "),
    "nums": _many(_between(100, 9999), 3, 9, " "),
    "paths": _many(_path, 1, 5, ", "),
    "axis": lambda rng: rng.choice("xyz") + rng.choice("+-"),
    "mac": lambda rng: ":".join(_hex(2)(rng) for _ in range(6)),
    "date": lambda rng: f"Thu Jul {rng.randint(1, 28):>2} 09:{rng.randint(10, 59)}:01 2026",
    "kb": lambda rng: (
        f"Package_for_KB{rng.randint(10**6, 10**7)}~{_hex(16)(rng)}~amd64~~6.1.{rng.randint(1, 9)}.{rng.randint(0, 9)}"
    ),
    "label": lambda rng: f"com.example.{rng.choice(SURNAMES).title()}.{rng.choice(NAMES)}",
    "client": _choice("UpdateAgent", "SetupHost"),
    "range": lambda rng: (
        f"node-[{rng.randint(0, 31)}-{rng.randint(32, 63)}]" if rng.random() < 0.5 else f"node-{rng.randint(0, 200)}"
    ),
    "vals": lambda rng: "##".join(str(rng.randint(10, 10**9)) for _ in range(rng.randint(5, 6))),
    "state": _choice("LOOKING", "FOLLOWING"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line and the sentence it came from."""

    text: str
    truth: str


def corpus(style: str, seed: int, count: int = 2000, *, header: bool = False) -> list[Line]:
    """Lines of one style; the same for the same seed."""
    rng = random.Random(f"{style}{seed}")
    front, body = STYLES[style]
    sentences = [row.split(" ", 1) for row in body.strip("\n").split("\n")]
    weights = [int(weight) for weight, _ in sentences]
    drawn = rng.choices([sentence for _, sentence in sentences], weights, k=count)
    return [Line(("" if not header else _fill(front, rng)) + _fill(sentence, rng), sentence) for sentence in drawn]


def grouping_accuracy(truth: list[str], found: list[int]) -> float:
    """The share of lines whose found group holds exactly the lines of its true group."""
    groups: dict[int, set[str]] = {}
    sizes: dict[str, int] = {}
    counts: dict[int, int] = {}
    for name, group in zip(truth, found, strict=True):
        groups.setdefault(group, set()).add(name)
        sizes[name] = sizes.get(name, 0) + 1
        counts[group] = counts.get(group, 0) + 1
    right = sum(size for group, size in counts.items() if len(groups[group]) == 1 and sizes[next(iter(groups[group]))] == size)
    return right / len(truth)


def _fill(sentence: str, rng: random.Random) -> str:
    return "".join(_pieces(sentence, rng))


def _pieces(sentence: str, rng: random.Random) -> Iterator[str]:
    rest = sentence.replace("{{", "\0").replace("}}}", "}\1").replace("}}", "\1")
    while rest:
        before, brace, rest = rest.partition("{")
        yield before.replace("\0", "{").replace("\1", "}")
        if brace:
            slot, _, rest = rest.partition("}")
            yield SLOTS[slot](rng)
