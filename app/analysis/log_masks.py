"""What of a log line is a value and what is wording: numbers, addresses, paths and times become `<*>`, words stay."""

import re

WILD = "<*>"

# Digits say nothing about wording, so lines are compared with every digit turned to 0: memories then hit far more often.
SAME_DIGITS = {ord(digit): "0" for digit in "123456789"}

_EDGE = r"\s,;:=()\[\]{}\"'|#<>"
_INSIDE = rf"(?:[^{_EDGE}.]|\.(?!\.))"
_COUNTRIES = (
    "ar|at|au|be|br|ca|ch|cl|cn|co|cz|de|dk|es|eu|fi|fr|gr|hk|hu|il|in|io|ir|it|jp|kr|mx|my|nl|nz|pl|pt|ro|ru|se|sg|sk|th|tr|tw"
    "|ua|uk|us|vn|za"
)
_TOKEN = re.compile(
    rf"""
      [A-Za-z][A-Za-z+.-]*://[^\s"'<>()\[\],;]+                                              # URL
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                                           # email
    | (?<![\w.*)\]])(?:[A-Za-z]:[\\/]|\\\\|~?/|\.{{1,2}}/)[^\s"'<>()\[\]{{}},;=|]+           # path
    | (?<![\w.])[\w.+-]+(?:[/\\][\w.+-]+){{2,}}                                              # path without a root
    | (?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{{0,4}}:){{3,}}[0-9A-Fa-f]{{0,4}}(?![0-9A-Za-z])        # IPv6, MAC
    | (?<![\w.$-])(?:com|org|net|edu|io)(?:\.[A-Za-z_$][\w$-]*)+[./][\w$./-]*(?<!Exception)(?<!Error)  # reversed domain name
    | (?<![\w.-])(?:localhost|[\w-]+(?:\.[\w-]+)+):0{{2,5}}(?![\w:.])                        # host and port
    | (?<![\w.-])(?:[\w-]+\.)+(?:com|net|org|edu|gov|mil|info|local|internal|lan|corp|localdomain|svc)(?![\w.(-])  # host
    | (?<![\w.-])(?:[\w-]+\.){{2,}}(?:{_COUNTRIES})(?![\w.(-])                           # host of a country
    | (?<![\w.-])[\w.-]+\.exe(?![\w.])                                                       # program
    | (?<![\w.-])(?:true|false|True|False|TRUE|FALSE)(?=userId|(?![\w.-]))                   # yes or no
    | (?<![\w.-])[0-9A-Fa-f]{{8,}}(?![\w.-])                                                 # bare hex
    | [\w-]*\[0+[-,][0,\ -]*\]                                                               # a range of numbered things
    | {_INSIDE}*[0-9]{_INSIDE}*                                                              # any word with a digit
    """,
    re.VERBOSE,
)
_LONGEST_TOKEN = 256

