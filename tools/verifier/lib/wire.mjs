// SPEC "Wire profile": protobuf in the one encoding that is allowed. A schema is
//   { name, fields: { number: { name, type, message?, repeated?, oneof? } }, reserved: [numbers] }
// with the types uint32, uint64, bool, string, bytes, message. A parsed message has a property for each field, named as in
// SPEC; uint64 is a BigInt, an absent sub-message null, and a oneof is { name, value } or null.
import { Refusal } from './refusal.mjs';

const TAG_MAX = 2n ** 32n - 1n;
const LENGTH_MAX = 2n ** 31n - 1n;
const MAX = { uint32: 2n ** 32n - 1n, uint64: 2n ** 64n - 1n, bool: 1n };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const isNumber = (field) => field.type in MAX;
const wireTypeOf = (field) => (isNumber(field) && !field.repeated ? 0 : 2);

class Parser {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
  }

  refuse(path, offset, text, code = 'MALFORMED_ENVELOPE') {
    const field = path.join('.');
    const refusal = new Refusal(`${this.what}, byte ${offset}${field ? `, field ${field}` : ''}`, text, code);
    return Object.assign(refusal, { field, offset });
  }

  /** A minimal varint before `end`: [value, offset behind it]. */
  varint(offset, end, path, max) {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      if (offset + i >= end) throw this.refuse(path, offset, 'a number reaches past the end of its message');
      const byte = this.bytes[offset + i];
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) throw this.refuse(path, offset, 'a number has more bytes than it needs');
      if (value > max) throw this.refuse(path, offset, `a number above ${max}`);
      return [value, offset + i + 1];
    }
    throw this.refuse(path, offset, 'a number of more than ten bytes');
  }

  message(schema, begin, end, path) {
    const message = empty(schema);
    let last = 0;
    let offset = begin;
    while (offset < end) {
      const [tag, afterTag] = this.varint(offset, end, path, TAG_MAX);
      const number = Number(tag >> 3n);
      const field = schema.fields[number];
      const inner = [...path, field ? field.name : `#${number}`];
      if (!field) {
        throw schema.reserved?.includes(number)
          ? this.refuse(inner, offset, 'kept for something later', 'NOT_ACTIVE')
          : this.refuse(inner, offset, 'no such field');
      }
      if (number < last) throw this.refuse(inner, offset, 'fields do not ascend');
      const again = number === last;
      if (again && (!field.repeated || isNumber(field))) throw this.refuse(inner, offset, 'a field twice');
      if (field.oneof && message[field.oneof]) throw this.refuse(inner, offset, `a second ${field.oneof}`);
      if (Number(tag & 7n) !== wireTypeOf(field)) throw this.refuse(inner, offset, 'another wire type than declared');
      last = number;
      const [value, next] = this.value(field, afterTag, end, inner);
      if (field.oneof) message[field.oneof] = { name: field.name, value };
      else if (field.repeated && !isNumber(field)) message[field.name].push(value);
      else message[field.name] = value;
      offset = next;
    }
    return message;
  }

  value(field, offset, end, path) {
    if (isNumber(field) && !field.repeated) {
      const [value, next] = this.number(field, offset, end, path);
      if (!value) throw this.refuse(path, offset, 'a default value that is written');
      return [value, next];
    }
    const [length, begin] = this.varint(offset, end, path, LENGTH_MAX);
    const next = begin + Number(length);
    if (next > end) throw this.refuse(path, offset, 'a length that reaches past the end of its message');
    if (field.type === 'message') return [this.message(field.message, begin, next, path), next];
    if (length === 0n && (!field.repeated || isNumber(field)))
      throw this.refuse(path, offset, 'a default value that is written');
    if (isNumber(field)) return [this.packed(field, begin, next, path), next];
    const bytes = this.bytes.subarray(begin, next);
    return [field.type === 'bytes' ? bytes : this.text(bytes, begin, path), next];
  }

  number(field, offset, end, path) {
    const [value, next] = this.varint(offset, end, path, MAX[field.type]);
    return [field.type === 'uint64' ? value : field.type === 'bool' ? value === 1n : Number(value), next];
  }

  packed(field, begin, end, path) {
    const values = [];
    for (let offset = begin; offset < end;) {
      const [value, next] = this.number(field, offset, end, path);
      values.push(value);
      offset = next;
    }
    return values;
  }

  text(bytes, offset, path) {
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.refuse(path, offset, 'text that is not UTF-8');
    }
  }
}

const DEFAULTS = { uint32: 0, uint64: 0n, bool: false, string: '', message: null };

/** A message with every field at its default. */
export function empty(schema) {
  const message = {};
  for (const field of Object.values(schema.fields)) {
    if (field.oneof) message[field.oneof] = null;
    else if (field.repeated) message[field.name] = [];
    else message[field.name] = field.type === 'bytes' ? Buffer.alloc(0) : DEFAULTS[field.type];
  }
  return message;
}

/** Parses a whole message. Throws a Refusal with code, field and offset at the first violation in byte order. */
export function decode(schema, bytes, what = schema.name) {
  return new Parser(bytes, what).message(schema, 0, bytes.length, []);
}

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function sized(field, value) {
  if (field.type === 'message') return encode(field.message, value);
  return field.type === 'string' ? Buffer.from(value, 'utf8') : value;
}

/** The one encoding of a message. */
export function encode(schema, message) {
  const parts = [];
  const numbers = Object.keys(schema.fields).map(Number).sort((a, b) => a - b);
  for (const number of numbers) {
    const field = schema.fields[number];
    const tag = varint((BigInt(number) << 3n) | BigInt(wireTypeOf(field)));
    const put = (bytes) => parts.push(tag, varint(bytes.length), bytes);
    const value = field.oneof
      ? (message[field.oneof]?.name === field.name ? message[field.oneof].value : null) : message[field.name];
    if (isNumber(field)) {
      if (field.repeated) { if (value.length > 0) put(Buffer.concat(value.map(varint))); }
      else if (value) parts.push(tag, varint(value));
    } else if (field.repeated) value.forEach((element) => put(sized(field, element)));
    else if (field.type === 'message' ? value !== null : value.length > 0) put(sized(field, value));
  }
  return Buffer.concat(parts);
}
