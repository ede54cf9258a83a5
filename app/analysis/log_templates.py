"""Log templates mined while lines arrive: which lines say the same thing about different values."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from app.analysis.log_masks import SAME_DIGITS, WILD, masked_token, wording

NAMES_FROM = 5
_MANY = 3
_PARTS = re.compile(r"(<\*>|[\s,;:=()\[\]{}\"'|#]+)")
_PAIRS_UP_TO = 10
_MEMORY = 50_000
_LONGEST_LINE = 4096


@dataclass(slots=True)
class _Template:
    """One wording, how many lines had it, and the places (as hashes of the text around them) where it could hold names."""

    id: int
    text: str
    lines: int = 0
    places: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Place:
    """What one place, or two, between the same neighbours has held; `needed` multiplies the evidence it takes."""

    needed: float
    held: list[tuple[tuple[str, ...], _Template]] = field(default_factory=list)

    def holds_names(self) -> bool:
        """True for words that look drawn from an open list: many, or several of which some were seen once or twice only.

        Fixed words (states, verbs, parts of a machine) are few and come back.
        """
        enough = NAMES_FROM * self.needed
        if len(self.held) < enough:
            return False
        kinds = min(len({words[index] for words, _ in self.held}) for index in range(len(self.held[0][0])))
        rare = sum(template.lines <= 2 for _, template in self.held)
        return kinds >= _MANY * enough or (kinds >= enough and rare >= 0.4 * len(self.held))


class LogTemplates:
    """An online miner: `learn` gives each line the id of its wording at once, `families` says which wordings are one template.

    Words with digits, addresses, paths, times and the like are values (`log_masks`). Other words are wording, until one place
    (or two) between the same neighbours has shown so many different words that it must hold names: those wordings become one
    family. Memory is bounded by `most` wordings; the one unseen for longest is forgotten.

    Masking first and comparing tokens after is Drain's idea (He et al., ICWS 2017); its similarity threshold is replaced by
    counting what a place has held, because short sentences that differ in one verb are different events.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._tokens: dict[str, str] = {}
        self._masked: dict[str, _Template] = {}
        self._known: OrderedDict[str, _Template] = OrderedDict()
        self._by_id: dict[int, _Template] = {}
        self._places: dict[int, _Place] = {}
        self._next = 1

    def __len__(self) -> int:
        """How many wordings are remembered."""
        return len(self._known)

    def learn(self, line: str) -> int:
        """The id of the line's wording, from 1; it never changes for this wording while it is remembered."""
        masked = self._mask(line)
        template = self._masked.get(masked)
        if template is None:
            if len(self._masked) >= _MEMORY:
                self._masked.clear()
            template = self._masked[masked] = self._find(wording(masked))
        elif template.id not in self._by_id:
            template = self._masked[masked] = self._find(template.text)
        template.lines += 1
        self._known.move_to_end(template.text)
        return template.id

    def text(self, template: int) -> str:
        """The wording with `<*>` for each value; empty once forgotten."""
        found = self._by_id.get(template)
        return found.text if found else ""

    def families(self) -> dict[int, int]:
        """For every remembered wording the smallest id among the wordings that are the same template."""
        parents = {number: number for number in self._by_id}
        for place in self._places.values():
            if place.holds_names():
                roots = {_root(parents, template.id) for _, template in place.held}
                parents.update(dict.fromkeys(roots, min(roots)))
        return {number: _root(parents, number) for number in parents}

    def _mask(self, line: str) -> str:
        tokens = self._tokens
        words = []
        for raw in line[:_LONGEST_LINE].translate(SAME_DIGITS).split():
            word = tokens.get(raw)
            if word is None:
                if len(tokens) >= _MEMORY:
                    tokens.clear()
                word = tokens[raw] = masked_token(raw)
            words.append(word)
        return " ".join(words)

    def _find(self, text: str) -> _Template:
        known = self._known.get(text)
        if known is not None:
            return known
        if len(self._known) >= self._most:
            self._forget()
        template = _Template(self._next, text)
        self._next += 1
        self._known[text] = self._by_id[template.id] = template
        for key, needed, words in _places(text):
            self._places.setdefault(key, _Place(needed)).held.append((words, template))
            template.places.append(key)
        return template

    def _forget(self) -> None:
        _, oldest = self._known.popitem(last=False)
        del self._by_id[oldest.id]
        for key in oldest.places:
            place = self._places[key]
            place.held = [kept for kept in place.held if kept[1] is not oldest]
            if not place.held:
                del self._places[key]


def _places(text: str) -> Iterator[tuple[int, float, tuple[str, ...]]]:
    """Each place, or pair of places, that could hold names: its hash, how much evidence it takes, and the words there."""
    parts = _PARTS.split(text)
    words = [index for index in range(0, len(parts), 2) if any(map(str.isalpha, parts[index]))]
    # A word before an equals sign is a key, and what a line begins with mostly says what it is about.
    open_ones = [index for index in words if not "".join(parts[index + 1 : index + 2]).lstrip().startswith("=")]
    if len(words) >= 3:
        for index in open_ones:
            needed = (2.0 if index == words[0] else 1.0) * (3.0 if len(parts[index]) > 1 and parts[index].isupper() else 1.0)
            yield _key(parts, index), needed, (parts[index],)
    if 5 <= len(words) <= _PAIRS_UP_TO:
        plain = [index for index in open_ones[1:] if not parts[index].isupper()]
        for one, other in combinations(plain, 2):
            yield _key(parts, one, other), 1.0, (parts[one], parts[other])


def _key(parts: list[str], *places: int) -> int:
    return hash(tuple(WILD if index in places else part for index, part in enumerate(parts)))


def _root(parents: dict[int, int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number
