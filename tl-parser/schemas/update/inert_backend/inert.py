"""A build backend that builds nothing.

`pip download` asks a source archive for its metadata before it keeps the file, and so would run the
package's own build code. Name and version are in PKG-INFO already; nothing else is needed here.
"""

import os


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    fields = {}
    with open("PKG-INFO", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, separator, value = line.partition(":")
            if not separator:
                break
            fields.setdefault(key, value.strip())
    name, version = fields["Name"], fields["Version"]
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    os.mkdir(os.path.join(metadata_directory, folder))
    with open(os.path.join(metadata_directory, folder, "METADATA"), "w", encoding="utf-8") as out:
        out.write(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def build_wheel(*arguments, **options):
    raise NotImplementedError("source archives are read, never built")
