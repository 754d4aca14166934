"""Pyrogram and Kurigram, unmodified: two doors for the address, one table for the key, and the rest is the same."""

import asyncio
import sys
from types import SimpleNamespace

from harness import NotOffered, Server, exit_code, expect
from pkcs1 import fingerprint, public_numbers
from story import Inbox, Message, Story

import pyrogram
from pyrogram import Client, filters
from pyrogram.connection import connection
from pyrogram.crypto import rsa
from pyrogram.errors import FloodWait, RPCError
from pyrogram.handlers import CallbackQueryHandler, MessageHandler
from pyrogram.raw import functions
from pyrogram.types import InlineKeyboardButton, InlineKeyboardMarkup

KURIGRAM = not hasattr(connection, "DataCenter")


def trust(server: Server) -> None:
    # region: point
    # The key goes into the table of server keys, under its fingerprint as a signed number.
    n, e = public_numbers(server.rsa_public_key_pem)
    rsa.server_public_keys[fingerprint(n, e)] = rsa.PublicKey(n, e)
    # endregion


def pyrogram_options(server: Server) -> dict:
    # region: pyrogram
    # Pyrogram looks the address up by this name for every connection it opens.
    connection.DataCenter = lambda dc_id, test_mode, ipv6, media: server.address_of(dc_id)
    # endregion
    return {}


def kurigram_options(server: Server) -> dict:
    # region: kurigram
    class ToTheMock(connection.Connection):
        def __init__(self, dc_id, server_address, port, *rest, **options):
            super().__init__(dc_id, *server.address_of(dc_id), *rest, **options)

    return {"connection_factory": ToTheMock, "skip_updates": False}
    # endregion


