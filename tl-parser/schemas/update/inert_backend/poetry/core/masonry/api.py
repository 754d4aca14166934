from inert import *  # noqa: F403
