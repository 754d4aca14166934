"""Telethon, unmodified: the address goes in through its session, the key through its table of server keys."""

import asyncio
import sys

from steps import UPDATE_SECONDS, Server, exit_code, expect, step
from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.errors import SessionPasswordNeededError
from telethon.sessions import MemorySession


def client_for(server: Server) -> TelegramClient:
    session = MemorySession()
    session.set_dc(server.dc, server.host, server.port)
    return TelegramClient(session, 1, "mtkit", connection_retries=1, request_retries=2, flood_sleep_threshold=0)


async def log_in(client: TelegramClient, account: dict):
    await client.send_code_request(account["phone"])
    return await client.sign_in(account["phone"], account["code"])


async def main(server: Server) -> None:
    rsa.add_key(server.rsa_public_key_pem, old=False)
    alice, bob, carol, bot = (client_for(server) for _ in range(4))

    async with step("connect"):
        await alice.connect()
        expect(alice.is_connected(), "not connected")
        expect(not await alice.is_user_authorized(), "a new key is already authorised")

    async with step("login"):
        user = await log_in(alice, server.alice)
        expect(user.first_name == server.alice["first_name"], f"logged in as {user.first_name}")
        expect(await alice.is_user_authorized(), "not authorised after sign_in")

    async with step("2fa"):
        await carol.connect()
        try:
            await log_in(carol, server.carol)
            raise AssertionError("no password was asked for")
        except SessionPasswordNeededError:
            pass
        user = await carol.sign_in(password=server.carol["password"])
        expect(user.first_name == server.carol["first_name"], f"logged in as {user.first_name}")

    async with step("bot"):
        await bot.connect()
        user = await bot.sign_in(bot_token=server.bot["token"])
        expect(user.bot, "the bot is no bot")
        expect(user.username == server.bot["username"], f"logged in as {user.username}")

    async with step("me"):
        me = await alice.get_me()
        expect(me.is_self and me.username == server.alice["username"], f"get_me gave {me.username}")

    async with step("saved"):
        sent = await alice.send_message("me", "a note to myself")
        expect(sent.id > 0 and sent.message == "a note to myself", f"sent message is {sent}")

    async with step("history"):
        found = await alice.get_messages("me", limit=10)
        expect([m.message for m in found] == ["a note to myself"], f"history is {[m.message for m in found]}")

    async with step("update"):
        await bob.connect()
        await log_in(bob, server.bob)
        received = asyncio.get_running_loop().create_future()

        @bob.on(events.NewMessage(incoming=True))
        async def on_message(event):
            if not received.done():
                received.set_result((event.raw_text, (await event.get_sender()).username))

        await alice.send_message(server.bob["username"], "hello from Telethon")
        text, sender = await asyncio.wait_for(received, UPDATE_SECONDS)
        expect(text == "hello from Telethon", f"received {text!r}")
        expect(sender == server.alice["username"], f"the sender is {sender}")

    async with step("logout"):
        expect(await alice.log_out(), "log_out returned False")
        again = client_for(server)
        await again.connect()
        expect(not await again.is_user_authorized(), "authorised after log-out")
        await again.disconnect()

    for client in (bob, carol, bot):
        await client.disconnect()


if __name__ == "__main__":
    sys.exit(exit_code(lambda: asyncio.run(main(Server(sys.argv[1])))))
