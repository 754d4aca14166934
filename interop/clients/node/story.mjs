// The story that every Node client goes through. A client is an adapter: the names used here, said in its own words.
//
// A message is { id, text, sender, replyTo, forwarded, raw }; `raw` is the client's own object.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

import { NotOffered, Steps, expect, same } from './harness.mjs'

const MEDIA_BYTES = 3 << 20
const STREAM_BYTES = 50 << 20

export class Story {
  constructor(adapter, server) {
    this.adapter = adapter
    this.server = server
    this.steps = new Steps(server.ready.steps)
    this.toBob = server.bob.username
    this.toAlice = server.alice.username
  }

  async tell() {
    for (const name of ['alice', 'bob', 'carol', 'bot']) this[name] = await this.adapter.create(name)
    const run = (name, essential = false) => this.steps.run(name, () => this[`step_${name}`](), essential)
    await run('connect', true)
    await run('login', true)
    for (const name of ['signup', '2fa', 'bot']) await run(name)
    await run('session', true)
    const rest = [
      'me', 'dialogs', 'send', 'history', 'edit', 'delete', 'reply', 'forward', 'update', 'gap', 'media', 'stream',
      'group', 'channel', 'button', 'flood', 'migrate', 'drop', 'pfs', 'logout',
    ]
    for (const name of rest) await run(name)
    for (const client of [this.bob, this.carol, this.bot]) await this.adapter.destroy(client)
  }

  async step_connect() {
    await this.adapter.connect(this.alice)
    expect(!(await this.adapter.isAuthorized(this.alice)), 'a new key is already authorised')
  }

  async step_login() {
    const name = await this.adapter.login(this.alice, this.server.alice)
    expect(name === this.server.alice.first_name, `logged in as ${name}`)
    await this.adapter.goOnline(this.alice)
  }

  async step_signup() {
    const newcomer = await this.adapter.create('newcomer')
    await this.adapter.connect(newcomer)
    await this.adapter.signUp(newcomer, this.server.newcomer, 'Dora')
    const me = await this.adapter.me(newcomer)
    expect(me.name === 'Dora', `signed up as ${me.name}`)
    await this.adapter.destroy(newcomer)
  }

  async step_2fa() {
    const { adapter, carol } = this
    await adapter.connect(carol)
    await this.refused(() => adapter.login(carol, this.server.carol), 'SESSION_PASSWORD_NEEDED')
    await this.refused(() => adapter.password(carol, 'wrong'), 'PASSWORD_HASH_INVALID')
    const name = await adapter.password(carol, this.server.carol.password)
    expect(name === this.server.carol.first_name, `logged in as ${name}`)
  }

  async step_bot() {
    await this.adapter.connect(this.bot)
    await this.adapter.botLogin(this.bot, this.server.bot.token)
    await this.adapter.goOnline(this.bot)
    const me = await this.adapter.me(this.bot)
    expect(me.username === this.server.bot.username, `logged in as ${me.username}`)
  }

  // Bob logs in, leaves, and comes back by his session string alone.
  async step_session() {
    await this.adapter.connect(this.bob)
    await this.adapter.login(this.bob, this.server.bob)
    this.bob = await this.adapter.comeBackBySession(this.bob)
    expect(await this.adapter.isAuthorized(this.bob), 'the session carries no login')
    await this.adapter.goOnline(this.bob)
    const me = await this.adapter.me(this.bob)
    expect(me.username === this.server.bob.username, `logged in as ${me.username}`)
    this.adapter.needsSessionString()
  }

  async step_me() {
    const me = await this.adapter.me(this.alice)
    expect(me.username === this.server.alice.username, `me is ${me.username}`)
  }

  async step_dialogs() {
    for (const number of [1, 2, 3]) await this.adapter.send(this.bob, this.toAlice, `bob's words ${number}`)
    const dialogs = await this.adapter.dialogs(this.alice)
    const wanted = [this.server.bob.first_name, "bob's words 3"]
    expect(dialogs.some((dialog) => same(dialog, wanted)), `dialogs are ${JSON.stringify(dialogs)}`)
    const found = await this.texts(this.alice, this.toBob, 2)
    expect(same(found, ["bob's words 3", "bob's words 2"]), `the newest two messages are ${found}`)
  }

