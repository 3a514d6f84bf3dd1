"""Probes asked and judged: what was seen against what the documents say."""

from collections.abc import AsyncIterator, Callable, Sequence

from wanx_render.backends.cleaning import Cleaner
from wanx_render.catalog.abilities import Model
from wanx_render.conformance.answers import ASPECTS, ProbeExchange, message_of
from wanx_render.conformance.asker import Asker
from wanx_render.conformance.bodies import targets
from wanx_render.conformance.probe import ProbeCheck, ProbeFinding, ServiceProbe
from wanx_render.language import NOTHING, Message, tr

_ONE_SECOND = 1.5  # a burst that takes longer says nothing of a limit a second


async def findings(
    probes: Sequence[ServiceProbe],
    asker: Asker,
    begun: Callable[[ServiceProbe], None],
) -> AsyncIterator[ProbeFinding]:
    """Every check of every probe, in the order of the table; ``begun`` is called before each."""
    for probe in probes:
        begun(probe)
        models = targets(probe.question, asker.catalog, asker.region)
        if not models and probe.question.form:
            reason = tr("the region has no model of the form {form}", form=probe.question.form)
            for check in probe.checks:
                yield _finding(probe, check, None, reason=reason)
        for model in models:
            exchange = await asker.ask(probe, model)
            for check in probe.checks:
                yield judged(probe, check, model, exchange, asker.cleaner)


def judged(
    probe: ServiceProbe,
    check: ProbeCheck,
    model: Model | None,
    exchange: ProbeExchange | None,
    cleaner: Cleaner,
) -> ProbeFinding:
    """What an exchange says of one check."""
    if exchange is None:
        reason = tr("not asked: an earlier task may be billed")
        return _finding(probe, check, model, reason=reason)
    observed = cleaner.text(ASPECTS[check.aspect](exchange))
    message = message_of(exchange, cleaner)
    reason = _doubt(probe, exchange, observed, message)
    message = message if check.aspect in ("answer", "size") else ""
    return _finding(probe, check, model, seen=observed, message=message, reason=reason)


def _doubt(probe: ServiceProbe, exchange: ProbeExchange, seen: str, message: str) -> Message:
    """Why what was seen settles nothing; nothing where it does."""
    if exchange.decisive.fault:
        return tr("no answer: {reason}", reason=exchange.decisive.fault)
    if not seen:
        return tr("the answers do not show it")
    if exchange.decisive.status == 429 and probe.question.times == 1:
        return tr("the service is busy")
    followed = exchange.followed
    if followed and followed.status == "UNKNOWN":
        return tr("the service forgot the task")
    if message and probe.is_masked(message):
        return tr("the answer is about the picture")
    is_slow = probe.question.times > 1 and exchange.seconds > _ONE_SECOND
    if is_slow and exchange.decisive.status == 200:
        return tr("the queries took {seconds:.1f} s", seconds=exchange.seconds)
    return NOTHING


def _finding(
    probe: ServiceProbe,
    check: ProbeCheck,
    model: Model | None,
    *,
    seen: str = "",
    message: str = "",
    reason: Message = NOTHING,
) -> ProbeFinding:
    name = model.name if model else ""
    title = check.title or probe.title
    return ProbeFinding(
        probe.name, title, check.aspect, check.expected, seen,
        model=name, message=message, reason=reason,
    )  # fmt: skip
