// What every Node script shares: the situation that the runner prepared, and the report of steps.

import { readFileSync } from 'node:fs'
import net from 'node:net'

// Longer than the slowest retry inside a client.
const STEP_SECONDS = 45

export class Server {
  constructor(path) {
    const ready = JSON.parse(readFileSync(path, 'utf8'))
    this.ready = ready
    const [host, port] = ready.mtproto.split(':')
    this.host = host
    this.port = Number(port)
    this.dc = ready.dc
    this.rsaPublicKeyPem = ready.rsa_public_key_pem
    const plain = ready.accounts.filter((account) => account.password === null)
    this.alice = plain[0]
    this.bob = plain[1]
    this.carol = ready.accounts.find((account) => account.password !== null)
    this.bot = ready.bots[0]
    this.newcomer = ready.newcomer
  }

  // Closes every connection at the next bytes from a client, which never reach the server.
  loseNextRequest() {
    const [host, port] = this.ready.relay.split(':')
    return new Promise((resolve, reject) => {
      const control = net.connect(Number(port), host, () => control.write('lose\n'))
      control.once('data', () => control.end(resolve))
      control.once('error', reject)
    })
  }
}

// The client has no such thing; the text says what is missing.
export class NotOffered extends Error {}

// A step failed on which all others build.
export class Stopped extends Error {}

export class Steps {
  constructor(wanted) {
    this.wanted = wanted
    this.failed = false
  }

  async run(name, work, essential = false) {
    if (!this.wanted.includes(name)) return
    try {
      await within(STEP_SECONDS, work())
      report(name, true, '')
    } catch (error) {
      if (error instanceof NotOffered) return report(name, null, error.message)
      console.error(error)
      this.failed = true
      report(name, false, `${error.constructor?.name}: ${error.message}`)
      if (essential) throw new Stopped(name)
    }
  }
}

async function within(seconds, work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function report(step, ok, detail) {
  console.log(JSON.stringify({ step, ok, detail: detail.replace(/\s+/g, ' ').trim() }))
}

export function expect(condition, what) {
  if (!condition) throw new Error(what)
}

export function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b)
}

// Incoming messages of a client, by text; a message may come before anybody waits for it.
export class Inbox {
  messages = []
  waiting = []

  put(message) {
    const at = this.waiting.findIndex((waiter) => waiter.text === message.text)
    if (at < 0) this.messages.push(message)
    else this.waiting.splice(at, 1)[0].resolve(message)
  }

  take(text) {
    const at = this.messages.findIndex((message) => message.text === text)
    if (at >= 0) return Promise.resolve(this.messages.splice(at, 1)[0])
    return new Promise((resolve) => this.waiting.push({ text, resolve }))
  }
}

export async function exitCode(story) {
  try {
    await story.tell()
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    console.error(`stopped at step ${error.message}`)
    return 1
  }
  return story.steps.failed ? 1 : 0
}
