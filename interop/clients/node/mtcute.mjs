// mtcute, unmodified: the address is an option of the client, the key goes in through `addPublicKey`.

import { readFileSync } from 'node:fs'

import { BotKeyboard, MemoryStorage, TelegramClient, tl } from '@mtcute/node'
import { NodeCryptoProvider, addPublicKey } from '@mtcute/node/utils.js'

import { Inbox, Server, exitCode } from './harness.mjs'
import { Story } from './story.mjs'

class Mtcute {
  constructor(server, crypto) {
    this.server = server
    this.crypto = crypto
  }

  static async start(server) {
    // region: point
    // The provider has to be initialised before a key can be added.
    const crypto = new NodeCryptoProvider()
    await crypto.initialize()
    addPublicKey(crypto, server.rsaPublicKeyPem)
    // endregion
    return new Mtcute(server, crypto)
  }

  async create(name, { pfs = false, storage = new MemoryStorage() } = {}) {
    // region: client
    const dc = { ipAddress: this.server.host, port: this.server.port, id: this.server.dc }
    const client = new TelegramClient({
      apiId: 1,
      apiHash: 'mtkit',
      storage,
      defaultDcs: { main: dc, media: dc },
      updates: { catchUp: true },
      network: { usePfs: pfs },
      logLevel: 2,
    })
    // endregion
    client.kept = storage
    client.inbox = new Inbox()
    client.onNewMessage.add((message) => {
      if (!message.isOutgoing) client.inbox.put(this.message(message))
    })
    return client
  }

  message(raw) {
    const replyTo = raw.replyToMessage?.id ?? null
    return { id: raw.id, text: raw.text, sender: raw.sender.username, replyTo, forwarded: raw.forward !== null, raw }
  }

  async connect(client) {
    await client.connect()
  }

  async destroy(client) {
    await client.destroy()
  }

  async isAuthorized(client) {
    return client.getMe().then(() => true, (error) => {
      if (this.errorOf(error) === 'AUTH_KEY_UNREGISTERED') return false
      throw error
    })
  }

  async login(client, account) {
    const code = await client.sendCode({ phone: account.phone })
    const user = await client.signIn({
      phone: account.phone, phoneCodeHash: code.phoneCodeHash, phoneCode: account.code,
    })
    return user.firstName
  }

  async goOnline(client) {
    await client.startUpdatesLoop()
    // The loop asks where it stands without being waited for; an answer to us comes after the one to it.
    await client.call({ _: 'updates.getState' })
  }

  // Its high level has no sign-up, so these are the calls themselves.
  async signUp(client, account, name) {
    const { phone, code } = account
    const { phoneCodeHash } = await client.sendCode({ phone })
    await client.call({ _: 'auth.signIn', phoneNumber: phone, phoneCodeHash, phoneCode: code })
    const made = await client.call({
      _: 'auth.signUp', phoneNumber: phone, phoneCodeHash, firstName: name, lastName: '',
    })
    await client.notifyLoggedIn(made)
  }

  async password(client, password) {
    return (await client.checkPassword(password)).firstName
  }

  async botLogin(client, token) {
    await client.signInBot(token)
  }

  async comeBackBySession(client) {
    const text = await client.exportSession()
    await client.destroy()
    const back = await this.create('back')
    await back.importSession(text)
    await back.connect()
    return back
  }

  needsSessionString() {}

  async me(client) {
    const me = await client.getMe()
    return { name: me.firstName, username: me.username }
  }

  async dialogs(client) {
    const found = []
    for await (const dialog of client.iterDialogs()) {
      found.push([dialog.peer.firstName ?? dialog.peer.title, dialog.lastMessage?.text ?? ''])
    }
    return found
  }

  async send(client, to, text, replyTo) {
    return this.message(await client.sendText(to, text, { replyTo }))
  }

  async history(client, chat, limit) {
    return (await client.getHistory(chat, { limit })).map((raw) => this.message(raw))
  }

  async edit(client, chat, id, text) {
    await client.editMessage({ chatId: chat, message: id, text })
  }

  async delete(client, chat, id) {
    await client.deleteMessagesById(chat, [id])
  }

  async forward(client, chat, id, to) {
    await client.forwardMessagesById({ fromChatId: chat, messages: [id], toChatId: to })
  }

  received(client, text) {
    return client.inbox.take(text)
  }

  needsCatchUp() {}

  async goOffline(client) {
    await client.destroy()
  }

  async comeBack(client) {
    const back = await this.create('away', { storage: client.kept })
    await back.connect()
    await back.startUpdatesLoop()
    return back
  }

  async sendFile(client, to, path) {
    await client.sendMedia(to, { type: 'document', file: readFileSync(path), fileName: path })
  }

  async download(client, message) {
    return client.downloadAsBuffer(message.raw.media)
  }

  async createGroup(client, title, people) {
    await client.createGroup({ title, users: people })
  }

  async findChat(client, title) {
    for await (const dialog of client.iterDialogs()) {
      if (dialog.peer.title === title) return dialog.peer
    }
    throw new Error(`no dialog is called ${title}`)
  }

  async rename(client, chat, title) {
    await client.setChatTitle(chat, title)
  }

  async members(client, chat) {
    return (await client.getChatMembers(chat)).map((member) => member.user.username)
  }

  async removeMember(client, chat, user) {
    await client.kickChatMember({ chatId: chat, userId: user })
  }

  async createChannel(client, title, username) {
    const channel = await client.createChannel({ title })
    await client.setChatUsername(channel, username)
    return channel
  }

  async join(client, username) {
    const joined = await client.joinChat(username)
    return joined.chat
  }

  async answerPresses(client, text) {
    client.onCallbackQuery.add((query) => client.answerCallbackQuery(query, { text }))
  }

  async sendButton(client, to, text, label, data) {
    await client.sendText(to, text, { replyMarkup: BotKeyboard.inline([[BotKeyboard.callback(label, data)]]) })
  }

  async press(client, message, data) {
    const answer = await client.getCallbackAnswer({ chatId: message.raw.chat, message: message.id, data })
    return answer.message
  }

  loseNextRequest(server) {
    return server.loseNextRequest()
  }

  needsTemporaryKeys() {}

  async logOut(client) {
    await client.logOut()
    await client.destroy()
  }

  async setBio(client, text) {
    await client.updateProfile({ bio: text })
  }

  secondsOf(error) {
    return tl.RpcError.is(error, 'FLOOD_WAIT_%d') ? error.seconds : undefined
  }

  errorOf(error) {
    return tl.RpcError.is(error) ? error.text : error.message
  }
}

const server = new Server(process.argv[2])
const adapter = await Mtcute.start(server)
process.exit(await exitCode(new Story(adapter, server)))
