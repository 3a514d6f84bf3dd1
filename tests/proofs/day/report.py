"""The day as a page of text."""

from collections import Counter
from typing import Any


def show(day: dict[str, Any]) -> str:
    lines = [
        f"{day['videos']} videos at {len(day['accounts'])} accounts; {day['finished']} films really"
        " encoded, checked and joined, the rest planned, bought, fetched and noted",
        *_money(day), *_outcomes(day), *_times(day), *_memory(day), *_disk(day), *_twin(day),
        *(day["faults"] or ["no fault"]),
    ]  # fmt: skip
    return "\n".join(lines)


def _money(day: dict[str, Any]) -> list[str]:
    names = ("planned", "refused", "expired", "ledger", "journals", "difference", "twice", "lost",
             "films", "clips", "expired_tasks")  # fmt: skip
    head = f"{'':12}" + "".join(f"{name:>14}" for name in names)
    rows = [
        f"{verdict['branch']:12}" + "".join(f"{verdict[name]!s:>14}" for name in names)
        for verdict in day["verdicts"]
    ]
    return ["", head, *rows]


def _outcomes(day: dict[str, Any]) -> list[str]:
    rows = ["", "tasks by account, model and end:"]
    for verdict in day["verdicts"]:
        rows += [f"  {name:58}{count:>7}" for name, count in sorted(verdict["outcomes"].items())]
    return rows


def _times(day: dict[str, Any]) -> list[str]:
    tasks = sum(sum(verdict["outcomes"].values()) for verdict in day["verdicts"])
    own, children, parts, remembered = 0.0, 0.0, Counter[str](), 0
    for lines in day["progress"].values():
        last = {line["pid"]: line for line in lines}
        own += sum(line["seconds"] for line in last.values())
        children += sum(line["children_seconds"] for line in last.values())
        parts.update(next((line["parts"] for line in lines if line.get("ends")), {}))
        remembered += sum(line.get("remembered", 0) for line in lines)
    every = sum(process["seconds"] for process in day["processes"])
    service = sum(emulator["seconds"] for emulator in day["emulators"].values())
    kinds = Counter[str]()
    for emulator in day["emulators"].values():
        for (_, operation, status, fault), count in emulator["requests"]:
            kinds[operation] += count
            kinds[f"{operation} {status}{' ' + fault if fault else ''}"] += count
    longest = max(day["virtual_hours"].values())
    sampled = sum(parts.values()) or 1
    of_service = Counter[str]()
    for emulator in day["emulators"].values():
        of_service.update(emulator.get("parts", {}))
    return [
        "",
        f"{tasks} tasks; {kinds['query'] / tasks:.2f} queries, {kinds['list'] / tasks:.3f} lists"
        f" and {kinds['result'] / tasks:.2f} downloads a task",
        f"processor time: program {every:.0f} s ({every / tasks * 1000:.1f} ms a task, of which"
        f" ffmpeg {children:.0f} s), emulator {service:.0f} s ({service / tasks * 1000:.1f} ms);"
        f" {remembered} decodings remembered instead of run",
        "  by part of the program, without ffmpeg, of processes that ended well:",
        *(
            f"    {part:24}{seconds:>9.1f} s {seconds / sampled:>6.1%}"
            for part, seconds in parts.most_common(16)
        ),
        "  of the emulators: "
        + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in of_service.most_common(8)),
        f"wall {day['wall_seconds']:.0f} s; the longest account took {longest:.1f} virtual hours",
    ]


def _memory(day: dict[str, Any]) -> list[str]:
    rows = ["", "memory of the program, MiB: after so many films"]
    for name, lines in day["progress"].items():
        points = [(line["films"], line["now_mib"]) for line in lines if "films" in line]
        step = max(len(points) // 6, 1)
        shown = ", ".join(f"{films}: {mib:.0f}" for films, mib in points[::step])
        rows.append(f"  {name}: {shown}; peak {max(line['peak_mib'] for line in lines):.0f}")
    peak = max(emulator["peak_mib"] for emulator in day["emulators"].values())
    rows.append(f"  emulators: peak {peak:.0f}")
    return rows


def _disk(day: dict[str, Any]) -> list[str]:
    return ["", "files and MB: " + ", ".join(
        f"{name} {files} / {size / 1e6:.1f}" for name, (files, size) in day["folders"].items()
    )]  # fmt: skip


def _twin(day: dict[str, Any]) -> list[str]:
    rows = ["", "killed:"]
    rows += [
        f"  {process['account']} at {process['kill']}, started again {process['hours']:.0f} h later"
        for process in day["processes"]
        if process["killed"]
    ]
    ends = [
        f"{line['home']} at {line['passed'] / 3600:.2f} h"
        for line in day["progress"].get("beijing-twin", ())
        if "home" in line and "planned" not in line
    ]
    halves = next((verdict["halves"] for verdict in day["verdicts"] if verdict["halves"]), {})
    shared = ", ".join(f"{name} {count}" for name, count in halves.items())
    return [
        *rows,
        f"two homes of one account: of the first half of its tasks {shared}; runs ended: "
        + ", ".join(ends),
    ]
