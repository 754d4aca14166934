// TDLib through tdl: a copy of the library in which the text of the server keys is ours, and a SOCKS5 proxy for the address.
//
// It runs where only the loopback interface exists, so that it cannot dial out whatever it tries.

import { readFileSync } from 'node:fs'

import * as tdl from 'tdl'

import { Inbox, NotOffered, Server, exitCode } from './harness.mjs'
import { Story } from './story.mjs'

class TDLib {
  constructor(server, library) {
    this.server = server
    this.count = 0
    tdl.configure({ tdjson: library, verbosityLevel: 1 })
  }

  async create(name, { folder = `${name}-${this.count++}`, pfs = false } = {}) {
    // region: point
    const client = tdl.createClient({
      apiId: 1,
      apiHash: 'mtkit',
      databaseDirectory: `tdlib/${folder}`,
      filesDirectory: `tdlib/${folder}/files`,
    })
    const proxy = { _: 'proxy', server: this.server.host, port: this.server.port, type: { _: 'proxyTypeSocks5' } }
    // endregion
    client.folder = folder
    client.inbox = new Inbox()
    client.states = []
    client.waiting = []
    client.sent = new Map()
    client.on('error', (error) => console.error(folder, error))
    client.on('update', (update) => this.handle(client, update).catch((error) => console.error(folder, error)))
    await this.state(client, 'authorizationStateWaitPhoneNumber', 'authorizationStateReady')
    if (pfs) {
      await client.invoke({ _: 'setOption', name: 'use_pfs', value: { _: 'optionValueBoolean', value: true } })
    }
    await client.invoke({ _: 'addProxy', proxy, enable: true })
    return client
  }

  async handle(client, update) {
    if (update._ === 'updateAuthorizationState') {
      client.current = update.authorization_state._
      client.waiting.splice(0).forEach((wake) => wake())
    } else if (update._ === 'updateNewMessage' && !update.message.is_outgoing) {
      client.inbox.put(await this.message(client, update.message))
    } else if (update._ === 'updateMessageSendSucceeded' || update._ === 'updateMessageSendFailed') {
      client.sent.set(update.old_message_id, update)
      client.waiting.splice(0).forEach((wake) => wake())
    } else if (update._ === 'updateNewCallbackQuery' && client.answer !== undefined) {
      await client.invoke({ _: 'answerCallbackQuery', callback_query_id: update.id, text: client.answer })
    }
  }

  // Waits until the state of authorization is one of those named.
  async state(client, ...names) {
    while (!names.includes(client.current)) await new Promise((resolve) => client.waiting.push(resolve))
    return client.current
  }

  async message(client, raw) {
    const sender = raw.sender_id._ === 'messageSenderUser'
      ? await client.invoke({ _: 'getUser', user_id: raw.sender_id.user_id })
      : undefined
    return {
      id: raw.id,
      text: raw.content.text?.text ?? raw.content.caption?.text ?? '',
      sender: username(sender),
      replyTo: raw.reply_to?.message_id ?? null,
      forwarded: raw.forward_info !== undefined,
      raw,
    }
  }

  // A query that the server has to answer, so that the connection is there.
  async connect(client) {
    await client.invoke({ _: 'getCountryCode' })
  }

  async destroy(client) {
    await client.close()
  }

  async isAuthorized(client) {
    return client.current === 'authorizationStateReady'
  }

  async code(client, account) {
    await client.invoke({ _: 'setAuthenticationPhoneNumber', phone_number: `+${account.phone}` })
    await this.state(client, 'authorizationStateWaitCode')
    await client.invoke({ _: 'checkAuthenticationCode', code: account.code })
    return this.state(
      client, 'authorizationStateReady', 'authorizationStateWaitPassword', 'authorizationStateWaitRegistration')
  }

  async login(client, account) {
    const state = await this.code(client, account)
    if (state === 'authorizationStateWaitPassword') throw new Error('SESSION_PASSWORD_NEEDED')
    return (await client.invoke({ _: 'getMe' })).first_name
  }

  async goOnline() {}

  async signUp(client, account, name) {
    await this.code(client, account)
    await client.invoke({ _: 'registerUser', first_name: name, last_name: '' })
    await this.state(client, 'authorizationStateReady')
  }

