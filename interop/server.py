"""The server under test, and the relay between it and the client, which can break connections."""

import contextlib
import json
import socket
import subprocess
import threading
from pathlib import Path

READY_SECONDS = 20
# One of the clients keeps the port in a signed 16-bit number, so the system's own choice would break it.
RELAY_PORTS = range(30_000, 32_000)


class Server:
    """`mtkit serve` with a fixed seed, ended when this is."""

    def __init__(self, mtkit: Path, folder: Path):
        command = [
            str(mtkit), "serve", "--json", "--seed", "1", "--exit-on-stdin-close",
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
                try:
                    server = socket.create_connection(self.target)
                except OSError:
                    client.close()
                    continue
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
