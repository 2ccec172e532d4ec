// SPEC "Wire profile": protobuf in the one encoding that is allowed. A schema is
//   { name, fields: { number: { name, type, message?, repeated?, oneof? } }, reserved: [numbers] }
// with the types uint32, uint64, bool, string, bytes, message. A parsed message has a property for each field, named as in
// SPEC; uint64 is a BigInt, an absent sub-message null, and a oneof is { name, value } or null.
import { Refusal } from './refusal.mjs';

const TAG_MAX = 2n ** 32n - 1n;
const LENGTH_MAX = 2n ** 31n - 1n;
const VARINT_BYTES_MAX = 10;
const MAX = { uint32: 2n ** 32n - 1n, uint64: 2n ** 64n - 1n, bool: 1n };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const isNumber = (field) => field.type in MAX;
const wireTypeOf = (field) => (isNumber(field) && !field.repeated ? 0 : 2);

/** What the kinds of violations mean; SPEC "Wire profile" names them. */
const KINDS = {
  Truncated: 'a number that breaks off',
  OverlongVarint: 'a number with more bytes than it needs',
  OutOfRange: 'a number outside its type',
  UnknownField: 'an unknown field',
  NotActive: 'a field that is kept for something later',
  OutOfOrder: 'a field out of order',
  WrongWireType: 'a field with another wire type than declared',
  Recurring: 'a field that stands twice',
  SecondOneofMember: 'a second alternative where only one may stand',
  LengthBeyondEnd: 'a length that reaches past the end',
  DefaultOnWire: 'a default value, which must be left out',
  EmptyRun: 'an empty run, which must be left out',
  InvalidUtf8: 'text that is not UTF-8',
};

class Parser {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
  }

  refuse(rule, path, offset) {
    const field = path.join('.');
    const where = `${this.what}, byte ${offset}${field ? `, field ${field}` : ''}`;
    const refusal = new Refusal(where, KINDS[rule], rule === 'NotActive' ? 'NOT_ACTIVE' : 'MALFORMED_ENVELOPE');
    return Object.assign(refusal, { rule, field, offset });
  }

  /** A minimal varint before `end`: [value, offset behind it]. */
  varint(offset, end, path, max) {
    let value = 0n;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (offset + i >= end) throw this.refuse('Truncated', path, offset);
      const byte = this.bytes[offset + i];
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) throw this.refuse('OverlongVarint', path, offset);
      if (value > max) break;
      return [value, offset + i + 1];
    }
    throw this.refuse('OutOfRange', path, offset);
  }

  message(schema, begin, end, path) {
    const message = empty(schema);
    let last = 0;
    let elements = 0;
    for (let offset = begin; offset < end;) {
      const [tag, afterTag] = this.varint(offset, end, path, TAG_MAX);
      const number = Number(tag >> 3n);
      const field = schema.fields[number];
      const refuse = (rule, name) => this.refuse(rule, [...path, name], offset);
      if (!field) throw refuse(schema.reserved.includes(number) ? 'NotActive' : 'UnknownField', `#${number}`);
      if (number < last) throw refuse('OutOfOrder', `#${number}`);
      elements = number === last ? elements + 1 : 0;
      last = number;
      if (Number(tag & 7n) !== wireTypeOf(field)) throw refuse('WrongWireType', field.name);
      if (elements > 0 && (!field.repeated || isNumber(field))) throw refuse('Recurring', field.name);
      if (field.oneof && message[field.oneof]) throw refuse('SecondOneofMember', field.name);
      const inner = [...path, field.repeated ? `${field.name}[${elements}]` : field.name];
      const [value, next] = this.value(field, afterTag, end, inner);
      if (field.oneof) message[field.oneof] = { name: field.name, value };
      else if (field.repeated && !isNumber(field)) message[field.name].push(value);
      else message[field.name] = value;
      offset = next;
    }
    return message;
  }

  value(field, offset, end, path) {
    if (wireTypeOf(field) === 0) {
      const [value, next] = this.number(field, offset, end, path);
      if (!value) throw this.refuse('DefaultOnWire', path, offset);
      return [value, next];
    }
    const [length, begin] = this.varint(offset, end, path, LENGTH_MAX);
    const next = begin + Number(length);
    if (next > end) throw this.refuse('LengthBeyondEnd', path, offset);
    if (field.type === 'message') return [this.message(field.message, begin, next, path), next];
    if (isNumber(field)) return [this.run(field, offset, begin, next, path), next];
    if (length === 0n && !field.repeated) throw this.refuse('DefaultOnWire', path, offset);
    const bytes = this.bytes.subarray(begin, next);
    return [field.type === 'bytes' ? bytes : this.text(bytes, offset, path), next];
  }

  number(field, offset, end, path) {
    const [value, next] = this.varint(offset, end, path, MAX[field.type]);
    return [field.type === 'uint64' ? value : field.type === 'bool' ? value === 1n : Number(value), next];
  }

  run(field, lengthOffset, begin, end, path) {
    if (begin === end) throw this.refuse('EmptyRun', path, lengthOffset);
    const values = [];
    for (let offset = begin; offset < end;) {
      const [value, next] = this.number(field, offset, end, path);
      values.push(value);
      offset = next;
    }
    return values;
  }

  text(bytes, lengthOffset, path) {
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.refuse('InvalidUtf8', path, lengthOffset);
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
