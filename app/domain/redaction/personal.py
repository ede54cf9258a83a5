"""Personal data: mail addresses, telephone numbers, payment cards, bank accounts and social security numbers."""

import re
from collections.abc import Iterator

from app.domain.redaction.checks import is_card, is_iban
from app.domain.redaction.span import Span

_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_HIDDEN_MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{2,64} ?[\[({<] ?(?:at|arroba|@) ?[\])}>] ?[\w-]{1,63}"
    r"(?: ?(?:[\[({<] ?(?:dot|punkt|punto) ?[\])}>]|\.) ?[\w-]{2,24}){1,4}",
    re.IGNORECASE,
)
_SPOKEN_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{2,64} at [\w-]{2,63}(?: dot [\w-]{2,24}){1,3}(?!\w)", re.IGNORECASE)
_NOT_MAIL = """internal local localdomain lan svc cluster service socket timer target mount slice scope device path home corp
intern js ts py go rs java rb json yaml yml png svg css md txt log gz zip tar conf cfg sh so jar"""
_NO_MAIL_TOP = frozenset(_NOT_MAIL.split())
_DIGITS = re.compile(r"(?<![\w.+/-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.+:/=-])(?:"
    r"(?:\+|00)[1-9](?:[ ().\-/]{0,2}\d){6,14}"
    r"|(?:1[-. ])?\([2-9]\d{2}\)[-. ]?\d{3}[-. ]\d{4}|(?:1[-. ])?[2-9]\d{2}([-. ])[2-9]\d{2}\1\d{4}"
    r"|\(0?\d{2,4}\)[ -]?\d{3,5}[- ]?\d{4}"
    r"|0[1-9](?:[ .-]\d{2}){4}"
    r"|0\d{2,4}[ ]\d{3,4}[ ]\d{3,4}|0[1-9]\d{0,2}-\d{3,4}-\d{4}"
    r"|01[567]\d[ /-]?\d{7,8}|0[2-9]\d{1,3}[/ ]\d{5,8}"
    r"|1[3-9]\d([ -])\d{4}\2\d{4}|[6-9]\d{4} \d{5}"
    r")(?![\w-]|\.\d|:\d)"
)
_PHONE_PLUS = re.compile(r"(?<=[:=])\+[1-9](?:[ ().\-/]{0,2}\d){7,14}(?![\w-]|\.\d|:\d)")
_PHONE_NAMED = re.compile(
    r"(?<![A-Za-z])(?:phone|mobile|mobil|tel|telefono?|teléfono|téléphone|telefone|telefoon|cell|celular|handy|fax|sms|whatsapp|msisdn|callback"
    r"|телефон|电话|手机|電話|전화)(?:[_ .-]?(?:number|nummer|num|no|nr|numéro))?[\"']?[ .]{0,2}(?:[:=#]| is | at )?[ \"']{0,3}"
    r"(?P<v>\+?\(?\d(?:[ ().\-/]{0,2}\d){6,14})(?![\w-]|\.\d|:\d)",
    re.IGNORECASE,
)
_PHONE_WORDS = ("phone", "mobil", "tel", "cell", "celular", "handy", "fax", "sms", "whatsapp", "msisdn", "callback")


def find_personal(text: str) -> Iterator[Span]:
    """Every mail address, card, account, social security and telephone number."""
    yield from _find_mail(text)
    if sum(char.isdigit() for char in text) >= 7:
        yield from _find_numbers(text)


def _find_mail(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at >= 0:
        span = _mail_around(text, at)
        if span is not None:
            yield span
        at = text.find("@", at + 1)
    lower = text.lower()
    if any(mark in lower for mark in ("at]", "at )", "at)", "at ]", "at}", "at>", "arroba", "[@", "(@")):
        for match in _HIDDEN_MAIL.finditer(text):
            yield Span(*match.span(), "EMAIL")
    if " at " in lower and " dot " in lower:
        for match in _SPOKEN_MAIL.finditer(text):
            yield Span(*match.span(), "EMAIL")


def _mail_around(text: str, at: int) -> Span | None:
    start = at
    while start > max(0, at - 64) and (text[start - 1].isalnum() or text[start - 1] in "._%+'-"):
        start -= 1
    while start < at and text[start] in ".'-%":
        start += 1
    domain = _DOMAIN.match(text, at + 1)
    if start == at or domain is None or text[max(0, start - 2) : start] == "//":
        return None
    name = domain.group().rstrip("-_")
    top = name.rpartition(".")[2].lower()
    end = at + 1 + len(name)
    is_remote = text[start:at] in {"git", "hg", "ssh"} and text[end : end + 1] in {":", "/"}
    if len(top) < 2 or not top.isalpha() or top in _NO_MAIL_TOP or is_remote:
        return None
    return Span(start, end, "EMAIL")


def _find_numbers(text: str) -> Iterator[Span]:
    for match in _DIGITS.finditer(text):
        if is_card(match.group().replace(" ", "").replace("-", "")):
            yield Span(*match.span(), "CARD")
    for match in _IBAN.finditer(text):
        end = _iban_end(match.group())
        if end:
            yield Span(match.start(), match.start() + end, "IBAN")
    for match in _SSN.finditer(text):
        yield Span(*match.span(), "SSN")
    yield from _find_phones(text)


def _find_phones(text: str) -> Iterator[Span]:
    for pattern in (_PHONE, _PHONE_PLUS):
        for match in pattern.finditer(text):
            if 8 <= _digits(match.group()) <= 15:
                yield Span(*match.span(), "PHONE")
    lower = text.lower()
    if not text.isascii() or any(word in lower for word in _PHONE_WORDS):
        for match in _PHONE_NAMED.finditer(text):
            if 7 <= _digits(match["v"]) <= 15:
                yield Span(*match.span("v"), "PHONE")


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def _iban_end(text: str) -> int:
    """How many characters of `text` are an IBAN, which may be followed by a word; 0 if none."""
    kept = [index for index, char in enumerate(text) if char.isalnum()]
    squeezed = "".join(text[index] for index in kept)
    return next((kept[size - 1] + 1 for size in range(len(squeezed), 14, -1) if is_iban(squeezed[:size])), 0)
