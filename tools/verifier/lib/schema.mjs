// SPEC "Payload schemas": reads a schema of the ledger's subset of JSON Schema, and judges payloads by it.
import { aligned, byBytes, readJson } from './json.mjs';
import { isDate } from './fields.mjs';

const SCHEMA_BYTES_MAX = 16_384;
const SUBSCHEMAS_MAX = 1_024;
const ENUM_VALUES_MAX = 256;
const COUNT_MAX = 2n ** 31n - 1n;
const POINTER_MAX = 200;
const KEYWORD_MAX = 64;
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const BESIDE_REFERENCE = ['$ref', '$defs', '$schema', 'title', 'description'];
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

/** A rule that is broken, and where: { pointer, keyword }. */
export class Violation extends Error {
  constructor(pointer, keyword) {
    super(`${cut(pointer, POINTER_MAX)} (${cut(keyword, KEYWORD_MAX)})`);
    this.pointer = cut(pointer, POINTER_MAX);
    this.keyword = cut(keyword, KEYWORD_MAX);
  }
}

function cut(text, max) {
  if (text.length <= max) return text;
  const half = /[\ud800-\udbff]/.test(text[max - 1]);
  return `${text.slice(0, half ? max - 1 : max)}...`;
}

const step = (name) => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
const isInteger = (value) => value.type === 'number' && value.exponent >= 0n;
const equal = (a, b) => a.canonical === b.canonical;
const distinct = (values) => new Set(values.map((v) => v.canonical)).size === values.length;
const codePoints = (text) => [...text].length;

function countOf(value) {
  if (!isInteger(value) || value.coefficient < 0n || value.exponent > 10n) return null;
  const count = value.coefficient * 10n ** value.exponent;
  return count <= COUNT_MAX ? Number(count) : null;
}

const isDateTime = (text) => {
  const match = /^(.{10})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|[+-]([0-9]{2}):([0-9]{2}))$/.exec(text);
  if (!match || !isFullDate(match[1])) return false;
  const [hour, minute, second, zoneHour, zoneMinute] = match.slice(2).map((digits) => Number(digits ?? 0));
  return hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
};
const isFullDate = (text) => text.length === 10 && isDate(text);

const FORMATS = {
  date: isFullDate,
  'date-time': isDateTime,
  uuid: (text) => /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text),
};

const order = (value, bound) => {
  const [a, b] = aligned(value, bound);
  return a < b ? -1 : a > b ? 1 : 0;
};
const onNumber = (holds) => (argument) => argument.type === 'number' && ((value) => value.type !== 'number' || holds(value, argument));
const onCount = (type, size, holds) => (argument) => {
  const count = countOf(argument);
  return count !== null && ((value) => value.type !== type || holds(size(value), count));
};
const length = (value) => codePoints(value.text);
const size = (value) => value.items.length;

/** In the order in which a value is judged: an argument gives what tells whether a value keeps it, or false. */
const ASSERTIONS = {
  type: (argument) => {
    const names = argument.type === 'array' ? argument.items : [argument];
    if (names.length === 0 || !distinct(names) || !names.every((n) => n.type === 'string' && TYPES.includes(n.text))) return false;
    return (value) => names.some(({ text }) => text === value.type || (text === 'integer' && isInteger(value)));
  },
  enum: ({ type, items }) => type === 'array' && items.length >= 1 && items.length <= ENUM_VALUES_MAX && distinct(items)
    && ((value) => items.some((item) => equal(item, value))),
  const: (constant) => (value) => equal(constant, value),
  multipleOf: (argument) => argument.type === 'number' && argument.coefficient > 0n && onNumber((value, divisor) => {
    const [a, b] = aligned(value, divisor);
    return a % b === 0n;
  })(argument),
  maximum: onNumber((value, bound) => order(value, bound) <= 0),
  exclusiveMaximum: onNumber((value, bound) => order(value, bound) < 0),
  minimum: onNumber((value, bound) => order(value, bound) >= 0),
  exclusiveMinimum: onNumber((value, bound) => order(value, bound) > 0),
  maxLength: onCount('string', length, (found, bound) => found <= bound),
  minLength: onCount('string', length, (found, bound) => found >= bound),
  format: (name) => name.type === 'string' && Object.hasOwn(FORMATS, name.text)
    && ((value) => value.type !== 'string' || FORMATS[name.text](value.text)),
  maxItems: onCount('array', size, (found, bound) => found <= bound),
  minItems: onCount('array', size, (found, bound) => found >= bound),
  uniqueItems: ({ type, truth }) => type === 'boolean' && ((value) => !truth || value.type !== 'array' || distinct(value.items)),
};

