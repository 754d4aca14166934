"""Installs a client into an environment of its own, and checks that its files are the published ones."""

import base64
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from catalogue import Client

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE / "clients" / "python"))
from pkcs1 import fingerprint, public_numbers  # noqa: E402
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

    def install(self, _rsa_public_key_pem: str) -> None:
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

    def commands(self, situation: Path) -> list[list]:
        return [[self.python, HERE / "clients" / "python" / self.client.script, situation]]


class NodePackage:
    """`npm ci` checks every tarball against the lock file; what it unpacked is remembered and compared."""

    def __init__(self, client: Client, work: Path):
        self.client = client
        self.folder = (work / client.name).absolute()
        self.manifest = self.folder / "installed.json"

    def install(self, _rsa_public_key_pem: str) -> None:
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

    def commands(self, situation: Path) -> list[list]:
        return [["node", self.folder / self.client.script, situation]]


class TdlibPackage(NodePackage):
    """The same, and a copy of the library in which the text of the server keys is the test key's, of equal length."""

    BEGIN, END = b"-----BEGIN RSA PUBLIC KEY-----", b"-----END RSA PUBLIC KEY-----"

    def install(self, rsa_public_key_pem: str) -> None:
        super().install(rsa_public_key_pem)
        published = next((self.folder / "node_modules" / "@prebuilt-tdlib").glob("linux-*/libtdjson.so"))
        ours = rsa_public_key_pem.strip().encode()
        library, keys, at = published.read_bytes(), 0, 0
        while (at := library.find(self.BEGIN, at)) >= 0:
            end = library.index(self.END, at) + len(self.END)
            if end - at == len(ours):
                library = library[:at] + ours + library[end:]
                keys += 1
            at = end
        if keys == 0:
            raise NotRun("the library has no server key of the length of ours")
        self.patched_copy().write_bytes(library)

    def patched_copy(self) -> Path:
        return self.folder / "libtdjson-patched.so"

    def commands(self, situation: Path) -> list[list]:
        return [["node", self.folder / self.client.script, situation, self.patched_copy()]]


class CargoPackage:
    """Two programs of one source: `rest` with the published crates, `logins` with one more server key in a copy.

    Cargo checks the published crates against the lock file. The copy lives in the build folder only.
    """

    KEY_MATCH = "    Some(match fingerprint {\n"

    def __init__(self, client: Client, work: Path):
        self.client = client
        self.folder = (work / client.name).absolute()
        self.source = HERE / "clients" / client.script

    def install(self, rsa_public_key_pem: str) -> None:
        if shutil.which("cargo") is None:
            raise NotRun("cargo is not installed")
        plain = self.project("rest")
        self.build(plain, "--locked")
        patched = self.project("logins")
        crate = self.copied_crate("grammers-mtproto", plain)
        n, e = public_numbers(rsa_public_key_pem)
        arm = f'        {fingerprint(n, e)} => rsa::Key::new("{n}", "{e}").unwrap(),\n'
        replace_once(crate / "src" / "authentication.rs", self.KEY_MATCH, self.KEY_MATCH + arm)
        with (patched / "Cargo.toml").open("a") as manifest:
            manifest.write(f'\n[patch.crates-io]\ngrammers-mtproto = {{ path = "{crate}" }}\n')
        self.build(patched)

    def project(self, phase: str) -> Path:
        """A copy of the project, whose files keep their age where nothing changed, so that nothing is built twice."""
        folder = self.folder / phase
        for path in [self.source / "Cargo.toml", self.source / "Cargo.lock", *sorted((self.source / "src").iterdir())]:
            copy_if_changed(path, folder / path.relative_to(self.source))
        return folder

    def build(self, project: Path, *options: str) -> None:
        target = self.folder / "target"
        run(["cargo", "build", "--quiet", "--target-dir", target, *options], project)
        # Both are called the same, so the next build would take its place.
        shutil.copy2(target / "debug" / "mtkit-interop-grammers", self.program(project.name))

    def program(self, phase: str) -> Path:
        return self.folder / f"{phase}.program"

    def copied_crate(self, name: str, project: Path) -> Path:
        metadata = ["cargo", "metadata", "--locked", "--format-version", "1"]
        done = subprocess.run(metadata, cwd=project, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        packages = json.loads(done.stdout)["packages"]
        published = Path(next(p["manifest_path"] for p in packages if p["name"] == name)).parent
        copy = self.folder / name
        if copy.exists():
            shutil.rmtree(copy)
        # With the age of the published files, so that an unchanged copy is not built again.
        shutil.copytree(published, copy)
        return copy

    def altered(self) -> list[str]:
        """Nothing to compare: cargo unpacked what the lock file names, and programs do not change their crates."""
        return []

    def commands(self, situation: Path) -> list[list]:
        keys = situation.parent / "keys.json"
        return [[self.program(phase), phase, situation, keys] for phase in ("logins", "rest")]


KINDS = {"python": PythonPackage, "node": NodePackage, "tdlib": TdlibPackage, "cargo": CargoPackage}


def package_of(client: Client, work: Path):
    return KINDS[client.kind](client, work)


def copy_if_changed(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise NotRun(f"{path.name} of the published crate is not as expected")
    path.write_text(text.replace(old, new))


def digest_of(path: Path, kind: str) -> bytes:
    return hashlib.new(kind, path.read_bytes()).digest() if path.exists() else b""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NODE_ENV": "production"}
