"""What the rules say, in Chinese."""

import re
from collections.abc import Iterator

import pytest

from tests.support.places import BROKEN, ROOT
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.diagnostics import Diagnostic, full
from wanx_render.errors import BadInput
from wanx_render.language import shown, using
from wanx_render.validation.load import load

RULES = ROOT / "wanx_render" / "validation"
CHINESE = re.compile("[\u4e00-\u9fff]")


def codes_of_rules() -> set[str]:
    """The codes in the modules of rules, but for those that values of the list have too."""
    text = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*_rules.py"))
    return set(re.findall(r'"([a-z]+(?:-[a-z]+)+)", ', text.replace("\n", " "))) - {
        "colour-unknown",
        "trim-empty",
    }


def problems(catalog: Catalog) -> Iterator[Diagnostic]:
    for path in sorted(BROKEN.glob("*.yaml")):
        try:
            yield from load(path, catalog).warnings
        except BadInput as refusal:
            yield from refusal.diagnostics


def test_every_problem_that_a_rule_finds_has_chinese(catalog: Catalog) -> None:
    codes = codes_of_rules()
    # A problem of some rows is said in one file only, where every row has the same words.
    of_rules = [p for p in problems(catalog) if p.code in codes and "(row " not in p.message]
    assert len({problem.code for problem in of_rules}) > 35
    english = [p for p in of_rules if not CHINESE.search(shown(p.message, "zh"))]
    assert english == []
    hints = [p for p in of_rules if p.hint and not CHINESE.search(shown(p.hint, "zh"))]
    assert hints == []


def test_a_problem_is_shown_in_chinese_at_its_place(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        load(BROKEN / "duration-unsupported.yaml", catalog)
    with using("zh"):
        lines = full(caught.value.diagnostics[0], caught.value.texts).splitlines()
    assert lines[0].endswith(
        "7:15: 错误[duration-unsupported]: wan2.2-i2v-flash 不支持 10 秒的时长"
    )
    assert lines[4].startswith("  提示：请使用 5，或支持 10 秒的模型：wan2.5-i2v-preview、")


def test_advice_and_notes_of_the_catalogue_are_chinese_too() -> None:
    catalog = packaged()
    advice = catalog.meaning("InvalidApiKey").advice
    assert advice == "check DASHSCOPE_API_KEY; a key works only in its own region"
    assert shown(advice, "zh") == "请检查 DASHSCOPE_API_KEY；API Key 仅在所属地域有效"
    texts = [row.advice for row in catalog.codes]
    for model in catalog.models.values():
        texts += [model.title, model.fps.note, model.durations.note, model.tiers.note]
    texts += [evidence.title for evidence in catalog.sources.values()]
    assert [text for text in texts if text and not CHINESE.search(shown(text, "zh"))] == []
