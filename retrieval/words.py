"""Cuts texts into the words that are searched: stems, with identifiers kept whole and split as well."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z0-9\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f_\-./:']*[A-Za-z0-9\u00c0-\u024f]|[A-Za-z0-9\u00c0-\u024f]")
_PIECES = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z\u00c0-\u024f]+|[0-9]+")
_NAME = re.compile(r"\b(?:[A-Z]+[a-z0-9]+(?:[A-Z]+[a-z0-9]*)+|[A-Z]{2,}[a-z]\w*|[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)\b")
_URL = re.compile(r"https?://\S+")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_TAG = re.compile(r"<[^>\n]{1,200}>")
STOP = frozenset(
    ["a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "cannot", "could", "did", "do", "does", "doing", "done", "during", "each", "either", "else", "etc", "ever", "every", "few", "for", "from", "further", "get", "gets", "getting", "got", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "however", "i", "if", "in", "into", "is", "it", "its", "itself", "just", "let", "like", "make", "many", "may", "me", "might", "more", "most", "much", "my", "need", "no", "nor", "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over", "own", "per", "please", "same", "see", "seem", "she", "should", "since", "so", "some", "still", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "this", "those", "through", "to", "too", "under", "until", "up", "us", "use", "used", "using", "very", "via", "was", "we", "well", "were", "what", "when", "where", "whether", "which", "while", "who", "whom", "why", "will", "with", "within", "without", "would", "yes", "yet", "you", "your", "yours", "im", "ive", "dont", "doesnt", "cant", "isnt", "wont", "didnt", "whats", "thats", "hey", "hi", "hello", "anyone", "someone", "somebody", "anybody", "guys", "folks", "thanks", "ok", "okay", "im", "lol", "wtf", "omg", "pls", "plz", "rn", "asap", "btw", "gonna", "wanna", "gotta", "lets", "theres", "heres", "hell", "damn", "help", "know", "think", "look", "looks", "looking", "seems", "seeing", "says", "say", "said", "tell", "told", "people", "thing", "things", "stuff", "something", "anything", "everything", "nothing", "really", "basically", "actually", "somehow", "maybe", "again", "already", "anymore", "today", "tonight", "morning", "yesterday", "now", "idea", "ideas", "want", "wants", "come", "comes", "came", "go", "goes", "going", "went", "gone", "keep", "keeps", "try", "trying", "tried", "happen", "happens", "happening", "happened", "suddenly", "weird", "kind", "sort", "lot", "lots", "bit", "way", "right", "sure", "quite", "pretty", "bunch", "team", "question", "where", "around", "since", "though", "although", "because", "due"]
)  # fmt: skip


def tokens(text: str) -> list[str]:
    """Stems in order. `HighErrorRate`, `error_rate` and `db-pool` give the whole name and its parts."""
    found: list[str] = []
    for match in _WORD.finditer(_URL.sub(_url_words, text)):
        word = match.group().rstrip("'")
        found.extend(_word_tokens(word))
    return found


def plain(text: str) -> str:
    """Markdown without link targets, tags and emphasis, as a model or a person would read it aloud."""
    text = _LINK.sub(r"\2", text)
    text = _TAG.sub(" ", text)
    return re.sub(r"[ \t]+", " ", re.sub(r"[*`#>|~]+", " ", text)).strip()


def split_identifier(word: str) -> list[str]:
    """`KubePodCrashLooping` -> Kube Pod Crash Looping; `pool_in_use` -> pool in use; `OOMKilled` -> OOM Killed."""
    return _PIECES.findall(word)


def spoken_name(text: str) -> str:
    """A text with its identifiers said in words, as the encoder's training texts would: `PoolInUse` -> pool in use."""
    return _NAME.sub(
        lambda match: " ".join(part if part.isupper() else part.lower() for part in split_identifier(match.group())), text
    )


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A light English stem: plural, -ing, -ed, -er nouns of action are left; names with digits are untouched."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, kept in (("sses", "ss"), ("ies", "y"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending):
            if ending == "s" and word.endswith(("ss", "us", "is")):
                return word
            base = word[: -len(ending)] + kept
            return _tidy(base) if len(base) >= 3 and re.search(r"[aeiouy]", base) else word
    return _tidy(word)


def _word_tokens(word: str) -> list[str]:
    lowered = word.lower().replace("'s", "").replace("'", "")
    pieces = [piece.lower() for piece in split_identifier(word.replace("'s", "").replace("'", ""))]
    whole = [] if lowered in STOP else [stem(lowered)]
    if len(pieces) <= 1:
        return whole
    return whole + [stem(piece) for piece in pieces if piece not in STOP and (len(piece) > 1 or piece.isdigit())]


def _url_words(match: re.Match[str]) -> str:
    """The path of a link says something (`/docs/pool-exhausted`); its host and query do not."""
    path = match.group().split("://", 1)[1].partition("/")[2]
    return " " + re.split(r"[?]", path)[0].replace("/", " ").replace("#", " ") + " "


def _tidy(base: str) -> str:
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
        base = base[:-1]
    if len(base) > 4 and base.endswith("e"):
        base = base[:-1]
    return base[:-1] + "i" if base.endswith("y") and len(base) > 3 else base
