// SPEC "Evidence", and action 80: two votes of one validator that no honest one signs both.
import { voteBytes } from './blocks.mjs';
import { sha256, tag } from './bytes.mjs';
import { validatorAt } from './leaders.mjs';
import { require } from './refusal.mjs';
import { isPublicKey, isSignature } from './signatures.mjs';
import { KIND } from './state.mjs';

const TAG = tag('govchain/evd/v1');
const SIZE = 294;
const VOTE_OFFSETS = [84, 189];
const COMMIT = 3;
const VIEW_CHANGE = 4;
const DOUBLE_VOTE = 1;
const BROKEN_COMMIT = 2;
const OFFENCES_MAX = 64;

/** { kind, chainId, signer, epoch, height, votes, id } of bytes that are evidence, or null. Signatures are not verified. */
export function readEvidence(bytes) {
  if (bytes.length !== SIZE || bytes.readUInt16BE(0) !== 1) return null;
  const signer = bytes.subarray(35, 68);
  if (!isPublicKey(signer)) return null;
  const votes = VOTE_OFFSETS.map((at) => readVote(bytes, at));
  const kind = bytes[2];
  if (votes.includes(null) || kind !== kindOf(...votes)) return null;
  return {
    kind,
    chainId: bytes.subarray(3, 35),
    signer,
    epoch: bytes.readBigUInt64BE(68),
    height: bytes.readBigUInt64BE(76),
    votes,
    id: sha256(Buffer.concat([TAG, bytes])),
  };
}

/** Its two signatures, for the envelope's check. */
export const carriedVotes = ({ chainId, signer, epoch, height, votes }) => votes.map((vote) => ({
  signer,
  signature: vote.signature,
  message: voteBytes({
    ...vote, chainId, epoch, height, preparedView: vote.type === VIEW_CHANGE ? vote.preparedView : null,
  }),
}));

/** Puts an offence into the accused department's entry, once. */
export function accuse(state, { evidence: bytes }, { position }) {
  const { kind, signer, epoch, height, votes, id } = readEvidence(bytes);
  const accused = validatorAt(state, signer, height);
  require(accused !== undefined, 'evidence', () => `the signer had no vote at height ${height}`, 'INVALID_PROOF');
  const department = state.now(KIND.department, accused);
  const { type } = votes[0];
  const known = department.offences.some((o) => o.epoch === epoch && o.height === height && o.kind === kind && o.type === type);
  require(!known && department.offences.length < OFFENCES_MAX, 'evidence', 'proven already', 'ALREADY_PROVEN');
  const offence = { epoch, height, kind, type, evidence_id: id, position };
  state.set(KIND.department, accused, { ...department, offences: [...department.offences, offence] });
}

function readVote(bytes, at) {
  const type = bytes[at];
  const preparedView = bytes.readUInt32BE(at + 37) - 1;
  const signature = bytes.subarray(at + 41, at + 105);
  if (type < 1 || type > VIEW_CHANGE || (preparedView !== -1 && type !== VIEW_CHANGE) || !isSignature(signature)) return null;
  return { type, view: bytes.readUInt32BE(at + 1), blockHash: bytes.subarray(at + 5, at + 37), preparedView, signature };
}

function kindOf(first, second) {
  if (first.type === second.type && first.view === second.view) {
    const order = first.blockHash.compare(second.blockHash) || first.preparedView - second.preparedView;
    return order < 0 ? DOUBLE_VOTE : null;
  }
  const breaks = first.type === COMMIT && second.type === VIEW_CHANGE && second.view > first.view
    && (second.preparedView < first.view
      || (second.preparedView === first.view && !second.blockHash.equals(first.blockHash)));
  return breaks ? BROKEN_COMMIT : null;
}
