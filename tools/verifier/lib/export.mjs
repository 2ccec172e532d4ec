// SPEC "Ledger export": lines of JSON. Each line is exact: it is parsed, encoded again and compared.
import { fromBase64, fromHex } from './bytes.mjs';
import { Refusal, require } from './refusal.mjs';

export const FORMAT = 'govchain-ledger-1';
const LINE_BYTES_MAX = 2 * 1024 * 1024;
const LF = 0x0a;

/** The lines of a stream of chunks: { number, bytes }, without their line feeds. The last must have one too. */
async function* linesOf(chunks) {
  let number = 1;
  let parts = [];
  let length = 0;
  const take = (part) => {
    length += part.length;
    require(length <= LINE_BYTES_MAX, `line ${number}`, `more than ${LINE_BYTES_MAX} bytes`);
    parts.push(part);
  };
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end; (end = chunk.indexOf(LF, begin)) >= 0; begin = end + 1) {
      take(chunk.subarray(begin, end));
      yield { number: number++, bytes: parts.length === 1 ? parts[0] : Buffer.concat(parts) };
      [parts, length] = [[], 0];
    }
    take(chunk.subarray(begin));
  }
  require(length === 0, `line ${number}`, 'the file ends within the line');
}

/** Each line as an object with the members of one of the forms below, and its kind. */
export async function* readExport(chunks) {
  for await (const { number, bytes } of linesOf(chunks)) {
    const where = `line ${number}`;
    yield { where, ...readLine(bytes, where) };
  }
}

const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : null);
const text = (value) => (typeof value === 'string' ? value : null);

/** The members of each kind of line, in order, and what their values must be; the first member tells the kind. */
const FORMS = {
  format: { format: text, chainId: text, genesisBody: text, signatures: (value) => (Array.isArray(value) ? value.map(signature) : null) },
  height: { height: whole, header: text, certificate: text, transactions: whole },
  position: { position: whole, envelope: text },
  end: { end: (value) => value === true || null, height: whole, logSize: whole, blockHash: text, logRoot: text, stateRoot: text },
};

const signature = (value) => ({ department: text(value?.department), signature: text(value?.signature) });

function readLine(bytes, where) {
  let object;
  try {
    object = JSON.parse(bytes.toString('latin1'));
  } catch {
    throw new Refusal(where, 'not a line of JSON');
  }
  const kind = object === null || typeof object !== 'object' ? undefined : Object.keys(object)[0];
  require(Object.hasOwn(FORMS, kind ?? ''), where, 'no line of an export');
  const members = {};
  for (const [name, read] of Object.entries(FORMS[kind])) {
    members[name] = read(object[name]);
    require(members[name] !== null, where, () => `${name} is missing or of another kind`);
  }
  require(JSON.stringify(members) === bytes.toString('latin1'), where, 'not its own canonical encoding');
  return { kind, members };
}

export const bytesOf = (members, name) => fromBase64(members[name], name);
export const hashOf = (members, name) => fromHex(members[name], 32, name);
export const signatureOf = ({ department, signature: hex }) => ({
  department, signature: fromHex(hex, 64, `founding signature of ${department}`),
});
