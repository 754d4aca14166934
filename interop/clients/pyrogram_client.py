"""Pyrogram, unmodified: the address goes in through the name that its Connection looks up, the key through its table."""

import asyncio
import base64
import hashlib
import sys

from steps import UPDATE_SECONDS, Server, exit_code, expect, step

import pyrogram
from pyrogram import Client, filters
from pyrogram.connection import connection
from pyrogram.crypto import rsa
from pyrogram.errors import SessionPasswordNeeded, Unauthorized
from pyrogram.handlers import MessageHandler


def tl_string(data: bytes) -> bytes:
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) % 4)


def der_integers(pem: str) -> list[int]:
    """The two numbers of a PKCS#1 public key."""
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))

    def read(at: int) -> tuple[int, int, int]:
        length, start = der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(der[start:start + size], "big"), start + size
        return der[at], start, start + length

    _, at, end = read(0)
    numbers = []
    while at < end:
        _, start, at = read(at)
        numbers.append(int.from_bytes(der[start:at], "big"))
    return numbers


def trust(server: Server) -> None:
    n, e = der_integers(server.rsa_public_key_pem)
    text = tl_string(n.to_bytes(256, "big")) + tl_string(e.to_bytes((e.bit_length() + 7) // 8, "big"))
    fingerprint = int.from_bytes(hashlib.sha1(text).digest()[-8:], "little", signed=True)
    rsa.server_public_keys[fingerprint] = rsa.PublicKey(n, e)
    connection.DataCenter = lambda dc_id, test_mode, ipv6, media: (server.host, server.port)


def client_for(name: str) -> Client:
    return Client(name, api_id=1, api_hash="mtkit", in_memory=True, no_updates=False, sleep_threshold=0)


async def log_in(client: Client, account: dict):
    code = await client.send_code(account["phone"])
    return await client.sign_in(account["phone"], code.phone_code_hash, account["code"])


async def ready_for_updates(client: Client) -> None:
    """What Client.start does after it has authorised."""
    await client.invoke(pyrogram.raw.functions.updates.GetState())
    client.me = await client.get_me()
    await client.initialize()


async def main(server: Server) -> None:
    trust(server)
    alice, bob, carol, bot = (client_for(name) for name in ("alice", "bob", "carol", "bot"))

    async with step("connect"):
        expect(not await alice.connect(), "a new key is already authorised")

    async with step("login"):
        user = await log_in(alice, server.alice)
        expect(user.first_name == server.alice["first_name"], f"logged in as {user.first_name}")
        await ready_for_updates(alice)

    async with step("2fa"):
        await carol.connect()
        try:
            await log_in(carol, server.carol)
            raise AssertionError("no password was asked for")
        except SessionPasswordNeeded:
            pass
        user = await carol.check_password(server.carol["password"])
        expect(user.first_name == server.carol["first_name"], f"logged in as {user.first_name}")

    async with step("bot"):
        await bot.connect()
        user = await bot.sign_in_bot(server.bot["token"])
        expect(user.is_bot, "the bot is no bot")
        expect(user.username == server.bot["username"], f"logged in as {user.username}")

    async with step("me"):
        me = await alice.get_me()
        expect(me.is_self and me.username == server.alice["username"], f"get_me gave {me.username}")

    async with step("saved"):
        sent = await alice.send_message("me", "a note to myself")
        expect(sent.id > 0 and sent.text == "a note to myself", f"sent message is {sent}")

    async with step("history"):
        found = [message.text async for message in alice.get_chat_history("me", limit=10)]
        expect(found == ["a note to myself"], f"history is {found}")

    async with step("update"):
        await bob.connect()
        await log_in(bob, server.bob)
        received = asyncio.get_running_loop().create_future()

        async def on_message(_, message):
            if not received.done():
                received.set_result((message.text, message.from_user.username))

        bob.add_handler(MessageHandler(on_message, filters.incoming))
        await ready_for_updates(bob)
        await alice.send_message(server.bob["username"], "hello from Pyrogram")
        text, sender = await asyncio.wait_for(received, UPDATE_SECONDS)
        expect(text == "hello from Pyrogram", f"received {text!r}")
        expect(sender == server.alice["username"], f"the sender is {sender}")

    async with step("logout"):
        expect(await alice.log_out(), "log_out returned False")
        again = client_for("again")
        expect(not await again.connect(), "authorised after log-out")
        try:
            await again.get_me()
            raise AssertionError("get_me answered without a login")
        except Unauthorized:
            pass
        await again.disconnect()

    await bob.stop()
    for client in (carol, bot):
        await client.disconnect()


if __name__ == "__main__":
    loop = asyncio.get_event_loop_policy().get_event_loop()
    sys.exit(exit_code(lambda: loop.run_until_complete(main(Server(sys.argv[1])))))
