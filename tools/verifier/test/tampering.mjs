// What a forger without keys can do to a receipt or an export, and that each of it is refused with its place.
import assert from 'node:assert/strict';
import { verifyLedger } from '../lib/ledger.mjs';
import { verifyReceipt } from '../lib/receipt.mjs';
import { SignedTransaction } from '../lib/messages.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { decode, encode } from '../lib/wire.mjs';
import { twin } from './builder.mjs';

const CERTIFICATE_HEAD = 57;
const SIGNER = 66;

/** A small random generator (mulberry32): a seed gives the same numbers each time. */
export function random(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The seed of this run: SEED in the environment, or the clock's. */
export const seedOf = () => Number(process.env.SEED ?? Date.now() % 2 ** 31);

function flipped(file, bit) {
  const copy = Buffer.from(file);
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

/** Refused with a place, and by nothing but a refusal. */
function assertRefused(verify, file, name, expected = /./) {
  assert.throws(() => verify(file), (e) => {
    assert.ok(e instanceof Refusal, `${name}: ${e.stack}`);
    assert.ok(e.where, `${name}: no place is named`);
    assert.match(e.message, expected, name);
    return true;
  }, name);
}

/** Refuses every bit of a receipt flipped, and every prefix of the file. */
export function refuseFlippedReceipts(file, digest) {
  const verify = (bytes) => verifyReceipt(bytes, digest);
  verify(file);
  for (let bit = 0; bit < 8 * file.length; bit++) assertRefused(verify, flipped(file, bit), `bit ${bit}`);
  for (let length = 0; length < file.length; length++) assertRefused(verify, file.subarray(0, length), `the first ${length} bytes`);
}

/** Refuses a receipt with parts of another one, or with altered signatures. */
export function refuseForgedReceipts(file, other, digest) {
  const verify = (bytes) => verifyReceipt(bytes, digest);
  const forged = (change, name, expected) => {
    const receipt = JSON.parse(file);
    change(receipt);
    assertRefused(verify, Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`), name, expected);
  };
  const theirs = JSON.parse(other);
  forged((r) => { r.block.certificate = theirs.block.certificate; }, 'another certificate', /block, certificate: of /);
  forged((r) => { r.block = theirs.block; }, 'another block', /position|inclusionPath/);
  forged((r) => { r.envelope = theirs.envelope; }, 'another envelope', /inclusionPath|signer/);
  forged((r) => { r.position += 1; }, 'another position', /position|inclusionPath/);
  forged((r) => { r.epochs = [{}]; }, 'an epoch', /epochs 0, department: missing/);
  forged((r) => { r.epochs = null; }, 'no epochs', /epochs: an array is expected/);
  forged((r) => { r.block.header = alterBase64(r.block.header, flipByte(2)); }, 'a header of another ledger', /block, header: of another ledger/);
  forged((r) => { r.block.header = alterBase64(r.block.header, flipByte(81)); }, 'a header of another epoch', /block, header: epoch 1/);
  forged((r) => { r.position = 0; }, 'a position before the block', /position: 0 is not in the block/);
  forged((r) => { r.signer.laterBlock = r.block; }, 'the block itself as a later one', /signer, laterBlock: not higher than the block/);
  forged((r) => { r.summary.officer = 'someone'; }, 'another officer', /file: not its own canonical encoding/);
  for (const [name, change, expected] of CERTIFICATES)
    forged((r) => { r.block.certificate = alterBase64(r.block.certificate, change); }, name, expected);
  forged((r) => { r.envelope = alterBase64(r.envelope, highS); }, 'the officer\'s high-s twin', /HIGH_S|high s/);
}

const alterBase64 = (text, change) => change(Buffer.from(text, 'base64')).toString('base64');

const flipByte = (at) => (bytes) => {
  bytes[at] ^= 1;
  return bytes;
};

function highS(envelope) {
  const { body, signature } = decode(SignedTransaction, envelope);
  return encode(SignedTransaction, { body, signature: twin(signature) });
}

/** Certificates made of a valid one without a key. */
const CERTIFICATES = [
  ['a signer twice', (c) => Buffer.concat([
    c.subarray(0, CERTIFICATE_HEAD + SIGNER), c.subarray(CERTIFICATE_HEAD, CERTIFICATE_HEAD + SIGNER), c.subarray(CERTIFICATE_HEAD + 2 * SIGNER),
  ]), /certificate: .*indexes do not ascend/],
  ['one signature under another index', (c) => {
    const copy = Buffer.from(c);
    const last = c.length - SIGNER;
    copy.writeUInt16BE(c.readUInt16BE(last) === 3 ? 2 : 3, last);
    return copy;
  }, /certificate.*(signature of|indexes do not ascend)/],
  ['a signature too few', (c) => {
    const copy = Buffer.from(c.subarray(0, c.length - SIGNER));
    copy.writeUInt16BE(c.readUInt16BE(CERTIFICATE_HEAD - 2) - 1, CERTIFICATE_HEAD - 2);
    return copy;
  }, /certificate: \d+ signatures/],
  ['a validator\'s high-s twin', (c) => Buffer.concat([c.subarray(0, CERTIFICATE_HEAD + 2), twin(c.subarray(CERTIFICATE_HEAD + 2, CERTIFICATE_HEAD + SIGNER)),
    c.subarray(CERTIFICATE_HEAD + SIGNER)]), /high s/],
];

/** Verifies a whole export in memory. */
export const verifyExport = (file, digest) => verifyLedger([file], digest);

async function assertExportRefused(file, digest, name, expected = /./) {
  await assert.rejects(verifyExport(file, digest), (e) => {
    assert.ok(e instanceof Refusal, `${name}: ${e.stack}`);
    assert.ok(e.where, `${name}: no place is named`);
    assert.match(e.message, expected, name);
    return true;
  }, name);
}

/** Refuses an export with one bit flipped, at so many places. */
export async function refuseFlippedExports(file, digest, flips, seed) {
  const next = random(seed);
  for (let i = 0; i < flips; i++) {
    const bit = next(8 * file.length);
    await assertExportRefused(flipped(file, bit), digest, `seed ${seed}, bit ${bit}`);
  }
}

/** Refuses an export that was cut, reordered, or pieced together from its own parts. */
export async function refuseForgedExports(file, digest, seed, cuts = 20) {
  const next = random(seed);
  const lines = file.toString('latin1').trimEnd().split('\n');
  const text = (changed) => Buffer.from(`${changed.join('\n')}\n`, 'latin1');
  const blocks = lines.flatMap((line, i) => (line.startsWith('{"height":') ? [i] : []));
  const groups = blocks.map((begin, i) => lines.slice(begin, blocks[i + 1] ?? lines.length - 1));
  const join = (changed) => text([lines[0], ...changed.flat(), lines.at(-1)]);
  const without = (list, i) => list.filter((_, k) => k !== i);
  const swap = (list, i, j) => list.map((x, k) => (k === i ? list[j] : k === j ? list[i] : x));
  const edit = (at, change) => {
    const members = JSON.parse(lines[at]);
    change(members);
    return text(lines.map((line, i) => (i === at ? JSON.stringify(members) : line)));
  };
  const refuse = (forged, name, expected) => assertExportRefused(forged, digest, `${name} (seed ${seed})`, expected);
  await verifyExport(file, digest);
  assert.ok(groups.length > 3, 'the ledger has three blocks after the genesis');

  const b = 1 + next(groups.length - 2);
  const newest = JSON.parse(groups.at(-1)[0]);
  const fewer = JSON.stringify({ ...newest, transactions: newest.transactions - 1 });
  await refuse(join(swap(groups, b, b + 1)), 'two blocks swapped', new RegExp(`block ${b + 1}: block ${b} is expected`));
  await refuse(join(without(groups, b)), 'a block left out', new RegExp(`block ${b + 1}: block ${b} is expected`));
  await refuse(join(groups.slice(0, -1)), 'the newest block left out', /end, height: /);
  await refuse(join([...groups.slice(0, -1), groups.at(-1).slice(0, -1)]), 'the last transaction dropped', /end: the block before it lacks 1 transactions/);
  await refuse(join([...groups.slice(0, -1), [fewer, ...groups.at(-1).slice(1, -1)]]), 'the last transaction dropped and not counted',
    /header, logSizeAfter|0 transactions/);
  await refuse(text([...lines, lines.at(-1)]), 'a second end', /something follows the end/);
  await refuse(text(lines.slice(0, -1)), 'no end', /file: it ends before/);

  const [one, two] = [blocks[b], blocks[b + 1]];
  const certificateOf = (at) => JSON.parse(lines[at]).certificate;
  await refuse(edit(one, (m) => { m.certificate = certificateOf(two); }), 'another block\'s certificate', new RegExp(`block ${b}, certificate: of `));
  await refuse(edit(one, (m) => { m.header = JSON.parse(lines[two]).header; }), 'another block\'s header', new RegExp(`block ${b}, header, height`));
  for (const [name, change, expected] of CERTIFICATES)
    await refuse(edit(one, (m) => { m.certificate = alterBase64(m.certificate, change); }), name, expected);

  const envelopes = lines.flatMap((line, i) => (line.startsWith('{"position":') ? [i] : []));
  const [first, second] = [envelopes[next(envelopes.length - 1)], envelopes.at(-1)];
  const envelopeOf = (at) => JSON.parse(lines[at]).envelope;
  await refuse(edit(second, (m) => { m.envelope = envelopeOf(first); }), 'a transaction twice', /DUPLICATE|transaction id/);
  await refuse(edit(first, (m) => { m.envelope = alterBase64(m.envelope, highS); }), 'an officer\'s high-s twin', /signature: a signature with high s/);
  await refuse(edit(first, (m) => { m.position += 1; }), 'another position', /position: \d+/);
  await refuse(text(without(lines, first)), 'a transaction left out', /block/);
  await refuse(edit(lines.length - 1, (m) => { m.stateRoot = m.logRoot; }), 'another end', /end, stateRoot/);
  await refuse(text(lines.map((line, i) => (i === first ? ` ${line}` : line))), 'a space', new RegExp(`line ${first + 1}: not its own canonical`));
  await refuse(text(lines.map((line, i) => (i === one ? `${line}\r` : line))), 'a carriage return', new RegExp(`line ${one + 1}`));
  for (let i = 0; i < cuts; i++) {
    const length = next(file.length);
    await refuse(file.subarray(0, length), `the first ${length} bytes`, /line \d+|file/);
  }
}
