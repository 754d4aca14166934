"""The table client × step: printed, stored, and put into the README."""

import json
from pathlib import Path

from catalogue import CLIENTS, LONG_STEPS, STEPS
from packages import NotRun

BEGIN = "<!-- interop: written by interop/run.sh --update-readme -->"
END = "<!-- interop: end -->"

Rows = dict[str, "dict[str, dict] | NotRun"]


def cell(results: "dict[str, dict] | NotRun", step: str) -> str:
    if isinstance(results, NotRun):
        return "not run"
    row = results.get(step)
    if row is None:
        return "FAIL"
    return {True: "ok", False: "FAIL", None: "–"}[row["ok"]]


def passed(results: "dict[str, dict] | NotRun", steps: list[str]) -> bool:
    return not isinstance(results, NotRun) and all(row["ok"] is not False for row in results.values()) and all(
        step in results for step in steps)


def notes(rows: Rows, steps: list[str]) -> list[str]:
    """A line for each cell that is not "ok"."""
    found = []
    for name, results in rows.items():
        label = CLIENTS[name].label
        if isinstance(results, NotRun):
            found.append(f"{label}: not run: {results}")
            continue
        missing = [step for step in steps if step not in results]
        if missing:
            found.append(f"{label}: never reached: {', '.join(missing)}")
        for row in results.values():
            if row["ok"] is not True:
                word = "fails" if row["ok"] is False else "not offered"
                found.append(f"{label}, {row['step']}: {word}: {row['detail']}")
    return found


def text_table(rows: Rows, steps: list[str]) -> str:
    labels = [CLIENTS[name].label for name in rows]
    widths = [max(len(label), 7) for label in labels]
    head = max(len(step) for step in steps)
    lines = [" " * head + "  " + "  ".join(f"{label:<{width}}" for label, width in zip(labels, widths))]
    for step in steps:
        cells = (f"{cell(results, step):<{width}}" for results, width in zip(rows.values(), widths))
        lines.append(f"{step:<{head}}  " + "  ".join(cells))
    return "\n".join(line.rstrip() for line in lines) + "\n" + "\n".join(f"  {note}" for note in notes(rows, steps))


def markdown(rows: Rows, steps: list[str]) -> str:
    heads = [CLIENTS[name].label + CLIENTS[name].mark for name in rows]
    lines = [
        "| step | what it shows | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 2) + "|",
        "| | API layer | " + " | ".join(str(CLIENTS[name].layer) for name in rows) + " |",
    ]
    for step in steps:
        lines.append(f"| {step} | {STEPS[step]} | " + " | ".join(cell(rows[name], step) for name in rows) + " |")
    lines.append("")
    lines += [f"{text}\n" for text in (CLIENTS[name].mark_text for name in rows) if text]
    lines += [f"- {note}." for note in grouped(rows, steps)]
    return "\n".join(lines)


def grouped(rows: Rows, steps: list[str]) -> list[str]:
    """The notes, with one line for what several clients have in common."""
    who: dict[str, list[str]] = {}
    for name, results in rows.items():
        label = CLIENTS[name].label
        for note in notes({name: results}, steps):
            who.setdefault(note.removeprefix(label).lstrip(",: "), []).append(label)
    everybody = len(rows)
    return [
        f"{what} ({'all' if len(labels) == everybody else ', '.join(labels)})" for what, labels in who.items()
    ]


def update_readme(path: Path, table: str) -> None:
    text = path.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{path} lacks the lines {BEGIN!r} and {END!r}")
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def store(path: Path, rows: Rows, seconds: dict[str, float]) -> None:
    clients = {
        name: {
            "label": CLIENTS[name].label,
            "layer": CLIENTS[name].layer,
            "seconds": round(seconds[name], 1),
            **({"not_run": str(results)} if isinstance(results, NotRun) else {"steps": list(results.values())}),
        }
        for name, results in rows.items()
    }
    path.write_text(json.dumps({"v": 1, "clients": clients}, indent=2, ensure_ascii=False) + "\n")


def steps_for(long: bool) -> list[str]:
    return [step for step in STEPS if long or step not in LONG_STEPS]
