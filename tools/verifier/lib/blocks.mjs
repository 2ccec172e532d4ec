// SPEC "Header", "Validator set", "Votes" and "Certificate".
import { Reader, sha256, tag, u64 } from './bytes.mjs';
import { require } from './refusal.mjs';
import { requireSignature } from './signatures.mjs';

export const HEADER_BYTES = 268;
export const COMMIT = 3;
const HEADER_TAG = tag('govchain/hdr/v1');
const VOTE_TAG = tag('govchain/vote/v1');
const SET_TAG = tag('govchain/set/v1');
const SIGNATURES_MAX = 200;

export function readHeader(bytes, where) {
  require(bytes.length === HEADER_BYTES, where, `${bytes.length} bytes; a header has ${HEADER_BYTES}`);
  const reader = new Reader(bytes, where);
  const version = reader.u16();
  require(version === 1, where, `format version ${version}`);
  return {
    chainId: reader.hash(),
    height: reader.u64(),
    parentHash: reader.hash(),
    epoch: reader.u64(),
    setHash: reader.hash(),
    nextSetHash: reader.hash(),
    timeMs: reader.u64(),
    proposer: reader.u16(),
    logSizeBefore: reader.u64(),
    logSizeAfter: reader.u64(),
    logRoot: reader.hash(),
    stateRoot: reader.hash(),
    parametersHash: reader.hash(),
    hash: sha256(HEADER_TAG, bytes),
  };
}

/** The departments that certify: [{ department, key }] ascending, with their hash and quorum. */
export function validatorSet(members) {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(members.length);
  const parts = members.flatMap(({ department, key }) => [Buffer.from([department.length]), Buffer.from(department), key]);
  const faulty = Math.floor((members.length - 1) / 3);
  return { members, hash: sha256(SET_TAG, count, ...parts), quorum: Math.ceil((members.length + faulty + 1) / 2) };
}

/** What a validator signs: SPEC "Votes". */
export function voteBytes({ type, chainId, epoch, height, view, blockHash, preparedView = null }) {
  const head = Buffer.from([0, 1, type]);
  const viewBytes = Buffer.alloc(4);
  viewBytes.writeUInt32BE(view);
  const prepared = Buffer.alloc(preparedView === null ? 0 : 4);
  if (preparedView !== null) prepared.writeUInt32BE(preparedView + 1);
  return Buffer.concat([VOTE_TAG, head, chainId, u64(epoch), u64(height), viewBytes, blockHash, prepared]);
}

export function readCertificate(bytes, where) {
  const reader = new Reader(bytes, where);
  const version = reader.u16();
  require(version === 1, where, `format version ${version}`);
  const certificate = {
    type: reader.u8(), epoch: reader.u64(), height: reader.u64(), view: reader.u32(), blockHash: reader.hash(), signatures: [],
  };
  require(certificate.type === 2 || certificate.type === COMMIT, where, `type ${certificate.type}`);
  const count = reader.u16();
  require(count <= SIGNATURES_MAX, where, `${count} signatures`);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const validator = reader.u16();
    require(validator > last, where, `validator ${validator} after ${last}: indexes do not ascend`);
    certificate.signatures.push({ validator, signature: reader.take(64) });
    last = validator;
  }
  reader.end();
  return certificate;
}

/**
 * The certificate makes the header final: of its epoch, height and hash, exactly a quorum of the set, all valid. The
 * signatures, the dear part, are verified when the function that comes back is called.
 */
export function requireCommitted(header, certificate, set, where) {
  require(certificate.type === COMMIT, where, 'not a commit certificate');
  require(certificate.epoch === header.epoch && certificate.height === header.height, where,
    () => `of epoch ${certificate.epoch}, height ${certificate.height}; the header's are ${header.epoch}, ${header.height}`);
  require(certificate.blockHash.equals(header.hash), where, 'of another block hash');
  require(header.setHash.equals(set.hash), where, 'the header names another validator set');
  require(certificate.signatures.length === set.quorum, where,
    () => `${certificate.signatures.length} signatures; exactly ${set.quorum} are expected`);
  for (const { validator } of certificate.signatures)
    require(validator < set.members.length, where, () => `there is no validator ${validator}`);
  return () => {
    const message = voteBytes({ ...certificate, chainId: header.chainId });
    for (const { validator, signature } of certificate.signatures) {
      const { key, department } = set.members[validator];
      requireSignature(key, message, signature, `${where}, signature of ${department}`);
    }
  };
}
