"""The server under test, and the relay between it and the client, which can break connections."""

import contextlib
import fcntl
import json
import socket
import struct
import subprocess
import threading
from pathlib import Path

READY_SECONDS = 20
# One of the clients keeps the port in a signed 16-bit number, so the system's own choice would break it.
RELAY_PORTS = range(30_000, 32_000)

# From <linux/sockios.h> and <linux/if.h>.
SIOCSIFFLAGS = 0x8914
IFF_UP, IFF_RUNNING = 0x1, 0x40


class Server:
    """`mtkit serve` with a fixed seed, ended when this is."""

    def __init__(self, mtkit: Path, folder: Path):
        command = [
            str(mtkit), "serve", "--json", "--seed", "1", "--exit-on-stdin-close",
            # Nothing else in the story changes a profile.
            "--flood", "account.updateProfile=1/300",
            "--keylog", str(folder / "keys.log"), "--capture", str(folder / "capture.pcapng"),
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "server.log").open("w"), text=True)
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise RuntimeError(f"mtkit serve ended before it was ready; see {folder / 'server.log'}")
        self.ready = json.loads(line)
        if not self.ready.get("ready"):
            raise RuntimeError(f"unexpected first line of mtkit serve: {line.strip()}")

    def stop(self) -> int:
        """Its exit code; -1 where it had to be killed."""
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return -1


class Relay:
    """Passes bytes on in both directions until it is told to lose a request.

    A connection to `control` that says `lose` arms it: the next bytes from any client are dropped and every connection is
    closed, so that a request is lost with the connection under it.
    """

    def __init__(self, target: str):
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.armed = False
        self.lock = threading.Lock()
        self.sockets: set[socket.socket] = set()
        self.listener = bind(host)
        self.controls = socket.create_server((host, 0))
        self.address = "{}:{}".format(*self.listener.getsockname()[:2])
        self.control = "{}:{}".format(*self.controls.getsockname()[:2])
        for work in (self.accept, self.accept_control):
            threading.Thread(target=work, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        if not through_socks(client):
            close(client)
            return
        try:
            server = socket.create_connection(self.target)
        except OSError:
            close(client)
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.sockets |= {client, server}
        for source, target, from_client in ((client, server, True), (server, client, False)):
            threading.Thread(target=self.pump, args=(source, target, from_client), daemon=True).start()

    def pump(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                with self.lock:
                    lost, self.armed = self.armed and from_client, self.armed and not from_client
                if lost:
                    self.break_all()
                    return
                target.sendall(data)
        for end in (source, target):
            close(end)
            with self.lock:
                self.sockets.discard(end)

    def break_all(self) -> None:
        with self.lock:
            sockets, self.sockets = self.sockets, set()
        for end in sockets:
            close(end)

    def accept_control(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                control, _ = self.controls.accept()
                with control:
                    if control.recv(16) == b"lose\n":
                        with self.lock:
                            self.armed = True
                        control.sendall(b"ok\n")

    def stop(self) -> None:
        close(self.listener)
        close(self.controls)
        self.break_all()


def through_socks(client: socket.socket) -> bool:
    """Answers a SOCKS5 greeting if there is one; wherever it wants to go, the relay goes to the server."""
    try:
        if client.recv(1, socket.MSG_PEEK) != b"\x05":
            return True
        client.settimeout(5)
        _, methods = exactly(client, 2)
        exactly(client, methods)
        client.sendall(b"\x05\x00")
        _, command, _, kind = exactly(client, 4)
        length = {1: 4, 4: 16}.get(kind) or exactly(client, 1)[0]
        exactly(client, length + 2)
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        return command == 1
    except OSError:
        return False
    finally:
        client.settimeout(None)


def exactly(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = end.recv(count - len(data))
        if not more:
            raise OSError("the client is gone")
        data += more
    return data


def loopback_up() -> None:
    """Gives the loopback interface of a new network namespace its life; there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(control, SIOCSIFFLAGS, request)


def bind(host: str) -> socket.socket:
    for port in RELAY_PORTS:
        with contextlib.suppress(OSError):
            return socket.create_server((host, port))
    raise RuntimeError("no free port for the relay")


def close(end: socket.socket) -> None:
    # Closing alone would not wake a thread that reads from it.
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
