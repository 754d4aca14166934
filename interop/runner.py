"""Installs the pinned clients, runs each against a fresh `mtkit serve`, and judges.

Only the standard library. A client is a script in clients/ that gets the server's ready line as a JSON file and prints one
JSON object per finished step: {"step": NAME, "ok": BOOL, "detail": TEXT}.
"""

import argparse
import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent

STEPS = [
    "connect",
    "login",
    "2fa",
    "bot",
    "me",
    "saved",
    "history",
    "update",
    "logout",
]

# name -> (requirement, distribution folder prefix, script)
CLIENTS = {
    "telethon": ("Telethon==1.45.0", "telethon-1.45.0", "telethon_client.py"),
    "pyrogram": ("Pyrogram==2.0.106", "pyrogram-2.0.106", "pyrogram_client.py"),
}

CLIENT_SECONDS = 120
READY_SECONDS = 20


class NotRun(Exception):
    """The client could not be tried; the text says why."""


def python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def install(environment: Path, requirement: str) -> None:
    if not python_of(environment).exists():
        venv.create(environment, with_pip=True)
    command = [python_of(environment), "-m", "pip", "install", "--quiet", requirement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotRun(f"pip could not install {requirement}: {last}")


def altered_files(environment: Path, distribution: str) -> list[str]:
    """Files of the installed package whose bytes are not those of the published one (by its own RECORD)."""
    site = next((environment / "lib").glob("python3*/site-packages"))
    records = [p for p in site.glob("*.dist-info/RECORD") if p.parent.name.lower().startswith(distribution)]
    if not records:
        raise NotRun(f"no RECORD of {distribution} in {site}")
    altered = []
    with records[0].open(newline="") as rows:
        for name, digest, _size in csv.reader(rows):
            if not digest:
                continue
            kind, _, expected = digest.partition("=")
            seen = hashlib.new(kind, (site / name).read_bytes()).digest()
            if base64.urlsafe_b64encode(seen).rstrip(b"=").decode() != expected:
                altered.append(name)
    return altered


def start_server(mtkit: Path, folder: Path) -> tuple[subprocess.Popen, dict]:
    command = [
        str(mtkit), "serve", "--json", "--seed", "1", "--exit-on-stdin-close",
        "--keylog", str(folder / "keys.log"), "--capture", str(folder / "capture.pcapng"),
    ]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "server.log").open("w"), text=True)
    watchdog = threading.Timer(READY_SECONDS, server.kill)
    watchdog.start()
    line = server.stdout.readline()
    watchdog.cancel()
    if not line:
        raise RuntimeError(f"mtkit serve ended before it was ready; see {folder / 'server.log'}")
    ready = json.loads(line)
    if not ready.get("ready"):
        raise RuntimeError(f"unexpected first line of mtkit serve: {line.strip()}")
    return server, ready


def stop_server(server: subprocess.Popen) -> int:
    server.stdin.close()
    try:
        return server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        return -1


def run_client(name: str, mtkit: Path, work: Path) -> dict[str, dict]:
    requirement, distribution, script = CLIENTS[name]
    environment = work / name
    folder = work / f"{name}-run"
    folder.mkdir(parents=True, exist_ok=True)
    install(environment, requirement)
    altered = altered_files(environment, distribution)
    if altered:
        raise NotRun(f"the package is not as published: {', '.join(altered[:3])}")

    server, ready = start_server(mtkit, folder)
    results: dict[str, dict] = {}
    try:
        (folder / "ready.json").write_text(json.dumps(ready))
        client = subprocess.Popen(
            [python_of(environment).absolute(), HERE / "clients" / script, (folder / "ready.json").absolute()],
            cwd=folder, stdout=subprocess.PIPE, stderr=(folder / "client.log").open("w"), text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        watchdog = threading.Timer(CLIENT_SECONDS, client.kill)
        watchdog.start()
        for line in client.stdout:
            if line.startswith("{"):
                row = json.loads(line)
                results[row["step"]] = row
        code = client.wait()
        watchdog.cancel()
        if code != 0 and all(row["ok"] for row in results.values()):
            results["exit"] = {"step": "exit", "ok": False, "detail": f"client ended with {code}, see client.log"}
    finally:
        code = stop_server(server)
    if code != 0:
        results["server"] = {"step": "server", "ok": False, "detail": f"mtkit serve ended with {code}"}
    altered = altered_files(environment, distribution)
    if altered:
        results["files"] = {"step": "files", "ok": False, "detail": f"files changed: {', '.join(altered[:3])}"}
    return results


def table(rows: dict[str, dict[str, dict] | NotRun]) -> tuple[str, bool]:
    width = max(len(CLIENTS[name][0]) for name in rows)
    lines = [" " * width + "  " + "  ".join(STEPS)]
    passed = True
    notes = []
    for name, results in rows.items():
        label = CLIENTS[name][0]
        if isinstance(results, NotRun):
            passed = False
            lines.append(f"{label:<{width}}  not run: {results}")
            continue
        cells = []
        for step in STEPS:
            row = results.get(step)
            mark = "-" if row is None else "ok" if row["ok"] else "FAIL"
            passed &= row is not None and row["ok"]
            cells.append(f"{mark:<{len(step)}}")
        lines.append(f"{label:<{width}}  " + "  ".join(cells))
        for row in results.values():
            if not row["ok"]:
                passed = False
                notes.append(f"  {label}, {row['step']}: {row.get('detail', '')}")
    return "\n".join(lines + notes), passed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtkit", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(CLIENTS))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.clients if name not in CLIENTS]
    if unknown:
        parser.error(f"unknown client {', '.join(unknown)}; known: {', '.join(CLIENTS)}")

    rows: dict[str, dict[str, dict] | NotRun] = {}
    for name in arguments.clients or CLIENTS:
        started = time.monotonic()
        try:
            rows[name] = run_client(name, arguments.mtkit, arguments.work)
        except NotRun as why:
            rows[name] = why
        print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)

    text, passed = table(rows)
    print(text)
    stored = {
        name: {"not_run": str(results)} if isinstance(results, NotRun) else list(results.values())
        for name, results in rows.items()
    }
    (arguments.work / "results.json").write_text(json.dumps({"v": 1, "clients": stored}, indent=2))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