/** Reads a schema's text. Throws a Violation with the first thing that is refused. */
export function readSchema(bytes) {
  if (bytes.length > SCHEMA_BYTES_MAX) throw new Violation('', 'json');
  const json = readJson(bytes);
  if (json === null) throw new Violation('', 'json');
  const definitions = json.members?.get('$defs');
  const reader = { count: 0, names: definitions?.type === 'object' ? [...definitions.members.keys()] : [], definitions: new Map() };
  const root = readNode(reader, json, '', '', true);
  for (const [name, node] of [...reader.definitions].sort(([a], [b]) => byBytes(a, b)))
    if (endOf(reader, node) === null) throw new Violation(`/$defs/${name}/$ref`, '$ref');
  return { root, end: (node) => endOf(reader, node) };
}

function endOf({ definitions }, node) {
  const seen = new Set();
  while (node.reference !== undefined) {
    if (seen.has(node)) return null;
    seen.add(node);
    node = definitions.get(node.reference);
  }
  return node;
}

function readNode(reader, json, pointer, holder, isRoot = false) {
  if (json.type !== 'object' || ++reader.count > SUBSCHEMAS_MAX) throw new Violation(pointer, holder);
  const node = { assertions: [], required: [], properties: new Map() };
  const held = {};
  for (const [keyword, argument] of json.members) {
    const at = pointer + step(keyword);
    const demand = (condition) => { if (!condition) throw new Violation(at, keyword); };
    const schemas = (names = () => true) => {
      demand(argument.type === 'object');
      return new Map([...argument.members].map(([name, schema]) => {
        if (!names(name)) throw new Violation(at + step(name), keyword);
        const read = readNode(reader, schema, at + step(name), keyword);
        return [name, read];
      }));
    };
    if (keyword === 'title' || keyword === 'description') demand(argument.type === 'string');
    else if (keyword === '$schema') demand(isRoot && argument.text === DIALECT);
    else if (keyword === '$defs') {
      demand(isRoot);
      reader.definitions = schemas((name) => /^[A-Za-z0-9._-]{1,64}$/.test(name));
    } else if (keyword === '$ref') {
      demand(argument.type === 'string' && argument.text.startsWith('#/$defs/'));
      node.reference = argument.text.slice('#/$defs/'.length);
      demand(reader.names.includes(node.reference));
      demand([...json.members.keys()].every((name) => BESIDE_REFERENCE.includes(name)));
    } else if (keyword === 'items') node.items = readNode(reader, argument, at, keyword);
    else if (keyword === 'properties') node.properties = schemas();
    else if (keyword === 'required') {
      demand(argument.type === 'array' && distinct(argument.items) && argument.items.every((name) => name.type === 'string'));
      node.required = argument.items.map(({ text }) => text);
    } else if (keyword === 'additionalProperties') {
      if (argument.type === 'boolean') node.closed = !argument.truth;
      else node.additional = readNode(reader, argument, at, keyword);
    } else {
      demand(Object.hasOwn(ASSERTIONS, keyword));
      held[keyword] = ASSERTIONS[keyword](argument);
      demand(held[keyword] !== false);
    }
  }
  node.assertions = Object.keys(ASSERTIONS).filter((keyword) => keyword in held).map((keyword) => [keyword, held[keyword]]);
  return node;
}

/** The first violation in a payload: { pointer, keyword }, or null. */
export function judge(schema, mediaType, content) {
  if (mediaType !== 'application/json') return new Violation('', 'mediaType');
  const value = readJson(content);
  return value === null ? new Violation('', 'json') : violationIn(schema, schema.root, value, '');
}

function violationIn(schema, reference, value, pointer) {
  const node = schema.end(reference);
  const broken = node.assertions.find(([, holds]) => !holds(value));
  if (broken) return new Violation(pointer, broken[0]);
  if (value.type === 'array' && node.items) return first(value.items.entries(), (i, item) => violationIn(schema, node.items, item, pointer + step(i)));
  if (value.type !== 'object') return null;
  if (node.required.some((name) => !value.members.has(name))) return new Violation(pointer, 'required');
  return first(value.members, (name, member) => {
    const at = pointer + step(name);
    const judging = node.properties.get(name) ?? node.additional;
    if (judging) return violationIn(schema, judging, member, at);
    return node.closed ? new Violation(at, 'additionalProperties') : null;
  });
}

function first(entries, judgeEntry) {
  for (const [key, value] of entries) {
    const violation = judgeEntry(key, value);
    if (violation) return violation;
  }
  return null;
}
