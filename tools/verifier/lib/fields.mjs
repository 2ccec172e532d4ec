// SPEC "Identifiers" and the rules that several messages share.
import { require } from './refusal.mjs';
import { isPublicKey } from './signatures.mjs';

const INVALID = 'INVALID_FIELD';
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}$`);

const PATTERNS = {
  department: /^[a-z][a-z0-9-]{0,31}$/,
  type: /^[a-z][a-z0-9-]{0,63}$/,
  recordId: /^(?!\.{1,2}$)[A-Za-z0-9._:@+~-]{1,128}$/,
  officer: /^[A-Za-z0-9._-]{1,64}$/,
  network: /^[a-z0-9.-]{1,64}$/,
  language: /^[A-Za-z0-9-]{2,35}$/,
};

export const byteLength = (text) => Buffer.byteLength(text, 'utf8');

/** Ascending as bytes. Identifiers are ASCII, so this is their order as strings too. */
export const ascends = (texts) => texts.every((text, i) => i === 0 || texts[i - 1] < text);

export function requireIdentifier(kind, text, where) {
  require(PATTERNS[kind].test(text), where, () => `${JSON.stringify(text)} is no ${kind}`, INVALID);
}

export function requireText(text, from, to, where) {
  const length = byteLength(text);
  require(length >= from && length <= to, where, () => `${length} bytes; ${from} to ${to} are allowed`, INVALID);
}

export function requireMediaType(text, where) {
  require(text.length <= 127 && MEDIA_TYPE.test(text), where, () => `${JSON.stringify(text)} is no media type`, INVALID);
}

export function requirePublicKey(bytes, where, code = INVALID) {
  require(isPublicKey(bytes), where, () => `${bytes.toString('hex')} is no compressed point of secp256k1`, code);
}

export function requireLength(bytes, length, where) {
  require(bytes.length === length, where, () => `${bytes.length} bytes; ${length} are expected`, INVALID);
}

/** `titles` and `names`: 1 to 16, no language twice, each text 1 to 256 bytes. */
export function requireTexts(texts, where) {
  require(texts.length >= 1 && texts.length <= 16, where, () => `${texts.length} texts; 1 to 16 are allowed`, INVALID);
  texts.forEach(({ language, text }, i) => {
    requireIdentifier('language', language, `${where}[${i}].language`);
    const again = texts.findIndex((other) => other.language === language) < i;
    require(!again, `${where}[${i}].language`, () => `${language} stands twice`, INVALID);
    requireText(text, 1, 256, `${where}[${i}].text`);
  });
}

/** `YYYY`, `YYYY-MM` or `YYYY-MM-DD` of a real Gregorian date from year 0001 on. */
export function isDate(text) {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  if (year < 1 || month < 1 || month > 12) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return day >= 1 && day <= days;
}

/** host:port, the host a name or an address, IPv6 in brackets. */
export function requireEndpoint(text, where) {
  const match = /^(?:[A-Za-z0-9.-]+|\[[A-Za-z0-9.:-]+\]):([1-9][0-9]{0,4})$/.exec(text);
  require(match !== null && text.length <= 260 && Number(match[1]) <= 65_535, where,
    () => `${JSON.stringify(text)} is no host:port`, INVALID);
}