  async step_send() {
    const sent = await this.adapter.send(this.alice, 'me', 'a note to myself')
    expect(sent.id > 0 && sent.text === 'a note to myself', `sent message is ${sent.text}`)
  }

  async step_history() {
    const found = await this.texts(this.alice, 'me', 10)
    expect(same(found, ['a note to myself']), `history is ${found}`)
  }

  async step_edit() {
    const sent = await this.adapter.send(this.alice, this.toBob, 'frist')
    await this.adapter.edit(this.alice, this.toBob, sent.id, 'first')
    const [seen] = await this.texts(this.bob, this.toAlice, 1)
    expect(seen === 'first', `Bob reads ${seen}`)
  }

  async step_delete() {
    const sent = await this.adapter.send(this.alice, this.toBob, 'never mind')
    await this.adapter.delete(this.alice, this.toBob, sent.id)
    for (const [client, other] of [[this.alice, this.toBob], [this.bob, this.toAlice]]) {
      const texts = await this.texts(client, other, 10)
      expect(!texts.includes('never mind'), `still there: ${texts}`)
    }
  }

  async step_reply() {
    const question = await this.adapter.send(this.alice, this.toBob, 'how are you?')
    const [seen] = await this.adapter.history(this.bob, this.toAlice, 1)
    await this.adapter.send(this.bob, this.toAlice, 'well', seen.id)
    const [answer] = await this.adapter.history(this.alice, this.toBob, 1)
    expect(answer.text === 'well' && answer.replyTo === question.id, `${answer.text} replies to ${answer.replyTo}`)
  }

  async step_forward() {
    const [original] = await this.adapter.history(this.alice, this.toBob, 1)
    await this.adapter.forward(this.alice, this.toBob, original.id, 'me')
    const [copy] = await this.adapter.history(this.alice, 'me', 1)
    expect(copy.text === original.text && copy.forwarded, `the copy is ${copy.text}, forwarded: ${copy.forwarded}`)
  }

  async step_update() {
    await this.adapter.send(this.alice, this.toBob, 'hello, live')
    const message = await this.adapter.received(this.bob, 'hello, live')
    expect(message.sender === this.toAlice, `the sender is ${message.sender}`)
  }

  async step_gap() {
    this.adapter.needsCatchUp()
    let away = await this.adapter.create('away')
    await this.adapter.connect(away)
    await this.adapter.login(away, this.server.bob)
    await this.adapter.goOnline(away)
    await this.adapter.send(this.alice, this.toBob, 'are you there?')
    await this.adapter.received(away, 'are you there?')
    await this.adapter.goOffline(away)
    for (const number of [1, 2, 3]) await this.adapter.send(this.alice, this.toBob, `while you were away ${number}`)
    away = await this.adapter.comeBack(away)
    for (const number of [1, 2, 3]) await this.adapter.received(away, `while you were away ${number}`)
    await this.adapter.destroy(away)
  }

  step_media() {
    return this.fileThereAndBack(MEDIA_BYTES)
  }

  step_stream() {
    return this.fileThereAndBack(STREAM_BYTES)
  }

  async fileThereAndBack(size) {
    const path = `sent-${size}.bin`
    const content = pattern(size)
    writeFileSync(path, content)
    await this.adapter.sendFile(this.alice, this.toBob, path)
    const [message] = await this.adapter.history(this.bob, this.toAlice, 1)
    const back = await this.adapter.download(this.bob, message)
    expect(back.length === size, `${back.length} bytes came back of ${size}`)
    const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
    expect(hash(back) === hash(readFileSync(path)), 'other bytes came back')
  }

