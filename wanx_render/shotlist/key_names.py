"""What people write for keys of a list: words of other programs and of the API, and Chinese."""

from collections.abc import Container

from wanx_render.language import NOTHING, Message, tr

_KEYS = {
    "prompt": "text description 提示词 描述 画面",
    "negative_prompt": "negative 反向提示词 负面提示词 负向提示词",
    "model": "模型",
    "image": "img_url first_frame first_frame_url image_url picture 首帧 图片 首帧图",
    "last_image": "last_frame last_frame_url 尾帧 尾帧图",
    "continue": "first_clip extend 续写 续拍",
    "references": "ref_images reference_images reference_urls characters subjects 参考 参考图 角色",
    "aspect": "ratio aspect_ratio 画幅 画幅比例 比例 宽高比",
    "shot_type": "multi_shot multi_shots",
    "resolution": "tier quality 分辨率 清晰度",
    "duration": "seconds length 时长 秒数",
    "audio": "audio_url driving_audio 音频 声音",
    "watermark": "水印",
    "seed": "种子",
    "takes": "n count 条数",
    "caption": "subtitle 字幕",
    "transition": "转场",
    "trim": "剪辑 截取",
    "id": "name 编号 镜头号",
    "shots": "scenes 镜头 分镜",
    "deliverables": "outputs 成片 输出",
    "defaults": "默认 默认值",
    "budget": "预算",
    "project": "项目 项目名",
    "region": "地域 区域",
    "name": "名称",
    "size": "尺寸",
    "fit": "适配",
    "video": "clip 视频",
    "sound": "audio",
}
_IN_THE_PROMPT = {"style", "camera", "motion_prompt", "风格", "运镜", "景别", "镜头语言"}


def hint(key: str, known: Container[str]) -> Message:
    """What to write instead of ``key`` where that is known by its meaning, or nothing."""
    word = key.strip().lower().replace("-", "_")
    meant = next((k for k, words in _KEYS.items() if k in known and word in words.split()), "")
    if meant:
        return tr("did you mean {name!r}?", name=meant)
    if "prompt" not in known:
        return NOTHING
    if word in _IN_THE_PROMPT:
        return tr("say it in the prompt")
    if word in ("size", "尺寸") and "resolution" in known:
        return tr("use resolution and aspect; size belongs to deliverables")
    return NOTHING
