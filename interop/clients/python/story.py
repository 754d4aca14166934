"""The story that every Python client goes through. A client is an adapter: the names used here, said in its own words.

The steps and their order are those of the runner; `story.mjs` and the grammers program tell the same story.
"""

import asyncio
import hashlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import NotOffered, Server, Steps, expect

MEDIA_BYTES = 3 << 20
STREAM_BYTES = 50 << 20


@dataclass
class Message:
    """What the story looks at in a message; `raw` is the client's own object."""

    id: int
    text: str
    sender: str | None
    reply_to: int | None
    forwarded: bool
    raw: Any


class Story:
    def __init__(self, adapter, server: Server):
        self.adapter = adapter
        self.server = server
        self.steps = Steps(server.ready["steps"])
        self.alice, self.bob, self.carol, self.bot = (adapter.new(name) for name in ("alice", "bob", "carol", "bot"))
        self.to_bob = server.bob["username"]
        self.to_alice = server.alice["username"]

    async def tell(self) -> None:
        run = self.steps.run
        await run("connect", self.connect, essential=True)
        await run("login", self.login, essential=True)
        await run("signup", self.signup)
        await run("2fa", self.two_factors)
        await run("bot", self.bot_login)
        await run("session", self.session, essential=True)
        for step in ("me", "dialogs", "send", "history", "edit", "delete", "reply", "forward", "update", "gap",
                     "media", "stream", "group", "channel", "button", "flood", "migrate", "drop", "pfs", "logout"):
            await run(step, getattr(self, step))
        for client in (self.bob, self.carol, self.bot):
            await self.adapter.disconnect(client)

    async def connect(self) -> None:
        await self.adapter.connect(self.alice)
        expect(not await self.adapter.is_authorized(self.alice), "a new key is already authorised")

    async def login(self) -> None:
        name = await self.adapter.login(self.alice, self.server.alice)
        expect(name == self.server.alice["first_name"], f"logged in as {name}")
        await self.adapter.go_online(self.alice)

    async def signup(self) -> None:
        newcomer = self.adapter.new("newcomer")
        await self.adapter.connect(newcomer)
        await self.adapter.sign_up(newcomer, self.server.newcomer, "Dora")
        me = await self.adapter.me(newcomer)
        expect(me.name == "Dora", f"signed up as {me.name}")
        await self.adapter.disconnect(newcomer)

    async def two_factors(self) -> None:
        await self.adapter.connect(self.carol)
        await refused(self.adapter.login(self.carol, self.server.carol), "SESSION_PASSWORD_NEEDED", self.adapter)
        await refused(self.adapter.password(self.carol, "wrong"), "PASSWORD_HASH_INVALID", self.adapter)
        name = await self.adapter.password(self.carol, self.server.carol["password"])
        expect(name == self.server.carol["first_name"], f"logged in as {name}")

    async def bot_login(self) -> None:
        await self.adapter.connect(self.bot)
        await self.adapter.bot_login(self.bot, self.server.bot["token"])
        await self.adapter.go_online(self.bot)
        me = await self.adapter.me(self.bot)
        expect(me.username == self.server.bot["username"], f"logged in as {me.username}")

    async def session(self) -> None:
        """Bob logs in, leaves, and comes back by his session string alone."""
        await self.adapter.connect(self.bob)
        await self.adapter.login(self.bob, self.server.bob)
        text = await self.adapter.session_string(self.bob)
        await self.adapter.disconnect(self.bob)
        self.bob = self.adapter.new("bob", session=text)
        await self.adapter.connect(self.bob)
        expect(await self.adapter.is_authorized(self.bob), "the session string carries no login")
        await self.adapter.go_online(self.bob)
        me = await self.adapter.me(self.bob)
        expect(me.username == self.server.bob["username"], f"logged in as {me.username}")

    async def me(self) -> None:
        me = await self.adapter.me(self.alice)
        expect(me.username == self.server.alice["username"], f"me is {me.username}")

    async def dialogs(self) -> None:
        for number in (1, 2, 3):
            await self.adapter.send(self.bob, self.to_alice, f"bob's words {number}")
        dialogs = await self.adapter.dialogs(self.alice)
        expect((self.server.bob["first_name"], "bob's words 3") in dialogs, f"dialogs are {dialogs}")
        found = [message.text for message in await self.adapter.history(self.alice, self.to_bob, 2)]
        expect(found == ["bob's words 3", "bob's words 2"], f"the newest two messages are {found}")

    async def send(self) -> None:
        sent = await self.adapter.send(self.alice, "me", "a note to myself")
        expect(sent.id > 0 and sent.text == "a note to myself", f"sent message is {sent}")

    async def history(self) -> None:
        found = [message.text for message in await self.adapter.history(self.alice, "me", 10)]
        expect(found == ["a note to myself"], f"history is {found}")

    async def edit(self) -> None:
        sent = await self.adapter.send(self.alice, self.to_bob, "frist")
        await self.adapter.edit(self.alice, self.to_bob, sent.id, "first")
        seen = (await self.adapter.history(self.bob, self.to_alice, 1))[0]
        expect(seen.text == "first", f"Bob reads {seen.text!r}")

    async def delete(self) -> None:
        sent = await self.adapter.send(self.alice, self.to_bob, "never mind")
        await self.adapter.delete(self.alice, self.to_bob, sent.id)
        for client, other in ((self.alice, self.to_bob), (self.bob, self.to_alice)):
            texts = [message.text for message in await self.adapter.history(client, other, 10)]
            expect("never mind" not in texts, f"still there: {texts}")

    async def reply(self) -> None:
        question = await self.adapter.send(self.alice, self.to_bob, "how are you?")
        seen = (await self.adapter.history(self.bob, self.to_alice, 1))[0]
        await self.adapter.send(self.bob, self.to_alice, "well", reply_to=seen.id)
        answer = (await self.adapter.history(self.alice, self.to_bob, 1))[0]
        expect(answer.text == "well" and answer.reply_to == question.id, f"the reply is {answer}")

    async def forward(self) -> None:
        original = (await self.adapter.history(self.alice, self.to_bob, 1))[0]
        await self.adapter.forward(self.alice, self.to_bob, original.id, "me")
        copy = (await self.adapter.history(self.alice, "me", 1))[0]
        expect(copy.text == original.text and copy.forwarded, f"the copy is {copy}")

    async def update(self) -> None:
        await self.adapter.send(self.alice, self.to_bob, "hello, live")
        message = await self.adapter.received(self.bob, "hello, live")
        expect(message.sender == self.to_alice, f"the sender is {message.sender}")

    async def gap(self) -> None:
        self.adapter.needs_catch_up()
        away = self.adapter.new("away", kept=True)
        await self.adapter.connect(away)
        await self.adapter.login(away, self.server.bob)
        await self.adapter.go_online(away)
        await self.adapter.send(self.alice, self.to_bob, "are you there?")
        await self.adapter.received(away, "are you there?")
        await self.adapter.go_offline(away)
        for number in (1, 2, 3):
            await self.adapter.send(self.alice, self.to_bob, f"while you were away {number}")
        await self.adapter.come_back(away)
        for number in (1, 2, 3):
            await self.adapter.received(away, f"while you were away {number}")
        await self.adapter.disconnect(away)

    async def media(self) -> None:
        await self.file_there_and_back(MEDIA_BYTES)

    async def stream(self) -> None:
        await self.file_there_and_back(STREAM_BYTES)

    async def file_there_and_back(self, size: int) -> None:
        content = random.Random(size).randbytes(size)
        path = Path(f"sent-{size}.bin")
        path.write_bytes(content)
        await self.adapter.send_file(self.alice, self.to_bob, path)
        message = (await self.adapter.history(self.bob, self.to_alice, 1))[0]
        back = await self.adapter.download(self.bob, message)
        expect(len(back) == size, f"{len(back)} bytes came back of {size}")
        expect(hashlib.sha256(back).digest() == hashlib.sha256(content).digest(), "other bytes came back")

    async def group(self) -> None:
        await self.adapter.create_group(self.alice, "Readers", [self.to_bob])
        mine = await self.adapter.find_chat(self.alice, "Readers")
        await self.adapter.rename(self.alice, mine, "Writers")
        his = await self.adapter.find_chat(self.bob, "Writers")
        await self.adapter.send(self.bob, his, "hello, group")
        message = await self.adapter.received(self.alice, "hello, group")
        expect(message.sender == self.to_bob, f"the sender is {message.sender}")
        names = await self.adapter.members(self.alice, mine)
        expect(sorted(names) == sorted([self.to_alice, self.to_bob]), f"the members are {names}")
        await self.adapter.remove_member(self.alice, mine, self.to_bob)
        names = await self.adapter.members(self.alice, mine)
        expect(names == [self.to_alice], f"the members are {names}")

    async def channel(self) -> None:
        mine = await self.adapter.create_channel(self.alice, "News", "mtkit_news")
        his = await self.adapter.join(self.bob, "mtkit_news")
        await self.adapter.send(self.alice, mine, "breaking news")
        await self.adapter.received(self.bob, "breaking news")
        seen = (await self.adapter.history(self.bob, his, 1))[0]
        expect(seen.text == "breaking news", f"the newest post is {seen.text!r}")
        await refused(self.adapter.send(self.bob, his, "me too"), "CHAT_ADMIN_REQUIRED", self.adapter)

    async def button(self) -> None:
        await self.adapter.answer_presses(self.bot, "you pressed it")
        await self.adapter.send(self.alice, self.server.bot["username"], "/start")
        await self.adapter.received(self.bot, "/start")
        await self.adapter.send_button(self.bot, self.to_alice, "press it", "the button", b"pressed")
        message = await self.adapter.received(self.alice, "press it")
        answer = await self.adapter.press(self.alice, message)
        expect(answer == "you pressed it", f"the answer is {answer!r}")

    async def flood(self) -> None:
        await self.adapter.set_bio(self.alice, "the first change is free")
        try:
            await self.adapter.set_bio(self.alice, "the second comes too soon")
        except Exception as failed:
            seconds = self.adapter.seconds_of(failed)
            expect(seconds is not None, f"{type(failed).__name__}: {failed}")
            expect(0 < seconds <= 300, f"{seconds} seconds to wait")
        else:
            raise AssertionError("no FLOOD_WAIT")

    async def migrate(self) -> None:
        raise NotOffered("the story has no account of another DC yet")

    async def drop(self) -> None:
        self.server.lose_next_request()
        await self.adapter.send(self.alice, self.to_bob, "sent into a broken connection")
        texts = [message.text for message in await self.adapter.history(self.alice, self.to_bob, 5)]
        expect(texts.count("sent into a broken connection") == 1, f"history is {texts}")
        await self.adapter.send(self.bob, self.to_alice, "still here?")
        await self.adapter.received(self.alice, "still here?")

    async def pfs(self) -> None:
        raise NotOffered("the client has no temporary keys")

    async def logout(self) -> None:
        expect(await self.adapter.log_out(self.alice), "the client says that it did not log out")
        again = self.adapter.new("again")
        await self.adapter.connect(again)
        expect(not await self.adapter.is_authorized(again), "authorised after log-out")
        await refused(self.adapter.me(again), "AUTH_KEY_UNREGISTERED", self.adapter)
        await self.adapter.disconnect(again)


async def refused(work, error: str, adapter) -> None:
    try:
        await work
    except Exception as failed:
        expect(adapter.error_of(failed) == error, f"refused with {adapter.error_of(failed)}, not {error}")
    else:
        raise AssertionError(f"done, though {error} was due")


class Inbox:
    """Incoming messages of a client, by text; a message may come before anybody waits for it."""

    def __init__(self):
        self.messages: list[Message] = []
        self.changed = asyncio.Event()

    def put(self, message: Message) -> None:
        self.messages.append(message)
        self.changed.set()

    async def take(self, text: str) -> Message:
        while True:
            for message in self.messages:
                if message.text == text:
                    self.messages.remove(message)
                    return message
            self.changed.clear()
            await self.changed.wait()