  async password(client, password) {
    await client.invoke({ _: 'checkAuthenticationPassword', password })
    await this.state(client, 'authorizationStateReady')
    return (await client.invoke({ _: 'getMe' })).first_name
  }

  async botLogin(client, token) {
    await client.invoke({ _: 'checkAuthenticationBotToken', token })
    await this.state(client, 'authorizationStateReady')
  }

  async comeBackBySession(client) {
    return this.comeBack(client, await client.close())
  }

  needsSessionString() {
    throw new NotOffered('TDLib keeps a database; it has no session string')
  }

  async me(client) {
    const me = await client.invoke({ _: 'getMe' })
    return { name: me.first_name, username: username(me) }
  }

  async chats(client) {
    await client.invoke({ _: 'loadChats', chat_list: { _: 'chatListMain' }, limit: 50 }).catch((error) => {
      // All of them are loaded.
      if (error.code !== 404) throw error
    })
    const { chat_ids: ids } = await client.invoke({ _: 'getChats', chat_list: { _: 'chatListMain' }, limit: 50 })
    return Promise.all(ids.map((id) => client.invoke({ _: 'getChat', chat_id: id })))
  }

  async dialogs(client) {
    await this.settle(client)
    return Promise.all((await this.chats(client)).map(async (chat) => {
      const person = chat.type.user_id && (await client.invoke({ _: 'getUser', user_id: chat.type.user_id }))
      return [person?.first_name ?? chat.title, chat.last_message?.content.text?.text ?? '']
    }))
  }

  // What the server pushed before its answer to this has been handled after it.
  async settle(client) {
    await client.invoke({ _: 'getCountryCode' })
  }

  async chat(client, peer) {
    if (typeof peer === 'object') return peer.id
    if (peer !== 'me') return (await client.invoke({ _: 'searchPublicChat', username: peer })).id
    const me = await client.invoke({ _: 'getMe' })
    return (await client.invoke({ _: 'createPrivateChat', user_id: me.id, force: false })).id
  }

  async send(client, to, text, replyTo) {
    const content = { _: 'inputMessageText', text: { _: 'formattedText', text } }
    return this.sendContent(client, to, content, { replyTo })
  }

  async sendContent(client, to, content, { replyTo, markup } = {}) {
    const message = await client.invoke({
      _: 'sendMessage',
      chat_id: await this.chat(client, to),
      reply_to: replyTo && { _: 'inputMessageReplyToMessage', message_id: replyTo },
      reply_markup: markup,
      input_message_content: content,
    })
    return this.settled(client, message)
  }

  // The message as the server numbered it.
  async settled(client, message) {
    while (!client.sent.has(message.id)) await new Promise((resolve) => client.waiting.push(resolve))
    const update = client.sent.get(message.id)
    if (update._ === 'updateMessageSendFailed') throw new Error(update.error.message)
    return this.message(client, update.message)
  }

  async history(client, chat, limit) {
    await this.settle(client)
    const id = await this.chat(client, chat)
    const found = []
    // It answers with what it has at hand, which may be less than there is.
    while (found.length < limit) {
      const { messages } = await client.invoke({
        _: 'getChatHistory', chat_id: id, from_message_id: found.at(-1)?.id ?? 0, limit: limit - found.length,
      })
      if (messages.length === 0) break
      found.push(...messages)
    }
    return Promise.all(found.map((raw) => this.message(client, raw)))
  }

  async edit(client, chat, id, text) {
    const content = { _: 'inputMessageText', text: { _: 'formattedText', text } }
    await client.invoke({
      _: 'editMessageText', chat_id: await this.chat(client, chat), message_id: id, input_message_content: content,
    })
  }

  async delete(client, chat, id) {
    await client.invoke({
      _: 'deleteMessages', chat_id: await this.chat(client, chat), message_ids: [id], revoke: true,
    })
  }

  async forward(client, chat, id, to) {
    const { messages } = await client.invoke({
      _: 'forwardMessages', chat_id: await this.chat(client, to), from_chat_id: await this.chat(client, chat),
      message_ids: [id],
    })
    await this.settled(client, messages[0])
  }

  received(client, text) {
    return client.inbox.take(text)
  }

  needsCatchUp() {}

  async goOffline(client) {
    await client.close()
  }

