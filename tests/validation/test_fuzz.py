"""Whatever stands in the file, reading it ends in a shot list or in problems that can be shown.

``WANX_FUZZ=50000 pytest tests/validation/test_fuzz.py -s`` tries that many new inputs, goes on
after a crash and reports each kind of crash with the shortest input that shows it; it also puts
every nasty value at every place, of which CI tries a third.
"""

import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.places import BROKEN, SPECS
from tests.tiers import sample
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, as_json, concise, full, github
from wanx_render.errors import BadInput
from wanx_render.media import images
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.validation.load import load

INPUTS = int(os.environ.get("WANX_FUZZ", "0"))
IN_CI = 600
MOST_SECONDS = 2.0  # of this process's own time, so that a busy machine fails nothing

# Every key there is, and nothing wrong with any.
WHOLE = """\
version: 1
project: whole
backend: mock
region: beijing
budget: {max_cost: 20 CNY}
defaults:
  resolution: 720P
  prompt_extend: false
shots:
  - id: a
    model: wan2.5-i2v-preview
    image: frames/rooftop.jpg
    prompt: 夜雨
    negative_prompt: text
    resolution: 480P
    duration: 5
    audio: media/three-seconds.wav
    watermark: true
    seed: 7
    takes: 2
    pick: 2
    trim: {start: 0.5, end: 4}
    focus: [0.5, 0.25]
    transition: {type: cut, duration: 0}
  - id: b
    model: wan2.7-i2v
    image: {shot: a, frame: last}
    last_image: frames/letter.jpg
  - id: c
    model: wanx2.1-i2v-turbo
    image: frames/bottle.jpg
    template: flying
deliverables:
  - name: tall
    aspect: 9:16
    size: 720x1280
    fit: pad
    background: "#101820"
    fps: 30
    audio: {duck: false}
  - 3:4
"""
GOOD = [WHOLE, *(path.read_text(encoding="utf-8") for path in sorted(SPECS.glob("*.yaml")))]
BAD = [path.read_text(encoding="utf-8") for path in sorted(BROKEN.glob("*.yaml"))]
SCALAR = re.compile(r"(?:(?<=: )|(?<=- )|(?<=\[))[^\s#\[\]{},][^#\n,}\]]*")

