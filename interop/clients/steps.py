"""What every client script shares: the server's ready line, and the report of steps."""

import contextlib
import json
import sys
import traceback
from pathlib import Path

UPDATE_SECONDS = 10


class Server:
    """The ready line of `mtkit serve --json`."""

    def __init__(self, path: str):
        ready = json.loads(Path(path).read_text())
        host, _, port = ready["mtproto"].rpartition(":")
        self.host, self.port, self.dc = host, int(port), ready["dc"]
        self.rsa_public_key_pem = ready["rsa_public_key_pem"]
        plain = [a for a in ready["accounts"] if a["password"] is None]
        self.alice, self.bob = plain[0], plain[1]
        self.carol = next(a for a in ready["accounts"] if a["password"] is not None)
        self.bot = ready["bots"][0]


class StepFailed(Exception):
    """A step before this one failed, so the rest makes no sense."""


@contextlib.asynccontextmanager
async def step(name: str):
    """Runs one step and reports it; a failure ends the script, since later steps build on it."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        report(name, False, f"{type(error).__name__}: {error}")
        raise StepFailed(name) from error
    report(name, True, "")


def report(name: str, ok: bool, detail: str) -> None:
    print(json.dumps({"step": name, "ok": ok, "detail": detail}), flush=True)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def exit_code(run) -> int:
    try:
        run()
    except StepFailed as failed:
        print(f"stopped at step {failed}", file=sys.stderr)
        return 1
    return 0
