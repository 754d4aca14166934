// A PKCS#1 public key as numbers, and its fingerprint as MTProto counts it.

import { createHash, createPublicKey } from 'node:crypto'

export function publicNumbers(pem) {
  const { n, e } = createPublicKey(pem).export({ format: 'jwk' })
  return { n: BigInt(`0x${hex(n)}`), e: Number(BigInt(`0x${hex(e)}`)) }
}

// The low 64 bits of the SHA-1 of both numbers as TL strings, signed.
export function fingerprint({ n, e }) {
  const digest = createHash('sha1').update(tlString(n)).update(tlString(BigInt(e))).digest()
  return digest.readBigInt64LE(12)
}

function hex(base64url) {
  return Buffer.from(base64url, 'base64url').toString('hex')
}

function tlString(number) {
  const text = number.toString(16)
  const data = Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex')
  const head = data.length < 254
    ? Buffer.from([data.length])
    : Buffer.from([254, data.length & 255, data.length >> 8, data.length >> 16])
  const padding = (4 - ((head.length + data.length) % 4)) % 4
  return Buffer.concat([head, data, Buffer.alloc(padding)])
}
