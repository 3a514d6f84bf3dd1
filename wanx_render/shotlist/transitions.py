"""How one shot goes over into the next: one row for each kind, which everything else reads.

The shot list and its schema, the filter that draws it, and what each format for editing programs
calls it. A kind is added here, in the guide, and as a golden seam.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wanx_render.diagnostics import Diagnostic, listed
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, tr


@dataclass(frozen=True, slots=True)
class Effect:
    """A transition of Final Cut Pro, and what it has for a direction or colour: a parameter's name
    and key, and its values."""

    name: str
    uid: str
    parameter: tuple[str, str] = ("", "")
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionKind:
    """One kind of transition."""

    name: str  # what people write
    way: Literal["", "direction", "through"]  # the key that says more of it
    xfade: str  # what ffmpeg's filter calls it, without a direction; empty: it is drawn otherwise
    edl: str  # the code of CMX 3600: D, or W and a number of SMPTE
    edl_ways: Mapping[str, str] = field(default_factory=dict)  # other codes, by direction
    otio: Literal["SMPTE_Dissolve", "Custom_Transition"]
    fcpxml: Effect
    jianying: Mapping[str, str] = field(default_factory=dict)  # by direction or colour


# Identities and parameters are those of files that Final Cut Pro and Resolve wrote (decision 0010).
_CROSS_DISSOLVE = Effect("Cross Dissolve", "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265")
_FADE_TO_COLOUR = Effect(  # of black, unless it says otherwise
    name="Fade To Color",
    uid="FxPlug:F779C565-486D-4633-8035-0374B4DB8F5C",
    parameter=("Color", "3"),
    values=(("white", "1 1 1 1"),),
)
# To where the edge or the picture moves.
_WAYS = (("left", "0 (Left)"), ("up", "1 (Up)"), ("right", "2 (Right)"), ("down", "3 (Down)"))
_WIPE = Effect("Wipe", "FxPlug:857E2FBA-98DB-411B-A88C-CE6ABC1F65D8", ("Direction", "13"), _WAYS)
_SLIDE = Effect("Slide", "FxPlug:6AAB0D54-FCD8-4EBD-A62D-D352A5ED1648", ("Direction", "4"), _WAYS)

_TABLE = (
    TransitionKind(
        name="cut", way="", xfade="",
        edl="C", otio="Custom_Transition", fcpxml=_CROSS_DISSOLVE,
    ),
    # xfade's own "dissolve" is a spray of dots, its "fade" what people mean.
    TransitionKind(
        name="dissolve", way="", xfade="fade",
        edl="D", otio="SMPTE_Dissolve", fcpxml=_CROSS_DISSOLVE,
        jianying={"": "叠化"},
    ),
    # Not by xfade, whose black is below what video allows.
    TransitionKind(
        name="fade", way="through", xfade="",
        edl="D", otio="Custom_Transition", fcpxml=_FADE_TO_COLOUR,
        jianying={"black": "闪黑", "white": "闪白"},
    ),
    # SMPTE's codes are of wipes to the right and down; that one goes the other way they do not say.
    TransitionKind(
        name="wipe", way="direction", xfade="wipe",
        edl="W001", edl_ways={"up": "W002", "down": "W002"},
        otio="Custom_Transition", fcpxml=_WIPE,
        jianying={"left": "向左擦除", "right": "向右擦除", "up": "向上擦除", "down": "向下擦除"},
    ),
    TransitionKind(
        name="slide", way="direction", xfade="slide",
        edl="D", otio="Custom_Transition", fcpxml=_SLIDE,
        jianying={"left": "左移", "right": "右移", "up": "上移", "down": "下移"},
    ),
)  # fmt: skip
_KINDS = {kind.name: kind for kind in _TABLE}
NAMES = tuple(_KINDS)


def kind_of(name: str) -> TransitionKind:
    """The row of the table. Raises BadInput for what no row describes."""
    if name not in _KINDS:
        message = tr("{value!r} is not a valid {what}", value=name, what=tr("transition"))
        hint = tr("use one of {names}", names=listed(NAMES, len(NAMES)))
        raise BadInput(Diagnostic("value-unknown", message, hint=hint))
    return _KINDS[name]


def with_key(way: str) -> Message:
    """The kinds that the key ``way`` says more of, in words: ``wipe or slide``."""
    return joined((kind.name for kind in _TABLE if kind.way == way), tr(" or "))
