// SPEC "Payload schemas", JSON: reads a text strictly, with exact numbers.
// A value is { type, canonical, ... }; two values are equal where their canonical texts are.

const DEPTH_MAX = 64;
const DIGITS_MAX = 34;
const EXPONENT_MAX = 1000n;

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERAL = /null|true|false/y;
const HALF_PAIR = /\p{Surrogate}/u;

/** Ascending by the bytes of their UTF-8. */
export const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The value of a text's bytes, or null where it is not JSON as the ledger reads it. */
export function readJson(bytes) {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
  try {
    return new Reader(text).whole();
  } catch (e) {
    if (e instanceof Unreadable) return null;
    throw e;
  }
}

class Unreadable extends Error {}

class Reader {
  #text;
  #at = 0;
  #depth = 0;

  constructor(text) { this.#text = text; }

  whole() {
    const value = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) throw new Unreadable('more than one value');
    return value;
  }

  #value() {
    this.#skip();
    switch (this.#text[this.#at]) {
      case '[': return this.#array();
      case '{': return this.#object();
      case '"': return string(this.#string());
      case 'n': case 't': case 'f': return literal(this.#match(LITERAL));
      default: return number(this.#match(NUMBER));
    }
  }

  #array() {
    const items = this.#list(']', () => this.#value());
    return { type: 'array', items, canonical: `[${items.map((i) => i.canonical)}]` };
  }

  #object() {
    const members = new Map(this.#list('}', () => {
      this.#skip();
      const name = this.#string();
      if (!this.#takes(':')) throw new Unreadable('no colon');
      return [name, this.#value()];
    }, (pairs) => {
      if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Unreadable('a name twice');
      return pairs.sort(([a], [b]) => byBytes(a, b));
    }));
    return { type: 'object', members, canonical: `{${[...members].map(([name, v]) => `${JSON.stringify(name)}:${v.canonical}`)}}` };
  }

  #list(end, read, finish = (found) => found) {
    if (++this.#depth > DEPTH_MAX) throw new Unreadable('too deep');
    this.#at++;
    const found = [];
    if (!this.#takes(end)) {
      do found.push(read()); while (this.#takes(','));
      if (!this.#takes(end)) throw new Unreadable('no end');
    }
    this.#depth--;
    return finish(found);
  }

  #string() {
    const text = JSON.parse(this.#match(STRING));
    if (HALF_PAIR.test(text)) throw new Unreadable('half of a surrogate pair');
    return text;
  }

  #takes(character) {
    this.#skip();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip() { this.#match(BLANKS); }

  #match(pattern) {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) throw new Unreadable('not as it must be');
    this.#at = pattern.lastIndex;
    return match[0];
  }
}

const string = (text) => ({ type: 'string', text, canonical: JSON.stringify(text) });

const literal = (text) => ({ type: text === 'null' ? 'null' : 'boolean', truth: text === 'true', canonical: text });

/** coefficient * 10 ** exponent, the coefficient no multiple of ten. */
function number(text) {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return { type: 'number', coefficient: 0n, exponent: 0n, canonical: '0' };
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const coefficient = digits.slice(0, end);
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - end);
  if (end > DIGITS_MAX || exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX) throw new Unreadable('a number out of range');
  return { type: 'number', coefficient: BigInt(sign + coefficient), exponent, canonical: `${sign}${coefficient}e${exponent}` };
}

/** Two numbers as integers of one unit. */
export function aligned(a, b) {
  const unit = a.exponent < b.exponent ? a.exponent : b.exponent;
  return [a, b].map(({ coefficient, exponent }) => coefficient * 10n ** (exponent - unit));
}
