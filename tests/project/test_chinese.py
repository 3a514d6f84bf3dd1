"""Chinese texts: one word for each thing, and the typography of Chinese."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.support.places import ROOT
from tests.translations import CATALOGUE, parts

# What the words of the program and its pages are, and what they are not called.
TERMS = {
    "分镜表": "分镜脚本|分镜列表|分镜清单|镜头表|镜头列表|镜头清单",
    "片段": "片断|视频段|视频片段",
    "成片": "成品|输出视频|交付物|交付件|产出物",
    "首帧": "起始帧|开始帧|首图|首帧图(?!片|像)",
    "尾帧": "末帧|最后一帧|结束帧",
    "条": "第 [^ ]+ 次拍摄|多条素材|拍摄条次",
    "画幅比例": "宽高比|长宽比|纵横比",
    "补边": "加黑边|填边|加边",
    "模糊填充": "模糊背景填充|模糊补边|填充模糊",
    "转场": "过渡效果|过场",
    "叠化": "溶解|交叉淡化",
    "字幕": "标题文字|说明文字",
    "能力矩阵": "能力表|功能矩阵",
    "分镜预览": "故事板|分镜板",
    "缩略图总览": "联系表|接触印样|缩略图表",
    "看板": "面板|仪表板|仪表盘",
    "模拟服务器": "仿真器|仿真服务|模拟器|模拟服务(?!器)",
    "模拟后端": "虚拟后端|假后端|桩后端",
    "续跑、找回、裁定": "救援|挽救|裁决|仲裁",
    "试运行": "干跑|空跑|预演",
    "内容审核": "内容审查|内容安全审核",
    "渲染文件夹": "渲染目录|输出目录|输出文件夹",
    "API Key": "密钥|秘钥|密匙|API密钥|API key|APIKey",
    "账号": "帐号|帐户|账户",
    "登录": "登陆",
    "配音": "旁白|画外音",
    "选片文件": "选用文件|选条文件|选择文件(?!夹)",
    "自带字体": "内置字体",
    "模型目录": "目录文件(?<!模型目录文件)",
    "响应": "应答|回应",
    "受理": "已接受|被接受",
    "总览页": "汇总页|索引页",
    "淘汰": "否决",
    "你": "您",
}
HAN = "[一-鿿]"
LATIN = "[A-Za-z0-9`%]"
CLOSE = re.compile(f"{HAN}{LATIN}|{LATIN}{HAN}")
HALF = re.compile(rf"{HAN}[,;:!?(]|\){HAN}|{HAN}\.(?![a-z])|{HAN}[\"']|[\"']{HAN}")
LOOSE = re.compile("[，。；：、！？（“] | [，。；：、！？）”]|[0-9] %")
# Words in a row with an ordinary one among them; names of programs and keys have none.
_ORDINARY = "the|is|are|was|and|or|of|with|that|it|you|not"
ENGLISH = re.compile(rf"(?:[A-Za-z']+[ ,]+)*\b(?:{_ORDINARY})\b(?:[ ,]+[A-Za-z']+)+")
LITERAL = "AI生成"  # the label that rules in China ask for
# Placeholders that stand for numbers and names; the others may stand for Chinese words.
LATIN_VALUE = re.compile(
    "{(n|name|key|model|file|path|size|seconds|count|code|tier|url)(!r|:[^}]*)?}"
)
QUOTED = re.compile("“(?:[ -~]+|[^”]*: [^”]*)”")  # signs of YAML

Text = tuple[str, str]  # where it is, and what it is


def messages() -> Iterator[Text]:
    for path in parts() or [CATALOGUE]:
        with path.open("rb") as file:
            catalogue = read_po(file, "zh_CN")
        for message in catalogue:
            if not message.id:
                continue
            texts = [message.string] if isinstance(message.string, str) else message.string
            yield from ((f"{path.name}:{message.lineno}", text) for text in texts)


def pages() -> list[Path]:
    return [*sorted((ROOT / "docs" / "zh").rglob("*.md")), ROOT / "README.zh-CN.md"]


def lines() -> Iterator[Text]:
    """The lines of Chinese pages, those of their examples too."""
    for page in pages():
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
            yield f"{page.name}:{number}", line


def prose() -> Iterator[Text]:
    """The lines outside of examples; links, addresses and cells of tables are made plain."""
    fenced = False
    for place, line in lines():
        fenced ^= line.startswith("```")
        if not fenced and not line.startswith("<"):
            plain = re.sub(r"\]\([^)]*\)", "]", line.replace("![", "["))
            yield place, re.sub(r" *\| *", "|", plain).strip()


def bare(text: str) -> str:
    """A text with code and literals made plain, so that only its own signs are left."""
    text = re.sub(r"`[^`]+`", "`x`", text).replace(LITERAL, "AI")
    text = QUOTED.sub("“x”", LATIN_VALUE.sub("x", text))
    return re.sub(r"{[^}]*}", "□", re.sub(r"\*\*|[\[\]]", "", text))


def wrong_terms(text: str) -> list[str]:
    return [
        f"{match[0]}: {term}"
        for term, variants in TERMS.items()
        for match in re.finditer(variants, text)
    ]


def wrong_signs(text: str) -> list[str]:
    plain = bare(text)
    return [
        plain[max(0, match.start() - 8) : match.end() + 8]
        for pattern in (CLOSE, HALF, LOOSE)
        for match in pattern.finditer(plain)
    ]


def test_a_thing_has_one_name_in_messages_and_pages() -> None:
    hits = [(place, hit) for place, text in [*messages(), *lines()] for hit in wrong_terms(text)]
    assert not hits, "\n".join(map(": ".join, hits))


def test_chinese_has_full_width_signs_and_blanks_before_latin_words() -> None:
    hits = [(place, hit) for place, text in [*messages(), *prose()] for hit in wrong_signs(text)]
    assert not hits, "\n".join(map(": ".join, hits))


def test_no_sentence_is_left_in_english() -> None:
    texts = [*messages(), *prose()]
    hits = [(place, hit[0]) for place, text in texts for hit in ENGLISH.finditer(bare(text))]
    assert not hits, "\n".join(map(": ".join, hits))


def test_there_are_texts_to_check() -> None:
    assert len(list(messages())) > 500
    assert len(list(prose())) > 500


@pytest.mark.parametrize(
    ("text", "hit"), [("渲染镜头表", "镜头表: 分镜表"), ("打开故事板。", "故事板: 分镜预览")]
)
def test_another_name_is_found(text: str, hit: str) -> None:
    assert wrong_terms(text) == [hit]


def test_english_is_found() -> None:
    assert ENGLISH.search("文件 is not valid。")
    assert not ENGLISH.search("支持 Final Cut Pro、Avid 和 Kdenlive")


@pytest.mark.parametrize(
    "text",
    [
        "共3个",
        "共 {n}个",
        "使用`plan`查看",
        "好,再来",
        "是(否)",
        "好 。",
        '说"好"',
        "完.",
        "共 3 %",
    ],
)
def test_signs_and_blanks_that_are_wrong_are_found(text: str) -> None:
    assert wrong_signs(text)


@pytest.mark.parametrize(
    "text", ["共 3 个，好。", "加 label: AI生成", "名为“好”", "**音乐**播完", "见 `抖音` 一行。"]
)
def test_signs_and_blanks_that_are_right_pass(text: str) -> None:
    assert not wrong_signs(text)