  async step_group() {
    const { adapter, alice, bob } = this
    await adapter.createGroup(alice, 'Readers', [this.toBob])
    const mine = await adapter.findChat(alice, 'Readers')
    await adapter.rename(alice, mine, 'Writers')
    const his = await adapter.findChat(bob, 'Writers')
    await adapter.send(bob, his, 'hello, group')
    const message = await adapter.received(alice, 'hello, group')
    expect(message.sender === this.toBob, `the sender is ${message.sender}`)
    let names = await adapter.members(alice, mine)
    expect(same(names.sort(), [this.toAlice, this.toBob].sort()), `the members are ${names}`)
    await adapter.removeMember(alice, mine, this.toBob)
    names = await adapter.members(alice, mine)
    expect(same(names, [this.toAlice]), `the members are ${names}`)
  }

  async step_channel() {
    const { adapter, alice, bob } = this
    const mine = await adapter.createChannel(alice, 'News', 'mtkit_news')
    const his = await adapter.join(bob, 'mtkit_news')
    await adapter.send(alice, mine, 'breaking news')
    await adapter.received(bob, 'breaking news')
    const [seen] = await this.texts(bob, his, 1)
    expect(seen === 'breaking news', `the newest post is ${seen}`)
    await this.refused(() => adapter.send(bob, his, 'me too'), 'CHAT_ADMIN_REQUIRED')
  }

  async step_button() {
    const { adapter, alice, bot } = this
    await adapter.answerPresses(bot, 'you pressed it')
    await adapter.send(alice, this.server.bot.username, '/start')
    await adapter.received(bot, '/start')
    await adapter.sendButton(bot, this.toAlice, 'press it', 'the button', 'pressed')
    const message = await adapter.received(alice, 'press it')
    const answer = await adapter.press(alice, message, 'pressed')
    expect(answer === 'you pressed it', `the answer is ${answer}`)
  }

  async step_flood() {
    await this.adapter.setBio(this.alice, 'the first change is free')
    let error
    await this.adapter.setBio(this.alice, 'the second comes too soon').catch((failed) => { error = failed })
    expect(error !== undefined, 'no FLOOD_WAIT')
    const seconds = this.adapter.secondsOf(error)
    expect(seconds > 0 && seconds <= 300, `${seconds} seconds to wait, by ${error.message}`)
  }

  async step_migrate() {
    throw new NotOffered('the story has no account of another DC yet')
  }

  async step_drop() {
    await this.adapter.loseNextRequest(this.server)
    await this.adapter.send(this.alice, this.toBob, 'sent into a broken connection')
    const texts = await this.texts(this.alice, this.toBob, 5)
    const count = texts.filter((text) => text === 'sent into a broken connection').length
    expect(count === 1, `history is ${texts}`)
    await this.adapter.send(this.bob, this.toAlice, 'still here?')
    await this.adapter.received(this.alice, 'still here?')
  }

  async step_pfs() {
    this.adapter.needsTemporaryKeys()
    const secret = await this.adapter.create('secret', { pfs: true })
    await this.adapter.connect(secret)
    await this.adapter.login(secret, this.server.bob)
    const me = await this.adapter.me(secret)
    expect(me.username === this.toBob, `me is ${me.username}`)
    await this.adapter.destroy(secret)
  }

  async step_logout() {
    await this.adapter.logOut(this.alice)
    const again = await this.adapter.create('again')
    await this.adapter.connect(again)
    expect(!(await this.adapter.isAuthorized(again)), 'authorised after log-out')
    await this.refused(() => this.adapter.me(again), 'AUTH_KEY_UNREGISTERED')
    await this.adapter.destroy(again)
  }

  async texts(client, chat, limit) {
    return (await this.adapter.history(client, chat, limit)).map((message) => message.text)
  }

  async refused(work, wanted) {
    let error
    try {
      await work()
    } catch (failed) {
      error = this.adapter.errorOf(failed)
    }
    expect(error !== undefined, `done, though ${wanted} was due`)
    expect(error === wanted, `refused with ${error}, not ${wanted}`)
  }
}

// Bytes without a period, the same in every run.
function pattern(size) {
  const bytes = Buffer.alloc(size)
  let state = 0x2545f491
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
