"""Brings published packages by name with the ordinary clients, into a folder that the caller gives."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

INERT_BACKEND = Path(__file__).with_name("inert_backend")


def fetch(index, package, version, folder):
    """The files of one package as {path inside the package: bytes}."""
    folder = folder / f"{index}-{package.replace('/', '-')}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    return {"pypi": _pypi, "npm": _npm, "cargo": _cargo}[index](package, version, folder)


def _pypi(package, version, folder):
    if not any(folder.iterdir()):
        _run(
            ["pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
            + ["--no-build-isolation", "--use-pep517", "--ignore-requires-python"]
            + ["--dest", str(folder), f"{package}=={version}"],
            PYTHONPATH=str(INERT_BACKEND),
        )
    return _unpack(folder)


def _npm(package, version, folder):
    if not any(folder.iterdir()):
        _run(["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package}@{version}"])
    return _unpack(folder)


def _cargo(package, version, folder):
    # A package that depends on the wanted one, so that `cargo metadata` fetches and locates it.
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "wants"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n'
        f'[dependencies]\n{package} = "={version}"\n'
    )
    metadata = json.loads(_run(["cargo", "metadata", "--quiet", "--format-version", "1"], cwd=folder))
    wanted = next(p for p in metadata["packages"] if (p["name"], p["version"]) == (package, version))
    root = Path(wanted["manifest_path"]).parent
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def _unpack(folder):
    """The members of the one archive in `folder`, without the top folder of their paths."""
    (archive,) = folder.iterdir()
    with tarfile.open(archive) as tar:
        return {
            member.name.partition("/")[2]: tar.extractfile(member).read()
            for member in tar
            if member.isfile()
        }


def _run(command, cwd=None, **environment):
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, stdout=subprocess.PIPE, check=True
    )
    return done.stdout
