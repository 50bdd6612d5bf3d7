"""From the bytes of an article to its text, and to a view of it that is easy to read by rules.

`decode_article` finds the encoding and refuses what is no article. `ReadingView` is the text with
line ends, spaces and HTML entities made plain, and knows for each of its characters where it stands
in the decoded text, so that whatever is found in the view can be handed back as a literal slice.
Knows nothing of quotations, speakers or statements.
"""

import codecs
import html
import re
from dataclasses import dataclass

from models.errors import InputError

MAX_FILE_BYTES = 20_000_000
MAX_LINE_CHARACTERS = 1_000_000

_BOMS = (
    # The UTF-32 mark begins with the UTF-16 one, so it is tried first.
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
# Tab, line feed, vertical tab (old word processors), form feed, carriage return and next line are text.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SAVE_AS = "save it as plain text in UTF-8 and try again"


def decode_article(data: bytes, name: str) -> str:
    """The text of an article file; line ends and entities stay as they are, a byte order mark goes.

    Tries the byte order mark, UTF-8, then Windows-1252 and Latin-1. Offsets of statements are
    character offsets into what this returns. Raises InputError, naming `name`, for a file that is
    empty, too large (20 MB), binary, of no known encoding, or has a line over 1 million characters.
    """
    if not data:
        raise InputError(f"{name}: the file is empty; give an article as plain text")
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{name}: {len(data):,} bytes is over the limit of 20 MB; split it into single articles")
    text = _decode(data, name)
    if not text.strip("\ufeff\u200b\x00 \t\r\n\v\f\u00a0"):
        raise InputError(f"{name}: the file holds only white space; give an article as plain text")
    found = _CONTROL.search(text)
    if found:
        where = f"U+{ord(found.group()):04X} at character {found.start():,}"
        raise InputError(f"{name}: not a text file ({where}); {_SAVE_AS}")
    longest = max(map(len, re.split(r"[\r\n]", text)))
    if longest > MAX_LINE_CHARACTERS:
        raise InputError(
            f"{name}: a line of {longest:,} characters is over the limit of 1 MB; break it into paragraphs"
        )
    return text


def _decode(data: bytes, name: str) -> str:
    for mark, encoding, label in _BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as fault:
                raise InputError(f"{name}: marked as {label} but broken at byte {fault.start}; {_SAVE_AS}") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        where = fault.start
    if b"\x00" in data:
        raise InputError(f"{name}: not a text file (zero byte at {data.index(0):,}); {_SAVE_AS}")
    for encoding in ("cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _plausible(text):
            return text
    raise InputError(f"{name}: unknown encoding (byte {data[where]:#04x} at {where:,}); {_SAVE_AS}")


def _plausible(text: str) -> bool:
    """Whether text decoded from single bytes reads like a Western language.

    Any bytes decode as Latin-1. Text has few characters beyond ASCII, and those are letters, quotation
    marks and spaces; in Cyrillic, Greek or compressed data most characters are beyond ASCII.
    """
    beyond = [character for character in text if ord(character) > 127]
    if not beyond:
        return True
    if any("\x80" <= character <= "\x9f" and character != "\x85" for character in text):
        return False
    usual = sum(
        character.isalpha() or character in " «»“”‘’„‚–—…•·£€°§©®™´¿¡½¼\u00a0\u00ad\x85" for character in beyond
    )
    return len(beyond) <= 0.25 * len(text) and usual >= 0.75 * len(beyond)


@dataclass(frozen=True, kw_only=True)
class ReadingView:
    """`text` with plain line ends, spaces and characters; `starts[i]`, `ends[i]` place character i in the source."""

    source: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the source of the view's characters start..end (end > start)."""
        return self.starts[start], self.ends[end - 1]


_ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
_TAG = r"</?(?:p|div|br|li|ul|ol|h[1-6]|blockquote|section|article|b|i|em|strong|span|a|u|q)\b[^<>\n]{0,300}>"
_SPECIAL = re.compile(
    rf"(?P<newline>\r\n|\r|\n|\u2028|\u2029|\x85|\v|\f)|(?P<space>[\t\u00a0\u2000-\u200a\u202f\u205f\u3000])"
    rf"|(?P<nothing>[\u00ad\u200b-\u200f\u2060\ufeff])|(?P<entity>{_ENTITY})|(?P<tag>{_TAG})"
    r"|(?P<latex>``|(?<![\w'])''(?=\w)|(?<=[\w.,!?])''(?!\w))",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|blockquote|section|article)\b", re.IGNORECASE)


def reading_view(source: str) -> ReadingView:
    """Makes the view: CRLF → LF, odd spaces → space, entities → their character, tags and soft hyphens → nothing."""
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(characters: str, start: int, end: int) -> None:
        text.append(characters)
        starts.extend([start] * len(characters))
        ends.extend([end] * len(characters))

    at = 0
    for found in _SPECIAL.finditer(source):
        plain = source[at : found.start()]
        text.append(plain)
        starts.extend(range(at, found.start()))
        ends.extend(range(at + 1, found.start() + 1))
        at = found.end()
        put(_plain(found), found.start(), found.end())
    text.append(source[at:])
    starts.extend(range(at, len(source)))
    ends.extend(range(at + 1, len(source) + 1))
    return ReadingView(source=source, text="".join(text), starts=tuple(starts), ends=tuple(ends))


def _plain(found: re.Match[str]) -> str:
    """What a special piece of the source reads as."""
    piece = found.group()
    match found.lastgroup:
        case "newline":
            return "\n"
        case "space":
            return " "
        case "entity":
            character = html.unescape(piece)
            return piece if character == piece else _plain_character(character)
        case "tag":
            return "\n\n" if _BLOCK_TAG.match(piece) else ""
        case "latex":
            return "“" if piece == "``" or not found.string[: found.start()][-1:].strip() else "”"
        case _:
            return ""


def _plain_character(character: str) -> str:
    if character in "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff":
        return ""
    return " " if character.isspace() else character
