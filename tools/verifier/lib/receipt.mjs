// SPEC "Receipt".
import { readCertificate, readHeader, requireCommitted } from './blocks.mjs';
import { fromBase64, fromHex, sha256 } from './bytes.mjs';
import { requireIdentifier, requirePublicKey } from './fields.mjs';
import { readGenesis } from './genesis.mjs';
import { leafHash, rootOfInclusion } from './log-tree.mjs';
import { setAfter } from './membership.mjs';
import { OfficerKeyState } from './messages.mjs';
import { at, Refusal, require } from './refusal.mjs';
import { KIND, stateKey } from './state.mjs';
import { leafHash as stateLeafHash, rootOfPath } from './state-tree.mjs';
import { DECISIONS, PROTOCOL_ACTIONS, readTransaction, RECORD_ACTIONS } from './transaction.mjs';
import { decode } from './wire.mjs';

export const RECEIPT_BYTES_MAX = 2 * 1024 * 1024;
const FORMAT = 'govchain-receipt-1';
const HASHES_MAX = 256;
const EPOCHS_MAX = 1_000;
const VALIDATORS_MAX = 200;
const YEAR_9999_MS = 253_402_300_799_999n;

/** Verifies a receipt file: its summary. Throws a Refusal that names the member. */
export function verifyReceipt(file, genesisDigest) {
  require(file.length <= RECEIPT_BYTES_MAX, 'file', `${file.length} bytes; at most ${RECEIPT_BYTES_MAX}`);
  const receipt = parse(file);
  require(receipt.format === FORMAT, 'format', `${FORMAT} is expected`);

  const genesis = at('genesisBody', () => readGenesis(fromBase64(receipt.genesisBody)));
  require(genesis.chainId.equals(genesisDigest), 'genesisBody',
    () => `of the ledger ${genesis.chainId.toString('hex')}, not of the trusted one`);

  const { sets, ends } = followEpochs(receipt.epochs, genesis);
  const block = readBlock(receipt.block, genesis, sets, 'block');
  requireWithin(block, ends, 'block, header');
  const transaction = at('envelope', () => readTransaction(fromBase64(receipt.envelope), genesis.chainId));
  const position = readPosition(receipt.position);
  require(block.logSizeBefore <= position && position < block.logSizeAfter, 'position',
    () => `${position} is not in the block, which holds ${block.logSizeBefore} to ${block.logSizeAfter - 1n}`);
  const path = readHashes(receipt.inclusionPath, 'inclusionPath');
  const logRoot = rootOfInclusion(position, block.logSizeAfter, leafHash(transaction.envelope), path, 'inclusionPath');
  require(logRoot.equals(block.logRoot), 'inclusionPath', 'it does not lead to the block\'s log root');

  const { signer } = receipt;
  const later = signer.laterBlock === undefined ? null : readBlock(signer.laterBlock, genesis, sets, 'signer, laterBlock');
  require(later === null || later.height > block.height, 'signer, laterBlock', 'not higher than the block');
  if (later !== null) requireWithin(later, ends, 'signer, laterBlock, header');
  const value = fromBase64(signer.value, 'signer, value');
  const key = sha256(stateKey(KIND.key, transaction.signer));
  const siblings = readHashes(signer.path, 'signer, path');
  const stateRoot = rootOfPath(key, stateLeafHash(key, sha256(value)), siblings, 'signer, path');
  require(stateRoot.equals((later ?? block).stateRoot), 'signer, path', 'it does not lead to the state root');
  const signedFor = signerAt(value, block, PROTOCOL_ACTIONS.includes(transaction.action.name));

  const summary = summarise(genesis, transaction, block, signedFor);
  const newest = (later ?? block).epoch;
  require(newest + 1n === BigInt(sets.length), 'epochs', () => `they lead to epoch ${sets.length - 1}, and the newest header is of ${newest}`);
  requireCanonical(file, receipt, summary);
  // Last, because they take the longest; what is left to be wrong is a signature.
  at('envelope', transaction.requireSigned);
  block.requireSigned();
  later?.requireSigned();
  for (const end of ends) end.requireSigned();
  return summary;
}

function parse(file) {
  try {
    const receipt = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file));
    for (const object of [receipt, receipt.block, receipt.signer])
      require(object !== null && typeof object === 'object', 'file', 'a member is missing');
    return receipt;
  } catch (e) {
    if (e instanceof Refusal) throw e;
    throw new Refusal('file', `not a JSON object: ${e.message}`);
  }
}

/** The validators from the founding ones on: each set certifies the header that names the next one. */
function followEpochs(epochs, genesis) {
  require(Array.isArray(epochs) && epochs.length <= EPOCHS_MAX, 'epochs', 'an array is expected');
  const sets = [genesis.set];
  const ends = [];
  epochs.forEach((end, i) => {
    const where = `epochs ${i}`;
    require(end !== null && typeof end === 'object', where, 'an object is expected');
    const { department, newKey, lastBlock } = end;
    require(typeof department === 'string', `${where}, department`, 'missing');
    requireIdentifier('department', department, `${where}, department`);
    const block = readBlock(lastBlock, genesis, sets, `${where}, lastBlock`);
    require(block.epoch === BigInt(i), `${where}, lastBlock, header`, () => `epoch ${block.epoch}`);
    require(block.height > (i === 0 ? 0n : ends[i - 1].height), `${where}, lastBlock, header`, 'not higher than the one before');
    const key = newKey === undefined ? null : fromHex(newKey, 33, `${where}, newKey`);
    if (key !== null) requirePublicKey(key, `${where}, newKey`);
    const next = setAfter(sets[i], department, key);
    const keys = new Set(next.members.map((m) => m.key.toString('hex')));
    require(keys.size === next.members.length && keys.size >= 1 && keys.size <= VALIDATORS_MAX, where,
      () => `${next.members.length} departments with ${keys.size} keys`);
    const names = next.hash.equals(block.nextSetHash) && !next.hash.equals(sets[i].hash);
    require(names, where, 'not the change that its header names');
    sets.push(next);
    ends.push(block);
  });
  return { sets, ends };
}

