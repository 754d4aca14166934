import inert
from inert import *  # noqa: F403

# Packages without a pyproject.toml are built through this name.
__legacy__ = inert
