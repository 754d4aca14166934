"""Installs a client into an environment of its own, and checks that its files are the published ones."""

import base64
import csv
import hashlib
import json
import os
import shutil
import subprocess
import venv
from pathlib import Path

from catalogue import Client

HERE = Path(__file__).resolve().parent
INSTALL_SECONDS = 900


class NotRun(Exception):
    """The client could not be tried; the text says why."""


def run(command: list, folder: Path | None = None) -> None:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotRun(f"{command[0]} {command[1]} failed: {last}")


class PythonPackage:
    """A virtual environment; the published hashes are in the package's own RECORD."""

    def __init__(self, client: Client, work: Path):
        self.client = client
        self.folder = (work / client.name).absolute()
        self.python = self.folder / "bin" / "python"

    def install(self) -> None:
        wanted = [self.client.package, *self.client.extras]
        stamp = self.folder / "installed.json"
        if stamp.exists() and json.loads(stamp.read_text()) == wanted:
            return
        if not self.python.exists():
            venv.create(self.folder, with_pip=True)
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *wanted])
        stamp.write_text(json.dumps(wanted))

    def altered(self) -> list[str]:
        """Files whose bytes are not those of the published package."""
        site = next((self.folder / "lib").glob("python3*/site-packages"))
        prefix = self.client.package.replace("==", "-").lower()
        records = [p for p in site.glob("*.dist-info/RECORD") if p.parent.name.lower().startswith(prefix)]
        if not records:
            raise NotRun(f"no RECORD of {self.client.package}")
        altered = []
        with records[0].open(newline="") as rows:
            for name, digest, _size in csv.reader(rows):
                kind, _, expected = digest.partition("=")
                if digest and base64.urlsafe_b64encode(digest_of(site / name, kind)).rstrip(b"=").decode() != expected:
                    altered.append(name)
        return altered

    def command(self, situation: Path) -> list:
        return [self.python, HERE / "clients" / "python" / self.client.script, situation]


class NodePackage:
    """`npm ci` checks every tarball against the lock file; what it unpacked is remembered and compared."""

    def __init__(self, client: Client, work: Path):
        self.client = client
        self.folder = (work / client.name).absolute()
        self.manifest = self.folder / "installed.json"

    def install(self) -> None:
        if shutil.which("npm") is None:
            raise NotRun("npm is not installed")
        source = HERE / "clients" / "node"
        lock = (source / self.client.name / "package-lock.json").read_bytes()
        if not self.manifest.exists() or (self.folder / "package-lock.json").read_bytes() != lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / self.client.name / name, self.folder / name)
            # No install scripts: what runs is what was published, and nothing is built or fetched beside it.
            run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], self.folder)
            self.manifest.write_text(json.dumps(self.hashes()))
        # Node looks for packages beside the script, so the scripts go where the packages are.
        for script in source.glob("*.mjs"):
            shutil.copy(script, self.folder / script.name)

    def hashes(self) -> dict[str, str]:
        modules = self.folder / "node_modules"
        return {
            str(path.relative_to(modules)): digest_of(path, "sha256").hex()
            for path in sorted(modules.rglob("*")) if path.is_file() and not path.is_symlink()
        }

    def altered(self) -> list[str]:
        before, now = json.loads(self.manifest.read_text()), self.hashes()
        return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))

    def command(self, situation: Path) -> list:
        return ["node", self.folder / self.client.script, situation]


KINDS = {"python": PythonPackage, "node": NodePackage}


def package_of(client: Client, work: Path):
    return KINDS[client.kind](client, work)


def digest_of(path: Path, kind: str) -> bytes:
    return hashlib.new(kind, path.read_bytes()).digest() if path.exists() else b""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NODE_ENV": "production"}
