"""The steps, and the clients with their pinned packages."""

from dataclasses import dataclass

# Name -> what the step shows. The order is that of the story.
STEPS = {
    "connect": "new authorization key, first query, not yet authorised",
    "login": "phone number and code",
    "signup": "a new account with its name, terms of service accepted",
    "2fa": "wrong password refused, right password taken",
    "bot": "login by bot token",
    "session": "login by session string alone",
    "me": "the account itself",
    "dialogs": "list of dialogs and the newest messages of one",
    "send": "a message to Saved Messages",
    "history": "Saved Messages read back",
    "edit": "edited here, read there",
    "delete": "deleted for both sides",
    "reply": "a reply names the message it answers",
    "forward": "a forward names its origin",
    "update": "a message arrives live",
    "gap": "three messages sent while the other was away arrive on its return",
    "media": "3 MiB up, down on the other side, same SHA-256",
    "stream": "50 MiB the same way",
    "group": "create, rename, write, list and remove members",
    "channel": "create, username, join, post, a reader's post refused",
    "button": "inline button pressed, answered by a bot",
    "flood": "FLOOD_WAIT reaches the application with its seconds",
    "migrate": "an account of another DC logs in",
    "drop": "the connection breaks under a request, which then happens once",
    "pfs": "temporary keys, bound and used",
    "logout": "logged out, and a new key is nobody",
}

# Left out unless asked for: their time is out of proportion.
LONG_STEPS = {"stream"}


@dataclass(frozen=True)
class Client:
    """A client: its name here, how a person calls it, its API layer, and its package."""

    name: str
    label: str
    layer: int
    # "python", "node" or "cargo"
    kind: str
    # For Python the requirement; for the others the lock file says it.
    package: str
    # The runner's script; for cargo the folder.
    script: str
    # Further packages that its own documentation asks for.
    extras: tuple[str, ...] = ()
    # Printed beside the name where anything was done to the package.
    mark: str = ""
    mark_text: str = ""
    # Runs where only the loopback interface exists, because its addresses are its own.
    isolated: bool = False


# Without it both do AES in pure Python, at 100 KiB/s.
FAST = ("TgCrypto==1.2.5",)

GRAMMERS_MARK = (
    "¹ grammers keeps the server's keys in a private constant: connect, login, 2fa and bot run with one key added to a copy"
    " of it, everything from session on runs with the published crates and a ready session."
)

TDLIB_MARK = (
    "² key patched: TDLib carries the text of the server's keys, so it runs as a copy with other text of the same length,"
    " through a SOCKS5 proxy and without any network but the loopback interface."
)

CLIENTS = {
    client.name: client
    for client in (
        Client("telethon", "Telethon 1.45.0", 229, "python", "Telethon==1.45.0", "telethon_client.py"),
        Client("pyrogram", "Pyrogram 2.0.106", 158, "python", "Pyrogram==2.0.106", "pyrogram_client.py", FAST),
        Client("kurigram", "Kurigram 2.2.26", 229, "python", "Kurigram==2.2.26", "pyrogram_client.py", FAST),
        Client("mtcute", "mtcute 0.30.3", 227, "node", "@mtcute/node", "mtcute.mjs"),
        Client("gramjs", "GramJS 2.26.22", 198, "node", "telegram", "gramjs.mjs"),
        Client("grammers", "grammers 0.11.0", 230, "cargo", "grammers-client", "grammers", 
               mark=" ¹", mark_text=GRAMMERS_MARK),
        Client("tdlib", "TDLib 1.8.65", 227, "tdlib", "prebuilt-tdlib", "tdlib.mjs",
               mark=" ²", mark_text=TDLIB_MARK, isolated=True),
    )
}
