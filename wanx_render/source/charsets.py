"""Bytes of a text file to text: which encoding it is in, and how sure that is.

A byte order mark decides, then strict UTF-8. What is neither is guessed, because spreadsheets,
editors and converters on Chinese, Japanese and Korean systems still write the local code page. A
file may hold a dozen words, for which statistical detectors are unreliable (charset-normalizer
takes "今晚的月亮" in GBK for Korean), so the East Asian encodings are ranked by how common their
characters are; charset-normalizer chooses among those of one byte a character.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from wanx_render.language import tr

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_NAMES = {
    "gb18030": "GBK (GB18030)",
    "cp950": "Big5",
    "big5hkscs": "Big5 (Hong Kong)",
    "iso2022_jp": "ISO-2022-JP",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR (CP949)",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
# Of one byte a character, the usual ones first.
_SINGLE = ("cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "cp1258")

# The first two hundred or so of the usual frequency lists of running text.
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学"
    "对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头"
    "面公同三已老从动两长知样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情"
    "部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北"
    "少关并内加化由却代产入先山五太水万市早晚今谢吧啊呢吗爱让叫它快请找您哪谁猫夜光灯星风雨花雪"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學"
    "對可她裡後小麼心多天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭"
    "面公同三已老從動兩長知樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己話兒者向情"
    "部正名定女問力機給等幾很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北"
    "少關並內加化由卻代產入先山五太水萬市早晚今謝吧啊呢嗎愛讓叫它快請找您哪誰貓夜光燈星風雨花雪"
)
_HANGUL = frozenset(
    "이다는을가의에하고지도를은기한로사리어나니아자서시인그대일해들수여정라보스만요것있었게거내너"
    "우제오전주면부성상으국구안했과생세저년비할신람마말조원장동관무미와연경공문더때중바야물소화실"
    "러없네데까진통방개간되터모습두같적금선유당계각입단발위트분알심양려음운히르드레치파노교후차될"
)

Weight = Callable[[str], float]


class UnknownEncoding(ValueError):
    """The bytes are not text in any encoding that is known here; the message says what they are."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Text, the codec it was read with, and whether that was guessed.

    ``damaged`` counts the places that are no characters in it; they are U+FFFD in ``text``.
    """

    text: str
    codec: str
    guessed: bool = False
    damaged: int = 0
    lost: int = 0  # those of them that were not U+FFFD in the file

    @property
    def encoding(self) -> str:
        """The encoding as people call it."""
        return _NAMES.get(self.codec, self.codec.upper())


def decode(data: bytes) -> DecodedText:
    """The text of ``data``. Raises UnknownEncoding."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], codec)
    content = data.rstrip(b"\0")
    if content and b"\0" not in content:  # padded by a broken copy
        data = content
    if b"\0" in data:
        return _wide(data)
    try:
        if b"\x1b$" in data:  # of seven bits a byte, so that it is valid UTF-8 too
            return DecodedText(data.decode("iso2022_jp"), "iso2022_jp", guessed=True)
        return _marked(data, "utf-8", "strict")
    except UnicodeDecodeError:
        return _nearly_utf8(data) or _east_asian(data) or _cyrillic(data) or _single_byte(data)


def _marked(data: bytes, codec: str, errors: str = "replace") -> DecodedText:
    text = data.decode(codec, errors)
    damaged = _damaged(text)
    written = "\N{REPLACEMENT CHARACTER}".encode(codec)
    return DecodedText(text, codec, damaged=damaged, lost=damaged - data.count(written))


def _damaged(text: str) -> int:
    return text.count("\N{REPLACEMENT CHARACTER}")