NASTY = (
    *("", "~", "null", "true", "''", "'", '"', "-", "- -", "?", "? x", ":", "::", "%", "@", "`"),
    *("-0", "0", "-1", "1", "3", "010", "0o17", "0o9", "0x1F", "0xZZ", "1_000", "9" * 5000, "+.5"),
    *("1e999999999", "-1e999999999", "1e-999999999", "1e9999", "1e99999999999999999999", "4e-7"),
    *(".inf", "-.inf", ".nan", ".5", "5.", "1.5", "9:16", "1e999999999:1", "0:0", "1:1e-400"),
    *("1/3", "30000/1001", "29.97", "1080x1920", "٣x٤", "0x0", "99999999999999999999x2", "²x²"),
    *("2026-11-24", "2026-11-24T01:02:03Z", "12:30:45", "no", "on", "=", "<<", "'<<'"),
    *(r'"\0"', r'"a\0b.png"', r'"\ud800"', r'"\U0010ffff"'),
    *(r'"\e[31m"', r'"a\nb"', r'"\x85\u2028"'),
    *("👩‍👩‍👧", "夜雨", "\u202eabc", "e\u0301", "\ufeff"),
    *("\u2028", "\x85", "\x00", "\x1b", "\x7f", "\uffff"),
    *("a" * 300, "a" * 5000, "字" * 2000, "x" * 100_000, "a/" * 3000, "a b " * 500),
    *("data:", "data:image/png;base64,", "data:image/png;base64,AAAA", "data:image/png;base64,字"),
    *("data:image/png;base64,iVBORw0KGgo=", "http://", "https://example.com/a.png", "file:///etc"),
    *("/dev/zero", "/dev/null", "/", ".", "..", "//", "http://[::1", "ftp://a.wav", "HTTPS://x"),
    *("&a b", "*a", "*b", "&a {x: *a}", "&a [*a]", "!!str 5", "!!int x", "!!float x", "!!bool x"),
    *("!!null x", "!!python/object:os.system x", "!x y"),
    *("!!binary AAAA", "!!set {a}", "! 5", "!<x> y"),
    *("!!map [a]", "!!seq {a: b}", "!!timestamp 2026-11-24", "!!merge <<", "!!omap [a: b]"),
    *("[" * 50 + "]" * 50, "{a: " * 50 + "}" * 50, "[" * 3000, "{<<: " * 2000 + "{}" + "}" * 2000),
    *("[]", "{}", "[[]]", "[0.5, 0.5]", "[.inf, .nan]", "[1e999999999, 0]", "[true, false]", "[a]"),
    *("{shot: a}", "{shot: window, frame: last}", "{shot: {shot: a}}", "{start: 1}", "{end: .nan}"),
    *("{start: 1e-9, end: 2e-9}", "{start: -0, end: 1e999999999}", "{type: fade, duration: .inf}"),
    *("{a: b, a: c}", "{[a]: b}", "{? {a: b} : c}", "{<<: 5}", "{<<: [5, {a: b}]}", "{1: 2}"),
    *("{loudness: .nan}", "{loudness: 1e999999999}"),
    *("{music: a, duck: 1}", "20 CNY", "1e999999 USD"),
    *("NaN CNY", "-0 CNY", "sNaN USD", "sk-0123456789abcdef01234567"),
    *("|", ">", "|\n      x", "\t", "\tx"),
    *("silent", "auto", "wan2.7-i2v", "wan2.1-i2v-turbo"),
    *("wanx2.1-kf2v-plus", "media/one-second.wav"),
    *("media/alpha.png", "media/cut.png", "media/words.wav"),
    *("media", "480P", "flying", "blur", "#fff"),
)  # fmt: skip
LINES = (
    *("x: &a {b: c}", "<<: *a", "<<: {model: wan2.6-i2v}"),
    *("  <<: {seed: 1}", "    <<: {id: b}", "..."),
    *("---", "%YAML 1.1", "%TAG ! !x"),
    *("# sk-0123456789abcdef01234567", "defaults: ~", "defaults: []"),
    *("defaults: {id: a}", "shots:", "shots: {}", "  - 5"),
    *("  - ~", "  - id: a", "deliverables:", "  - 1:1"),
    *("    last_image: ../../specs/frames/rooftop.jpg", "    template: flying", "    duration: 15"),
    *("    trim: {start: 4.999, end: 5}"),
    *("    audio: media/half-a-minute.wav", "    image: {shot: a}"),
    *("    fit: pad", "    size: 16x16", "    fps: 1"),
    *("    fps: 120", "region: singapore", "\t", " "),
)  # fmt: skip
ATOMS = (
    *("version: 1\n", "project: p\n", "shots:\n"),
    *("deliverables:\n", "defaults:\n", "- ", "  ", "    "),
    *("\n", "\r\n", "\r", ": ", ", ", "[", "]", "{", "}"),
    *("&a ", "*a", "!!str ", "|\n", ">-\n", "'", '"'),
    *("id: a\n", "model: wan2.5-i2v-preview\n"),
    *("image: frames/rooftop.jpg\n", "9:16\n", "\t", "#", "\\"),
    *("<<: ", "? ", "---\n", "...\n", "\ufeff", "\x00"),
    *("字", "👩‍👩‍👧", "aspect: ", "name: ", "size: "),
)  # fmt: skip
ENDS = ("\r\n", "\r", "\u2028", "\x85", "\n\n")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good or broken list with a few things done to it."""
    text = draw(st.one_of(st.just(WHOLE), st.sampled_from(GOOD), st.sampled_from(BAD)))
    for _ in range(draw(st.integers(1, 4))):
        text = _mutated(draw, text)
    data = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 15)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data


def _mutated(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    change = draw(st.integers(0, 21))
    match change:
        case 0:
            del lines[one]
        case 1:
            lines[one:one] = lines[min(one, other) : max(one, other) + 1]
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = draw(st.sampled_from(("  ", "\t", "    "))) + lines[one]
        case 4:
            lines[one] = lines[one][draw(st.integers(1, 4)) :]
        case 5:
            lines[one:one] = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=2))
        case 6:
            lines[one:one] = [lines[one]] * draw(st.sampled_from((2, 20, 200)))
        case 7:
            return draw(st.sampled_from(ENDS)).join(lines)
        case 8:
            return "\ufeff" + text
        case 9:
            at = draw(st.integers(0, len(text)))
            return text[:at] + draw(st.sampled_from((*NASTY, *ATOMS))) + text[at:]
        case 10:
            return text[: draw(st.integers(0, len(text)))]
        case _:
            places = list(SCALAR.finditer(text))
            if places:
                start, end = draw(st.sampled_from(places)).span()
                nasty = draw(st.one_of(st.sampled_from(NASTY), st.text(max_size=12)))
                return text[:start] + nasty + text[end:]
    return "\n".join(lines)


INPUT = st.one_of(
    mutated(),
    mutated(),
    mutated(),
    mutated(),
    st.binary(max_size=200),
    st.lists(st.sampled_from((*ATOMS, *NASTY)), max_size=30).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    ),
)


class TooSlow(BaseException):
    """Not an Exception, so that nothing under test can catch it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TooSlow where the block takes more of this process's time."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def assert_printable(problem: Diagnostic, texts: dict[str, str]) -> None:
    """Every form of a problem can be made, and gives text that can be written out."""
    for text in (full(problem, texts), concise(problem), github(problem)):
        text.encode()
    assert "\n" not in github(problem)
    json.loads(json.dumps(as_json(problem)))


