"""Installs the pinned clients, runs each against a fresh `mtkit serve`, and judges.

Only the standard library. A client is a script in clients/ that gets the situation as a JSON file (the server's ready line
and what the runner adds) and prints one JSON object per finished step: {"step": NAME, "ok": BOOL or null, "detail": TEXT};
null says that the client has no such thing.
"""

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import report
from catalogue import CLIENTS
from packages import NotRun, environment, package_of
from server import Relay, Server, loopback_up

# The longest step allows itself 45 s, and no client has more than a few of those.
CLIENT_SECONDS = 240
LONG_CLIENT_SECONDS = 900

# A test number that belongs to nobody in the seeded world.
NEWCOMER = {"phone": "9996624444", "code": "22222"}


def try_client(name: str, arguments: argparse.Namespace, steps: list[str]) -> dict[str, dict]:
    """Installs a client, which needs the network, and runs it, which must not for some."""
    package = package_of(CLIENTS[name], arguments.work)
    package.install(arguments.rsa_public_key_pem)
    if not CLIENTS[name].isolated:
        return run_client(name, arguments, steps)
    options = ["--mtkit", arguments.mtkit, "--work", arguments.work, *(["--long"] if arguments.long else [])]
    command = ["unshare", "--net", "--", sys.executable, __file__, "--inside", *options, name]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise NotRun("it may run in a network namespace of its own only, and that could not be made")
    return json.loads(done.stdout)


def run_client(name: str, arguments: argparse.Namespace, steps: list[str]) -> dict[str, dict]:
    folder = arguments.work / f"{name}-run"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    package = package_of(CLIENTS[name], arguments.work)
    if altered := package.altered():
        raise NotRun(f"the package is not as published: {', '.join(altered[:3])}")

    server = Server(arguments.mtkit, folder)
    try:
        relay = Relay(server.ready["mtproto"])
        situation = {
            **server.ready, "mtproto": relay.address, "relay": relay.control, "server": server.ready["mtproto"],
            "newcomer": NEWCOMER, "steps": steps, "long": arguments.long,
        }
        path = folder / "situation.json"
        path.write_text(json.dumps(situation))
        seconds = LONG_CLIENT_SECONDS if arguments.long else CLIENT_SECONDS
        results = {}
        for command in package.commands(path.absolute()):
            results.update(drive(command, folder, seconds))
        relay.stop()
    finally:
        code = server.stop()
    keys = (folder / "keys.log").read_text()
    if results.get("pfs", {}).get("ok") and " temp" not in keys:
        results["pfs"] = failure("pfs", "the server made no temporary key")
    if code != 0:
        results["server"] = failure("server", f"mtkit serve ended with {code}")
    if altered := package.altered():
        results["files"] = failure("files", f"files changed: {', '.join(altered[:3])}")
    return results


def drive(command: list, folder: Path, seconds: float) -> dict[str, dict]:
    results: dict[str, dict] = {}
    client = subprocess.Popen(
        [str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=(folder / "client.log").open("a"), text=True, env=environment())
    watchdog = threading.Timer(seconds, client.kill)
    watchdog.start()
    for line in client.stdout:
        if line.startswith("{"):
            row = json.loads(line)
            results[row["step"]] = row
    code = client.wait()
    watchdog.cancel()
    if code != 0 and all(row["ok"] is not False for row in results.values()):
        results["exit"] = failure("exit", f"the client ended with {code}, see {folder / 'client.log'}")
    return results


def failure(step: str, detail: str) -> dict:
    return {"step": step, "ok": False, "detail": detail}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtkit", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--long", action="store_true", help="also the steps that take long")
    parser.add_argument("--update-readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(CLIENTS))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.clients if name not in CLIENTS]
    if unknown:
        parser.error(f"unknown client {', '.join(unknown)}; known: {', '.join(CLIENTS)}")
    if arguments.update_readme and arguments.clients:
        parser.error("--update-readme is for all clients at once")

    if arguments.inside:
        loopback_up()
        print(json.dumps(run_client(arguments.clients[0], arguments, report.steps_for(arguments.long))))
        return 0

    arguments.work.mkdir(parents=True, exist_ok=True)
    server = Server(arguments.mtkit, arguments.work)
    arguments.rsa_public_key_pem = server.ready["rsa_public_key_pem"]
    server.stop()

    steps = report.steps_for(arguments.long)
    rows: report.Rows = {}
    seconds: dict[str, float] = {}
    for name in arguments.clients or CLIENTS:
        started = time.monotonic()
        try:
            rows[name] = try_client(name, arguments, steps)
        except NotRun as why:
            rows[name] = why
        seconds[name] = time.monotonic() - started
        print(f"{name}: {seconds[name]:.1f} s", file=sys.stderr)

    print(report.text_table(rows, steps))
    report.store(arguments.work / "results.json", rows, seconds)
    if arguments.update_readme:
        root = Path(__file__).resolve().parent.parent
        report.update_readme(root / "README.md", report.markdown(rows, steps))
    return 0 if all(report.passed(results, steps) for results in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