class Pyrogram:
    def __init__(self, server: Server):
        trust(server)
        self.server = server
        self.options = (kurigram_options if KURIGRAM else pyrogram_options)(server)

    def new(self, name: str, session: str | None = None, kept: bool = False) -> Client:
        client = Client(name, api_id=1, api_hash="mtkit", session_string=session, in_memory=not kept, workdir=".", no_updates=False,
                        sleep_threshold=0, **self.options)
        client.inbox = Inbox()

        async def on_message(_, message) -> None:
            client.inbox.put(self.message(message))

        client.add_handler(MessageHandler(on_message, filters.incoming))
        return client

    def message(self, raw) -> Message:
        sender = raw.from_user.username if raw.from_user else None
        forwarded = bool(raw.forward_origin if KURIGRAM else raw.forward_date)
        return Message(raw.id, raw.text, sender, raw.reply_to_message_id, forwarded, raw)

    async def connect(self, client) -> None:
        client.known = await client.connect()

    async def disconnect(self, client) -> None:
        await (client.stop() if client.is_initialized else client.disconnect())

    async def is_authorized(self, client) -> bool:
        return client.known

    async def login(self, client, account: dict) -> str:
        code = await client.send_code(account["phone"])
        return (await client.sign_in(account["phone"], code.phone_code_hash, account["code"])).first_name

    async def go_online(self, client) -> None:
        """What `start` does after it has authorised."""
        state = await client.invoke(functions.updates.GetState())
        if KURIGRAM:
            from pyrogram.storage import UpdateState
            await client.storage.set_update_state(UpdateState(0, state.pts, state.qts, state.date, state.seq))
        client.me = await client.get_me()
        await client.initialize()

    async def sign_up(self, client, account: dict, name: str) -> None:
        code = await client.send_code(account["phone"])
        terms = await client.sign_in(account["phone"], code.phone_code_hash, account["code"])
        expect(not isinstance(terms, pyrogram.types.User), "the number is taken")
        await client.sign_up(account["phone"], code.phone_code_hash, name)
        if terms:
            await client.accept_terms_of_service(terms.id)

    async def password(self, client, password: str) -> str:
        return (await client.check_password(password)).first_name

    async def bot_login(self, client, token: str) -> None:
        await client.sign_in_bot(token)

    async def session_string(self, client) -> str:
        return await client.export_session_string()

    async def me(self, client):
        me = await client.get_me()
        return SimpleNamespace(name=me.first_name, username=me.username)

    async def dialogs(self, client) -> list[tuple[str, str]]:
        return [(dialog.chat.first_name, dialog.top_message.text) async for dialog in client.get_dialogs()]

    async def send(self, client, to, text: str, reply_to: int | None = None) -> Message:
        options = {}
        if reply_to and KURIGRAM:
            options["reply_parameters"] = pyrogram.types.ReplyParameters(message_id=reply_to)
        elif reply_to:
            options["reply_to_message_id"] = reply_to
        return self.message(await client.send_message(to, text, **options))

    async def history(self, client, chat, limit: int) -> list[Message]:
        return [self.message(raw) async for raw in client.get_chat_history(chat, limit=limit)]

    async def edit(self, client, chat, number: int, text: str) -> None:
        await client.edit_message_text(chat, number, text)

    async def delete(self, client, chat, number: int) -> None:
        await client.delete_messages(chat, number)

    async def forward(self, client, chat, number: int, to) -> None:
        await client.forward_messages(to, chat, number)

    async def received(self, client, text: str) -> Message:
        return await client.inbox.take(text)

    def needs_catch_up(self) -> None:
        if not KURIGRAM:
            raise NotOffered("Pyrogram does not ask for what it missed")

    async def go_offline(self, client) -> None:
        await client.stop(clear_handlers=False)

    async def come_back(self, client) -> None:
        await client.start()

    async def send_file(self, client, to, path) -> None:
        await client.send_document(to, str(path), force_document=True)

    async def download(self, client, message: Message) -> bytes:
        return (await client.download_media(message.raw, in_memory=True)).getvalue()

    async def create_group(self, client, title: str, people: list[str]) -> None:
        await client.create_group(title, people)

    async def find_chat(self, client, title: str):
        async for dialog in client.get_dialogs():
            if dialog.chat.title == title:
                return dialog.chat.id
        raise AssertionError(f"no dialog is called {title}")

    async def rename(self, client, chat, title: str) -> None:
        await client.set_chat_title(chat, title)

    async def members(self, client, chat) -> list[str]:
        return [member.user.username async for member in client.get_chat_members(chat)]

    async def remove_member(self, client, chat, user: str) -> None:
        await client.ban_chat_member(chat, user)

    async def create_channel(self, client, title: str, username: str):
        chat = await client.create_channel(title)
        await client.set_chat_username(chat.id, username)
        return chat.id

    async def join(self, client, username: str):
        joined = await client.join_chat(username)
        return joined.chat.id if KURIGRAM else joined.id

    async def answer_presses(self, client, text: str) -> None:
        client.add_handler(CallbackQueryHandler(lambda _, query: query.answer(text)))

    async def send_button(self, client, to, text: str, label: str, data: bytes) -> None:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data.decode())]])
        await client.send_message(to, text, reply_markup=keyboard)

    async def press(self, client, message: Message) -> str:
        return (await message.raw.click(0)).message

    async def log_out(self, client) -> bool:
        return await client.log_out()

    async def set_bio(self, client, text: str) -> None:
        await client.update_profile(bio=text)

    def seconds_of(self, error: Exception) -> int | None:
        return error.value if isinstance(error, FloodWait) else None

    def error_of(self, error: Exception) -> str:
        return str(error.ID) if isinstance(error, RPCError) else str(error)


async def main() -> int:
    server = Server(sys.argv[1])
    return await exit_code(Story(Pyrogram(server), server))


if __name__ == "__main__":
    # Pyrogram takes the loop of the thread at import, so this one must run the story.
    loop = asyncio.get_event_loop_policy().get_event_loop()
    sys.exit(loop.run_until_complete(main()))