def attempt(data: bytes, file: Path, catalog: Catalog) -> str:
    """Read ``data`` as a shot list and go as far as a dry run goes; what became of it."""
    file.write_bytes(data)
    try:
        loaded = load(file, catalog)
    except BadInput as problem:
        assert problem.diagnostics, "a refusal must say why"
        for diagnostic in problem.diagnostics:
            assert_printable(diagnostic, problem.texts)
        return "refused"
    for warning in loaded.warnings:
        assert_printable(warning, dict(loaded.texts))
    made = plan.make(loaded.shots, loaded.shots.backend, loaded.media, catalog)
    json.dumps(repr(forecast(made, take_statuses(made, None), catalog)))
    return "read"


@dataclass
class Tally:
    """What a long run has seen."""

    inputs: int = 0
    read: int = 0
    slowest: float = 0.0
    slowest_input: bytes = b""
    crashes: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def crash(self, error: BaseException, data: bytes) -> None:
        kind = _kind(error)
        self.times[kind] = self.times.get(kind, 0) + 1
        if kind not in self.crashes or len(data) < len(self.crashes[kind][0]):
            last = "".join(traceback.format_exception(error)[-4:])
            self.crashes[kind] = (data, last)


def _kind(error: BaseException) -> str:
    """The same bug has the same name: what was raised, and the last place of ours it went through.

    A slow input is caught at any place below the slow one, so only the function of ours counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "wanx_render" in frame.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "the test"
    return f"{type(error).__name__} in {place}"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that finds the pictures of the examples and of the broken lists where they do."""
    root = tmp_path_factory.mktemp("fuzz")
    folder = root / "tests" / "broken"
    folder.mkdir(parents=True)
    (root / "specs").symlink_to(SPECS)
    (folder / "frames").symlink_to(SPECS / "frames")
    (folder / "media").symlink_to(BROKEN / "media")
    return folder / "list.yaml"


@pytest.fixture(autouse=True)
def pictures_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same few pictures stand in every input; it is the lists that are new."""
    monkeypatch.setattr(images, "inspect", cache(images.inspect))


@pytest.mark.parametrize("value", sample(60, NASTY), ids=lambda value: ascii(value[:20]))
def test_no_value_makes_reading_crash_or_hang_at_any_place(
    file: Path, catalog: Catalog, value: str
) -> None:
    places = list(SCALAR.finditer(WHOLE))
    first = NASTY.index(value) % 3
    for place in places if INPUTS else places[first::3]:
        text = WHOLE[: place.start()] + value + WHOLE[place.end() :]
        with within(MOST_SECONDS):
            attempt(text.encode(), file, catalog)


def test_no_file_whatever_makes_reading_crash_or_hang(
    file: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()

    @settings(
        max_examples=INPUTS or IN_CI,
        derandomize=not INPUTS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(INPUT)
    def check(data: bytes) -> None:
        started = time.process_time()
        try:
            with within(MOST_SECONDS):
                tally.read += attempt(data, file, catalog) == "read"
        except (Exception, TooSlow) as error:
            if not INPUTS:
                raise AssertionError(_kind(error)) from error
            tally.crash(error, data)
        taken = time.process_time() - started
        tally.inputs += 1
        if taken > tally.slowest:
            tally.slowest, tally.slowest_input = taken, data

    started = time.monotonic()
    check()
    if INPUTS:
        with capsys.disabled():
            _report(tally, time.monotonic() - started)
    assert not tally.crashes, sorted(tally.crashes)


def _report(tally: Tally, seconds: float) -> None:
    failures = sum(tally.times.values())
    sys.stdout.write(
        f"\nfuzz: {tally.inputs} inputs ({tally.read} read to the end), {seconds:.0f} s, "
        f"slowest {tally.slowest:.2f} s {tally.slowest_input[:200]!r}, {failures} failures of "
        f"{len(tally.crashes)} kinds\n"
    )
    for kind, (data, last) in sorted(tally.crashes.items()):
        sys.stdout.write(f"\n== {kind}, {tally.times[kind]} times, shortest input:\n{data!r}\n")
        sys.stdout.write(f"{last[-1500:]}\n")
