"""Telethon, unmodified: the address goes in through its session, the key through its table of server keys."""

import asyncio
import sys
from types import SimpleNamespace

from harness import Server, exit_code, expect
from story import Inbox, Message, Story
from telethon import Button, TelegramClient, events, functions, types
from telethon.crypto import rsa
from telethon.errors import FloodWaitError, RPCError
from telethon.sessions import StringSession


class Telethon:
    def __init__(self, server: Server):
        self.server = server
        # region: point
        # A key of your own is added to the table; `old` is for keys that the service has retired.
        rsa.add_key(server.rsa_public_key_pem, old=False)
        # endregion

    def new(self, name: str, session: str | None = None, kept: bool = False) -> TelegramClient:
        # region: client
        strings = StringSession(session)
        if session is None:
            strings.set_dc(self.server.dc, self.server.host, self.server.port)
        client = TelegramClient(strings, api_id=1, api_hash="mtkit", catch_up=True, flood_sleep_threshold=0)
        # endregion
        client.inbox = Inbox()

        async def on_message(event) -> None:
            client.inbox.put(await self.message(event.message))

        client.add_event_handler(on_message, events.NewMessage(incoming=True))
        return client

    async def message(self, raw) -> Message:
        sender = await raw.get_sender()
        reply_to = raw.reply_to.reply_to_msg_id if raw.reply_to else None
        return Message(raw.id, raw.message, getattr(sender, "username", None), reply_to, raw.fwd_from is not None, raw)

    async def connect(self, client) -> None:
        await client.connect()
        expect(client.is_connected(), "not connected")

    async def disconnect(self, client) -> None:
        await client.disconnect()

    async def is_authorized(self, client) -> bool:
        return await client.is_user_authorized()

    async def login(self, client, account: dict) -> str:
        await client.send_code_request(account["phone"])
        return (await client.sign_in(account["phone"], account["code"])).first_name

    async def go_online(self, client) -> None:
        """Nothing to do: Telethon handles updates from the connection on."""

    async def sign_up(self, client, account: dict, name: str) -> None:
        # Its own `sign_up` only raises since the service closed that door to third-party clients.
        phone, code = account["phone"], account["code"]
        sent = await client(functions.auth.SendCodeRequest(phone, 1, "mtkit", types.CodeSettings()))
        await client(functions.auth.SignInRequest(phone, sent.phone_code_hash, code))
        await client(functions.auth.SignUpRequest(phone, sent.phone_code_hash, name, ""))

    async def password(self, client, password: str) -> str:
        return (await client.sign_in(password=password)).first_name

    async def bot_login(self, client, token: str) -> None:
        await client.sign_in(bot_token=token)

    async def session_string(self, client) -> str:
        return client.session.save()

    async def me(self, client):
        me = await client.get_me()
        if me is None:
            # Telethon turns the error into "nobody".
            await client(functions.users.GetUsersRequest(["me"]))
        return SimpleNamespace(name=me.first_name, username=me.username)

    async def dialogs(self, client) -> list[tuple[str, str]]:
        return [(dialog.entity.first_name, dialog.message.message) async for dialog in client.iter_dialogs()
                if dialog.is_user]

    async def send(self, client, to, text: str, reply_to: int | None = None) -> Message:
        return await self.message(await client.send_message(to, text, reply_to=reply_to))

    async def history(self, client, chat, limit: int) -> list[Message]:
        return [await self.message(raw) for raw in await client.get_messages(chat, limit=limit)]

    async def edit(self, client, chat, number: int, text: str) -> None:
        await client.edit_message(chat, number, text)

    async def delete(self, client, chat, number: int) -> None:
        await client.delete_messages(chat, [number])

    async def forward(self, client, chat, number: int, to) -> None:
        await client.forward_messages(to, number, chat)

    async def received(self, client, text: str) -> Message:
        return await client.inbox.take(text)

    def needs_catch_up(self) -> None:
        """It has it: `catch_up=True`."""

    async def go_offline(self, client) -> None:
        await client.disconnect()

    async def come_back(self, client) -> None:
        await client.connect()

    async def send_file(self, client, to, path) -> None:
        await client.send_file(to, path, force_document=True)

    async def download(self, client, message: Message) -> bytes:
        return await client.download_media(message.raw, bytes)

    async def create_group(self, client, title: str, people: list[str]) -> None:
        await client(functions.messages.CreateChatRequest(people, title))

    async def find_chat(self, client, title: str):
        async for dialog in client.iter_dialogs():
            if dialog.title == title:
                return dialog.entity
        raise AssertionError(f"no dialog is called {title}")

    async def rename(self, client, chat, title: str) -> None:
        await client(functions.messages.EditChatTitleRequest(chat.id, title))

    async def members(self, client, chat) -> list[str]:
        return [user.username for user in await client.get_participants(chat)]

    async def remove_member(self, client, chat, user: str) -> None:
        await client.kick_participant(chat, user)

    async def create_channel(self, client, title: str, username: str):
        made = await client(functions.channels.CreateChannelRequest(title, about="", broadcast=True))
        await client(functions.channels.UpdateUsernameRequest(made.chats[0], username))
        return made.chats[0]

    async def join(self, client, username: str):
        await client(functions.channels.JoinChannelRequest(username))
        return username

    async def answer_presses(self, client, text: str) -> None:
        client.add_event_handler(lambda event: event.answer(text), events.CallbackQuery())

    async def send_button(self, client, to, text: str, label: str, data: bytes) -> None:
        await client.send_message(to, text, buttons=[Button.inline(label, data)])

    async def press(self, client, message: Message) -> str:
        return (await message.raw.click(0)).message

    async def log_out(self, client) -> bool:
        return await client.log_out()

    async def set_bio(self, client, text: str) -> None:
        await client(functions.account.UpdateProfileRequest(about=text))

    def seconds_of(self, error: Exception) -> int | None:
        return error.seconds if isinstance(error, FloodWaitError) else None

    def error_of(self, error: Exception) -> str:
        return NAMES.get(type(error).__name__, str(error)) if isinstance(error, RPCError) else str(error)


# Telethon keeps the service's words as names of classes.
NAMES = {
    "SessionPasswordNeededError": "SESSION_PASSWORD_NEEDED",
    "PasswordHashInvalidError": "PASSWORD_HASH_INVALID",
    "ChatAdminRequiredError": "CHAT_ADMIN_REQUIRED",
    "AuthKeyUnregisteredError": "AUTH_KEY_UNREGISTERED",
}


async def main() -> int:
    server = Server(sys.argv[1])
    return await exit_code(Story(Telethon(server), server))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