_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAYS = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_LEVELS = (
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL"
    r"|[Tt]race|[Dd]ebug|[Ii]nfo|[Nn]otice|[Ww]arn(?:ing)?|[Ee]rror|crit)"
)
_SIZE = r"[KMGTP]i?[Bb](?:ps|/s)?|[Bb](?:ps)?|bits/s"
_TIME = r"[mun\u00b5]?s|m?secs?|m?seconds?|milliseconds?|microseconds?|min|mins|minutes?|h|hrs?|hours?|d|days?"
_SECONDS = "00:00:00"
_CLOCK = re.compile(rf"(?<![0-9A-Za-z:])(?:[0-9][0-9/.-]*[-T_ ])?{_SECONDS}(?:[.,:]0+)?Z?(?![0-9A-Za-z:])")
_MOMENT = "<T>"
# What stands before the message: a date and time, then who wrote it, in the ways of syslog, log4j, Android and others.
_HEAD = re.compile(
    rf"(?:{_DAYS}|{_MONTHS}|[\w-]+\.log[\w.]*|[^A-Za-z]|(?<=<)[*T](?=>))*?<T>(?:\s+<\*>\s+<T>)?|(?:<\*>[\s,-]+)+(?={_LEVELS}\b)"
)
_FIELDS = re.compile(r"(?:\s<\*>(?=\]))?[\s\],.|-]*")
_PIDS = r"(?:<\*>\s+){0,2}"
_WRITERS = (
    re.compile(
        rf"{_PIDS}[\[(]?(?:{_LEVELS})[\])]?:?[\s|-]+(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]\s*)*"
        r"(?:-\s|(?:[\w$]*[.$][\w.$<*>-]*|<\*>):\s|[\w.]+\s+(?=\[))?"
    ),
    re.compile(rf"{_PIDS}[VDIWEFA] [\w.$<*>-]{{1,60}}\s*:\s"),
    re.compile(r"\w+\|(?:<\*>\|)?"),
    re.compile(r"[\w.*<> -]{1,40}? - (?=\S)"),
    re.compile(r"(?:[\w./<*>@-]+ )?[\w./ <*>-]{1,40}?(?:\([\w-]+\))?(?:\[<\*>\])?(?: \(<\*>\))?:\s"),
)
_STEPS = (
    # A request's ids in brackets, of which some may be absent.
    (re.compile(r"\[(?:<\*>|-)(?:\s+(?:<\*>|-))*\]"), "[<*>]"),
    (re.compile(rf"(?:\b{_DAYS},?\s+)?\b{_MONTHS}[\s/.-]+<\*>|<\*>[\s/.-]+{_MONTHS}\b(?=[\s/.-]*<\*>)"), WILD),
    (re.compile(rf"\b{_DAYS},?\s+(?=<\*>)"), ""),
    (re.compile(r"<\*>\s?(?:AM|PM|UTC|GMT|[A-Z]{1,3}ST|[A-Z]{1,3}DT)\b"), WILD),
    (re.compile(rf"<?<\*>\s?(?:{_SIZE}|{_TIME})(?![\w<*-])"), WILD),
    (re.compile(r"\bless than <\*>"), WILD),
    (re.compile(r"<<\*>"), WILD),
    (re.compile(r"<\*>\s\*<\*>(?=\s-)"), WILD),
    # Three or more words between brackets are a list whose length says nothing.
    (re.compile(r"(?<=[\[{(])[^\s,\[\](){}]+(?:,\s?[^\s,\[\](){}=]+){2,}(?=[\])}])"), WILD),
    (re.compile(r"(?<![\w.])[A-Za-z][+-](?=[\s,;:]|$)"), WILD),
    (re.compile(r"(?<=[\s,(=:])[-+]<\*>"), WILD),
    (re.compile(r"<\*>(?:[\s,;:.|#/_+&x~@*^$%!=-]*<\*>)+"), WILD),
    (re.compile(r"<\*>[%.]?(?=[\s,;)\]]|$)"), WILD),
)
_QUOTED = re.compile(r"\"([^\"]{1,200})\"|(?<![\w])'([^']{1,200})'(?![\w])")
_WORD = re.compile(r"[A-Za-z]{2,}")
_METHODS = ("GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ")


def masked_token(token: str) -> str:
    """One piece of a line between spaces with its values replaced by `<*>`."""
    if len(token) > _LONGEST_TOKEN:
        token = token[:_LONGEST_TOKEN]
    if _SECONDS in token:
        token = _CLOCK.sub(_MOMENT, token)
    return _TOKEN.sub(WILD, token)


def wording(masked: str) -> str:
    """What is left of a line whose tokens are masked: dates, units and lists that span several tokens become one `<*>`."""
    text = _QUOTED.sub(_quoted, _message(masked).replace(_MOMENT, WILD))
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text


def _message(masked: str) -> str:
    """The line without its header; lines without a time in front are all message."""
    head = _HEAD.match(masked, 0, 200)
    if head is None:
        return masked
    fields = _FIELDS.match(masked, head.end())
    start = fields.end() if fields else head.end()
    for writer in _WRITERS:
        found = writer.match(masked, start)
        if found:
            start = found.end()
            break
    return masked[start:] or masked


def _quoted(match: re.Match[str]) -> str:
    content = match[1] if match[1] is not None else match[2]
    if WILD in content and not content.startswith(_METHODS) and len(_WORD.findall(content)) <= 1:
        return WILD
    return match[0]
