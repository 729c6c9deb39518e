"""What was sent as a secret, and how it is taken out of what a server says: it may repeat a request, or a tool its token."""

import base64
import binascii
import html
import json
import re
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MARK = "[secret]"
LEAST_LENGTH = 8  # Shorter ones are found in innocent words, too.
WITHHELD = "(its words are withheld: a secret of fewer than 8 characters stands in them)"


class SentSecrets:
    """Remembers secrets; from eight characters on they are replaced, however they are spelled.

    What holds a shorter one is withheld: to leave a gap in it would tell which it is.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._long: re.Pattern[str] | None = None
        self._short: re.Pattern[str] | None = None
        self._needles: list[str] = []
        self._lock = threading.Lock()

    def add(self, secrets: Iterable[str]) -> None:
        with self._lock:
            new = {secret for secret in secrets if secret} - self._known
            if not new:
                return
            self._known |= new
            long, short = set[str](), set[str]()
            for secret in self._known:
                (long if len(secret) >= LEAST_LENGTH else short).update(spellings(secret))
            self._needles = sorted(long, key=len, reverse=True)
            self._long, self._short = any_of(self._needles), any_of(sorted(short))

    def cleared(self, text: str) -> str:
        """A text without the secrets."""
        return self._long.sub(MARK, text) if self._long else text

    def cleared_message(self, text: str) -> str:
        """What a server says of a failure; nothing of it where a short secret is in it."""
        text = self.cleared(text)
        return WITHHELD if self._short and self._short.search(text) else text

    def cleared_json(self, value: Any) -> Any:
        """JSON without the secrets in its texts; a number that is one becomes 0."""
        if self._long is None:
            return value
        if isinstance(value, str):
            return self.cleared(value)
        if isinstance(value, dict):
            return {self.cleared(key): self.cleared_json(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.cleared_json(each) for each in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return 0 if self._long.search(json.dumps(value)) else value
        return value

    def open_end(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a secret."""
        longest = 0
        for needle in self._needles:
            for length in range(min(len(needle) - 1, len(text)), longest, -1):
                if text.endswith(needle[:length]):
                    longest = length
                    break
        return longest


class ClearedText:
    """Text that arrives in pieces: what may be the beginning of a secret is held back until it is known."""

    def __init__(self, sent: SentSecrets) -> None:
        self._sent = sent
        self._held = ""

    def next(self, piece: str) -> str:
        known = self._sent.cleared(self._held + piece)
        end = len(known) - self._sent.open_end(known)
        self._held = known[end:]
        return known[:end]

    def end(self) -> str:
        held, self._held = self._held, ""
        return held


def any_of(needles: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, needles))) if needles else None


def spellings(secret: str) -> set[str]:
    """As it is, as JSON, Python and HTML escape it, percent-encoded, in hexadecimal and in base64."""
    data = secret.encode()
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in encoded}
    digits = binascii.hexlify(data).decode()
    texts = {
        secret, *escaped, *(text.replace("/", "\\/") for text in escaped), *(json.dumps(text)[1:-1] for text in escaped),
        repr(secret)[1:-1], html.escape(secret), *encoded, *lower, digits, digits.upper(), *base64_spellings(data),
    }
    return texts - {""}


def base64_spellings(data: bytes) -> set[str]:
    """In both alphabets, for each place in a group at which it may begin: only the characters that it alone decides."""
    texts = set()
    for offset in range(3):
        first, last = (offset * 8 + 5) // 6, (offset + len(data)) * 8 // 6
        if last - first >= 4:
            core = base64.b64encode(bytes(offset) + data).decode()[first:last]
            texts |= {core, core.replace("+", "-").replace("/", "_")}
    return texts
