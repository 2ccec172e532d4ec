// SPEC "Conventions" and "Domain tags".
import { createHash } from 'node:crypto';
import { Refusal } from './refusal.mjs';

export const ZERO_HASH = Buffer.alloc(32);

export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** A domain tag: 16 bytes, ASCII, padded with zero bytes at the end. */
export function tag(text) {
  const bytes = Buffer.alloc(16);
  bytes.write(text, 'ascii');
  return bytes;
}

export function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Lower-case hexadecimal digits of exactly so many bytes. */
export function fromHex(text, length, where) {
  if (typeof text !== 'string' || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text))
    throw new Refusal(where, `${2 * length} lower-case hexadecimal digits are expected`);
  return Buffer.from(text, 'hex');
}

/** Base64 of RFC 4648 section 4, with padding, in its one encoding. */
export function fromBase64(text, where) {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : null;
  if (bytes === null || bytes.toString('base64') !== text) throw new Refusal(where, 'base64 with padding is expected');
  return bytes;
}

/** Reads fixed layouts; numbers are big-endian, 64-bit ones come as BigInt. */
export class Reader {
  constructor(bytes, where) {
    this.bytes = bytes;
    this.where = where;
    this.offset = 0;
  }

  take(length) {
    if (this.offset + length > this.bytes.length)
      throw new Refusal(this.where, `${this.bytes.length} bytes, and more are needed at byte ${this.offset}`);
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  u8() { return this.take(1).readUInt8(); }
  u16() { return this.take(2).readUInt16BE(); }
  u32() { return this.take(4).readUInt32BE(); }
  u64() { return this.take(8).readBigUInt64BE(); }
  hash() { return this.take(32); }

  end() {
    if (this.offset !== this.bytes.length)
      throw new Refusal(this.where, `${this.bytes.length - this.offset} bytes too many, from byte ${this.offset} on`);
  }
}