  async comeBack(client) {
    const back = await this.create('back', { folder: client.folder })
    await this.state(back, 'authorizationStateReady')
    return back
  }

  async sendFile(client, to, path) {
    const document = { _: 'inputDocument', document: { _: 'inputFileLocal', path } }
    await this.sendContent(client, to, { _: 'inputMessageDocument', document })
  }

  async download(client, message) {
    const file = await client.invoke({
      _: 'downloadFile', file_id: message.raw.content.document.document.id, priority: 1, synchronous: true,
    })
    return readFileSync(file.local.path)
  }

  async createGroup(client, title, people) {
    const ids = await Promise.all(people.map((name) => this.chat(client, name)))
    await client.invoke({ _: 'createNewBasicGroupChat', user_ids: ids, title })
  }

  async findChat(client, title) {
    await this.settle(client)
    const found = (await this.chats(client)).find((chat) => chat.title === title)
    if (!found) throw new Error(`no chat is called ${title}`)
    return found
  }

  async rename(client, chat, title) {
    await client.invoke({ _: 'setChatTitle', chat_id: chat.id, title })
  }

  async members(client, chat) {
    await this.settle(client)
    const full = await client.invoke({ _: 'getBasicGroupFullInfo', basic_group_id: chat.type.basic_group_id })
    return Promise.all(full.members.map(async ({ member_id: id }) =>
      username(await client.invoke({ _: 'getUser', user_id: id.user_id }))))
  }

  async removeMember(client, chat, user) {
    const member = { _: 'messageSenderUser', user_id: await this.chat(client, user) }
    await client.invoke({
      _: 'setChatMemberStatus', chat_id: chat.id, member_id: member, status: { _: 'chatMemberStatusLeft' },
    })
  }

  async createChannel(client, title, name) {
    const chat = await client.invoke({ _: 'createNewSupergroupChat', title, is_channel: true })
    await client.invoke({
      _: 'setSupergroupUsername', supergroup_id: chat.type.supergroup_id, username: name,
    })
    return chat
  }

  async join(client, name) {
    const chat = await client.invoke({ _: 'searchPublicChat', username: name })
    await client.invoke({ _: 'joinChat', chat_id: chat.id })
    return chat
  }

  async answerPresses(client, text) {
    client.answer = text
  }

  async sendButton(client, to, text, label, data) {
    const { id } = await client.invoke({ _: 'searchPublicChat', username: to })
    const type = { _: 'inlineKeyboardButtonTypeCallback', data: Buffer.from(data).toString('base64') }
    const markup = { _: 'replyMarkupInlineKeyboard', rows: [[{ _: 'inlineKeyboardButton', text: label, type }]] }
    const content = { _: 'inputMessageText', text: { _: 'formattedText', text } }
    await this.sendContent(client, { id }, content, { markup })
  }

  async press(client, message, data) {
    const payload = { _: 'callbackQueryPayloadData', data: Buffer.from(data).toString('base64') }
    const answer = await client.invoke({
      _: 'getCallbackQueryAnswer', chat_id: message.raw.chat_id, message_id: message.id, payload,
    })
    return answer.text
  }

  loseNextRequest(server) {
    return server.loseNextRequest()
  }

  needsTemporaryKeys() {
    throw new NotOffered('TDLib packs auth.bindTempAuthKey inside of its wrappers, and the server reads it only bare')
  }

  async logOut(client) {
    await client.invoke({ _: 'logOut' })
    await this.state(client, 'authorizationStateClosed')
  }

  async setBio(client, text) {
    await client.invoke({ _: 'setBio', bio: text })
  }

  secondsOf(error) {
    return error.code === 429 ? Number(/retry after (\d+)/.exec(error.message)?.[1]) : undefined
  }

  errorOf(error) {
    // TDLib refuses what it knows to be refused.
    if (/^(Have no|Need administrator) rights/.test(error.message)) return 'CHAT_ADMIN_REQUIRED'
    return error.code === 401 ? 'AUTH_KEY_UNREGISTERED' : error.message
  }
}

function username(user) {
  return user?.usernames?.active_usernames?.[0]
}

const server = new Server(process.argv[2])
process.exit(await exitCode(new Story(new TDLib(server, process.argv[3]), server)))
