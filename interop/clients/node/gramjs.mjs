// GramJS, unmodified: the address goes in through its session and a connection class, the key through its table of keys.

import { createRequire } from 'node:module'

import { Inbox, NotOffered, Server, exitCode } from './harness.mjs'
import { fingerprint, publicNumbers } from './pkcs1.mjs'
import { Story } from './story.mjs'

// The package is CommonJS, and its exports are getters that an import statement does not see.
const require = createRequire(import.meta.url)
const { Api, TelegramClient } = require('telegram')
const { ConnectionTCPFull } = require('telegram/network')
const { NewMessage } = require('telegram/events')
const { CallbackQuery } = require('telegram/events/CallbackQuery')
const { Button } = require('telegram/tl/custom/button')
const { StringSession } = require('telegram/sessions')
const { _serverKeys } = require('telegram/crypto/RSA')
const bigInt = require('big-integer')

const API = { apiId: 1, apiHash: 'mtkit' }

class GramJS {
  constructor(server) {
    this.server = server
    // region: point
    // The table is exported; its keys are fingerprints as signed decimal numbers.
    const key = publicNumbers(server.rsaPublicKeyPem)
    _serverKeys.set(String(fingerprint(key)), { n: bigInt(key.n), e: key.e })
    // GramJS dials port 80 whatever the session says, so the connection class puts the port right.
    this.connection = class extends ConnectionTCPFull {
      constructor(options) {
        super({ ...options, ip: server.host, port: server.port })
      }
    }
    // endregion
  }

  async create(name, { session = '' } = {}) {
    // region: client
    const strings = new StringSession(session)
    if (session === '') strings.setDC(this.server.dc, this.server.host, this.server.port)
    const client = new TelegramClient(strings, API.apiId, API.apiHash, {
      connection: this.connection, connectionRetries: 3, floodSleepThreshold: 0,
    })
    // endregion
    client.setLogLevel('error')
    client.inbox = new Inbox()
    client.addEventHandler(async (event) => {
      client.inbox.put(await this.message(event.message))
    }, new NewMessage({ incoming: true }))
    return client
  }

  async message(raw) {
    const sender = await raw.getSender()
    return {
      id: raw.id, text: raw.message, sender: sender?.username, replyTo: raw.replyTo?.replyToMsgId ?? null,
      forwarded: Boolean(raw.fwdFrom), raw,
    }
  }

  async connect(client) {
    await client.connect()
  }

  async destroy(client) {
    await client.destroy()
  }

  isAuthorized(client) {
    return client.checkAuthorization()
  }

  async login(client, account) {
    const { phoneCodeHash } = await client.sendCode(API, account.phone)
    const { user } = await client.invoke(
      new Api.auth.SignIn({ phoneNumber: account.phone, phoneCodeHash, phoneCode: account.code }))
    return user.firstName
  }

  // What its `start` does at the end.
  async goOnline(client) {
    await client.getMe()
  }

  async signUp(client, account, name) {
    await client.signInUser(API, {
      phoneNumber: account.phone,
      phoneCode: async () => account.code,
      firstAndLastNames: async () => [name, ''],
      onError: (error) => { throw error },
    })
  }

  async password(client, password) {
    const user = await client.signInWithPassword(API, {
      password: async () => password, onError: (error) => { throw error },
    })
    return user.firstName
  }

  async botLogin(client, token) {
    await client.signInBot(API, { botAuthToken: token })
  }

  async comeBackBySession(client) {
    const session = client.session.save()
    await client.destroy()
    const back = await this.create('back', { session })
    await back.connect()
    return back
  }

  needsSessionString() {}

  // Its `getMe` answers nothing where nobody is logged in.
  async me(client) {
    const [me] = await client.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }))
    return { name: me.firstName, username: me.username }
  }

  async dialogs(client) {
    return (await client.getDialogs()).map((dialog) => [dialog.entity.firstName, dialog.message?.message])
  }

  async send(client, to, text, replyTo) {
    return this.message(await client.sendMessage(to, { message: text, replyTo }))
  }

  async history(client, chat, limit) {
    return Promise.all((await client.getMessages(chat, { limit })).map((raw) => this.message(raw)))
  }

  async edit(client, chat, id, text) {
    await client.editMessage(chat, { message: id, text })
  }

  async delete(client, chat, id) {
    await client.deleteMessages(chat, [id], { revoke: true })
  }

  async forward(client, chat, id, to) {
    await client.forwardMessages(to, { messages: [id], fromPeer: chat })
  }

  received(client, text) {
    return client.inbox.take(text)
  }

  needsCatchUp() {
    throw new NotOffered('GramJS does not ask for what it missed')
  }

  async sendFile(client, to, path) {
    await client.sendFile(to, { file: path, forceDocument: true })
  }

  download(client, message) {
    return client.downloadMedia(message.raw, {})
  }

  async createGroup(client, title, people) {
    await client.invoke(new Api.messages.CreateChat({ title, users: people }))
  }

  async findChat(client, title) {
    const dialog = (await client.getDialogs()).find((found) => found.title === title)
    if (!dialog) throw new Error(`no dialog is called ${title}`)
    return dialog.entity
  }

  async rename(client, chat, title) {
    await client.invoke(new Api.messages.EditChatTitle({ chatId: chat.id, title }))
  }

  async members(client, chat) {
    return (await client.getParticipants(chat)).map((user) => user.username)
  }

  async removeMember(client, chat, user) {
    await client.invoke(new Api.messages.DeleteChatUser({ chatId: chat.id, userId: user }))
  }

  async createChannel(client, title, username) {
    const made = await client.invoke(new Api.channels.CreateChannel({ title, about: '', broadcast: true }))
    const [channel] = made.chats
    await client.invoke(new Api.channels.UpdateUsername({ channel, username }))
    return channel
  }

  async join(client, username) {
    await client.invoke(new Api.channels.JoinChannel({ channel: username }))
    return username
  }

  async answerPresses(client, text) {
    client.addEventHandler((event) => event.answer({ message: text }), new CallbackQuery({}))
  }

  async sendButton(client, to, text, label, data) {
    await client.sendMessage(to, { message: text, buttons: [Button.inline(label, Buffer.from(data))] })
  }

  async press(client, message) {
    return (await message.raw.click({ i: 0 })).message
  }

  loseNextRequest(server) {
    return server.loseNextRequest()
  }

  needsTemporaryKeys() {
    throw new NotOffered('the client has no temporary keys')
  }

  async logOut(client) {
    await client.invoke(new Api.auth.LogOut())
    await client.destroy()
  }

  async setBio(client, text) {
    await client.invoke(new Api.account.UpdateProfile({ about: text }))
  }

  secondsOf(error) {
    return error.seconds
  }

  errorOf(error) {
    return error.errorMessage ?? error.message
  }
}

const server = new Server(process.argv[2])
process.exit(await exitCode(new Story(new GramJS(server), server)))