/** Keys of departments that have retired sign nothing beyond the end of their own epoch. */
function requireWithin({ epoch, height, hash }, ends, where) {
  const [before, last] = [ends[Number(epoch) - 1], ends[Number(epoch)]];
  require(before === undefined || height > before.height, where, () => `height ${height} is before epoch ${epoch} begins`);
  require(last === undefined || height < last.height || hash.equals(last.hash), where, () => `epoch ${epoch} has no such block ${height}`);
}

function readBlock(member, genesis, sets, where) {
  require(member !== null && typeof member === 'object', where, 'missing');
  const header = readHeader(fromBase64(member.header, `${where}, header`), `${where}, header`);
  require(header.chainId.equals(genesis.chainId), `${where}, header`, 'of another ledger');
  require(header.epoch < BigInt(sets.length), `${where}, header`, () => `epoch ${header.epoch}`);
  const place = `${where}, certificate`;
  const certificate = readCertificate(fromBase64(member.certificate, place), place);
  return { ...header, requireSigned: requireCommitted(header, certificate, sets[Number(header.epoch)], place) };
}

function readPosition(position) {
  require(Number.isSafeInteger(position) && position >= 0, 'position', 'a number below 2^53 is expected');
  return BigInt(position);
}

function readHashes(hashes, where) {
  require(Array.isArray(hashes) && hashes.length <= HASHES_MAX, where, 'an array of hashes is expected');
  return hashes.map((hash, i) => fromHex(hash, 32, `${where} ${i}`));
}

function signerAt(value, { height, timeMs }, byValidator) {
  const { intervals, validator_intervals: acting } = decode(OfficerKeyState, value, 'signer, value');
  const covers = (i) => i.first_height <= height && (i.last_height === 0n || i.last_height >= height);
  const covering = byValidator ? acting.filter(covers) : intervals.filter((i) => covers(i)
    && i.valid_from_ms <= timeMs && (i.valid_until_ms === 0n || i.valid_until_ms > timeMs));
  require(covering.length > 0, 'signer, value', 'the signer could not sign in this block');
  return covering[0];
}

function summarise(genesis, { action, id }, block, { department, officer_id: officer }) {
  return {
    network: genesis.body.network_name,
    chainId: genesis.chainId.toString('hex'),
    transactionId: id.toString('hex'),
    action: action.name,
    ...summariseRecord(action),
    department,
    ...(officer !== undefined && { officer }),
    height: exactNumber(block.height, 'height'),
    recordedAt: timeText(block.timeMs),
  };
}

/** Of a submission, until when it waits, as it made no version, and of a transfer for whom. Of who decided, what it was. */
function summariseRecord({ name, value }) {
  const isChange = RECORD_ACTIONS.includes(name);
  if (!isChange && !DECISIONS.includes(name)) return {};
  const submitted = isChange && value.approve_until_ms > 0n;
  return {
    type: value.record.type,
    recordId: value.record.id,
    ...(!submitted && name !== 'refuse' && { version: exactNumber(value.expected_version + 1n, 'version') }),
    ...(submitted && { approveUntil: timeText(value.approve_until_ms) }),
    ...(submitted && value.receiver !== '' && { receiver: value.receiver }),
    ...(!isChange && { submission: value.submission.toString('hex') }),
    ...(!isChange && value.on_behalf_of !== '' && { onBehalfOf: value.on_behalf_of }),
  };
}

const timeText = (ms) => (ms > YEAR_9999_MS ? String(ms) : new Date(Number(ms)).toISOString());

function exactNumber(value, where) {
  require(value <= BigInt(Number.MAX_SAFE_INTEGER), `summary, ${where}`, `${value} is above 2^53`);
  return Number(value);
}

/** The file is what its own contents encode to, byte for byte. */
function requireCanonical(file, { genesisBody, envelope, position, inclusionPath, block, signer, epochs }, summary) {
  const pair = ({ header, certificate }) => ({ header, certificate });
  const canonical = Buffer.from(`${JSON.stringify({
    format: FORMAT,
    summary,
    genesisBody,
    envelope,
    position,
    inclusionPath,
    block: pair(block),
    signer: {
      value: signer.value,
      path: signer.path,
      ...(signer.laterBlock && { laterBlock: pair(signer.laterBlock) }),
    },
    epochs: epochs.map(({ department, newKey, lastBlock }) => ({
      department, ...(newKey !== undefined && { newKey }), lastBlock: pair(lastBlock),
    })),
  }, null, 2)}\n`);
  if (canonical.equals(file)) return;
  let i = 0;
  while (i < canonical.length && canonical[i] === file[i]) i++;
  const line = canonical.subarray(0, i).filter((byte) => byte === 0x0a).length + 1;
  throw new Refusal('file', `not its own canonical encoding: byte ${i}, line ${line}`);
}