def _wide(data: bytes) -> DecodedText:
    """UTF-16 without its mark: figures and spaces of a text have their zeros on one side."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    fewer, more_often = sorted((even, odd))
    if more_often * 10 < len(data) // 2 or fewer * 20 > more_often:
        raise UnknownEncoding(tr("it contains binary data, not text"))
    text = data.decode("utf-16-le" if odd > even else "utf-16-be", "replace")
    return DecodedText(text, "utf-16-le" if odd > even else "utf-16-be", True, _damaged(text))


def _nearly_utf8(data: bytes) -> DecodedText | None:
    """UTF-8 with a few broken characters, as a tool leaves it that cuts lines by bytes."""
    text = data.decode("utf-8", "replace")
    faults = _damaged(text)
    multibyte = len(text) - faults - sum(map(str.isascii, text))
    if multibyte < 10 * faults:
        return None
    return _marked(data, "utf-8")


def _east_asian(data: bytes) -> DecodedText | None:
    """The encoding in which the characters are the most common ones of its language."""
    best, highest = None, 0.3  # below a third of what common text has, it is not this language
    for codec, weight in _WEIGHTS.items():
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        characters = [character for character in text[:_SAMPLE] if not character.isascii()]
        if characters and (mean := sum(map(weight, characters)) / len(characters)) > highest:
            best, highest = DecodedText(text, codec, guessed=True), mean
    return best


_SAMPLE = 20_000  # characters that are weighed


def _cyrillic(data: bytes) -> DecodedText | None:
    """Windows-1251, where most letters above ASCII are in words of nothing else."""
    text = data.decode("cp1251", "replace")
    words = re.findall(r"[^\W\d_]+", text[:_SAMPLE])
    cyrillic = sum(len(word) for word in words if re.fullmatch("[Ѐ-ӿ]{3,}", word))
    letters = sum(not letter.isascii() for word in words for letter in word)
    return DecodedText(text, "cp1251", guessed=True) if cyrillic * 2 > letters else None


def _single_byte(data: bytes) -> DecodedText:
    from charset_normalizer import from_bytes  # 40 ms, for the few files that need it

    matches = from_bytes(data, cp_isolation=list(_SINGLE))
    if not matches:
        raise UnknownEncoding(tr("its encoding is unknown"))
    usual = {codec: place for place, codec in enumerate(_SINGLE)}
    match = min(matches, key=lambda m: (m.chaos, -m.coherence, usual.get(m.encoding, 99)))
    text = str(match)
    if sum(not c.isprintable() and c not in "\r\n\t\f" for c in text) * 100 > len(text):
        raise UnknownEncoding(tr("it contains binary data, not text"))
    return DecodedText(text, match.encoding, guessed=True)


def _lead(character: str, codec: str) -> int:
    """The first byte of a character of two bytes, else 0."""
    code = character.encode(codec, "ignore")
    return code[0] if len(code) == 2 else 0


def _simplified(character: str) -> float:
    lead = _lead(character, "gb2312")  # GB 2312: 0xB0 to 0xD7 are the 3755 of level 1
    return 1.0 if character in _SIMPLIFIED else 0.5 * (lead in range(0xA1, 0xD8))


def _traditional(character: str) -> float:
    lead = _lead(character, "big5")  # Big5: 0xA4 to 0xC6 are the 5401 frequent ones
    return 1.0 if character in _TRADITIONAL else 0.5 * (lead in range(0xA1, 0xC7))


def _korean(character: str) -> float:
    if character in _HANGUL:
        return 1.0
    if _lead(character, "euc_kr"):
        return 0.5 if "가" <= character <= "힣" else -0.5
    return 0.0  # of the later extension, which other encodings look like


def _japanese(character: str) -> float:
    if "ぁ" <= character <= "ヿ":
        return 1.2  # half of running text; Chinese in these bytes has none
    if "｡" <= character <= "ﾟ":
        return -0.5  # half-width kana: what other encodings look like in Shift-JIS
    lead = _lead(character, "cp932")  # JIS X 0208: 0x88 to 0x97 are the 2965 of level 1
    return 0.5 * (lead in range(0x81, 0x98))


_WEIGHTS: dict[str, Weight] = {
    "gb18030": _simplified,
    "cp950": _traditional,
    "big5hkscs": _traditional,
    "cp932": _japanese,
    "euc_jp": _japanese,
    "cp949": _korean,
}
