"""What every Python script shares: the situation that the runner prepared, and the report of steps."""

import asyncio
import json
import socket
import sys
import traceback
from pathlib import Path

# Longer than the slowest retry inside a client: Pyrogram waits 15 s before it sends a lost request again.
STEP_SECONDS = 45


class Server:
    """The server as the runner describes it: its ready line, reached through the runner's relay."""

    def __init__(self, path: str):
        self.ready = ready = json.loads(Path(path).read_text())
        host, _, port = ready["mtproto"].rpartition(":")
        self.host, self.port, self.dc = host, int(port), ready["dc"]
        self.rsa_public_key_pem = ready["rsa_public_key_pem"]
        plain = [a for a in ready["accounts"] if a["password"] is None]
        self.alice, self.bob = plain[0], plain[1]
        self.carol = next(a for a in ready["accounts"] if a["password"] is not None)
        self.bot = ready["bots"][0]
        self.newcomer = ready["newcomer"]
        self.long = ready["long"]

    def address_of(self, dc: int) -> tuple[str, int]:
        """Where a DC is; all DCs of the server are at one address."""
        return self.host, self.port

    def lose_next_request(self) -> None:
        """Closes every connection at the next bytes from a client, which never reach the server."""
        host, _, port = self.ready["relay"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as control:
            control.sendall(b"lose\n")
            expect(control.recv(16) == b"ok\n", "the relay did not answer")


class NotOffered(Exception):
    """The client has no such thing; the text says what is missing."""


class Stopped(Exception):
    """A step failed on which all others build."""


class Steps:
    """Runs steps and reports each; `failed` says whether any failed."""

    def __init__(self, wanted: list[str]):
        self.wanted = wanted
        self.failed = False

    async def run(self, name: str, work, *, essential: bool = False) -> None:
        if name not in self.wanted:
            return
        try:
            await asyncio.wait_for(work(), STEP_SECONDS)
        except NotOffered as why:
            report(name, None, str(why))
        except Exception as error:
            traceback.print_exc()
            self.failed = True
            text = "took too long" if isinstance(error, asyncio.TimeoutError) else str(error)
            report(name, False, f"{type(error).__name__}: {text}")
            if essential:
                raise Stopped(name) from error
        else:
            report(name, True, "")


def report(name: str, ok: bool | None, detail: str) -> None:
    print(json.dumps({"step": name, "ok": ok, "detail": " ".join(detail.split())}), flush=True)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


async def exit_code(story) -> int:
    try:
        await story.tell()
    except Stopped as step:
        print(f"stopped at step {step}", file=sys.stderr)
        return 1
    return 1 if story.steps.failed else 0
