// SPEC "Transaction" and "Actions": everything about an envelope that can be said without the ledger's state, in the order of
// SPEC "Rejection codes".
import { voteBytes } from './blocks.mjs';
import { sha256, tag, ZERO_HASH } from './bytes.mjs';
import {
  isDate, requireIdentifier, requireLength, requireMediaType, requirePublicKey, requireText, requireTexts,
} from './fields.mjs';
import { carriedVotes, readEvidence } from './evidence.mjs';
import { carriedApprovals, requireChangeMembership, requirePropose } from './membership.mjs';
import { SignedTransaction, TransactionBody } from './messages.mjs';
import { requireVoteOnProposal, requireWithdrawProposal } from './proposals.mjs';
import { requirePostReadRoot } from './read-roots.mjs';
import { require } from './refusal.mjs';
import { isSignature, requireSignature, requireSignatureForm } from './signatures.mjs';
import { decode } from './wire.mjs';

export const ENVELOPE_BYTES_MAX = 65_535;
const TAG = tag('govchain/tx/v1');
const INVALID = 'INVALID_FIELD';
const ROLE_MAX = 5;

export const RECORD_ACTIONS = ['register', 'amend', 'annul', 'supersede', 'reinstate', 'transfer'];

/** What becomes of a change that was submitted for approval. */
export const DECISIONS = ['approve', 'refuse'];

const PAYLOAD_ACTIONS = ['register', 'amend'];
const OTHERS_MAX = 16;
const APPROVERS_MAX = 16;
const READERS_MAX = 64;

/** Signed by a department's validator key; all others by an officer's. */
export const PROTOCOL_ACTIONS = ['accuse', 'suspend_leader', 'post_read_root'];

const CHECKS = {
  ...Object.fromEntries(RECORD_ACTIONS.map((action) => [action, requireRecordChange])),
  approve: requireDecision,
  refuse: requireDecision,
  delegate_approval: requireDelegateApproval,
  revoke_delegation: requireRevokeDelegation,
  define_type: requireDefineType,
  enrol_officer: requireEnrolOfficer,
  revoke_officer: requireRevokeOfficer,
  rotate_officer_key: requireRotateOfficerKey,
  propose: requirePropose,
  vote_on_proposal: requireVoteOnProposal,
  withdraw_proposal: requireWithdrawProposal,
  change_membership: requireChangeMembership,
  accuse: requireAccuse,
  suspend_leader: requireSuspendLeader,
  post_read_root: requirePostReadRoot,
};

/** The signatures that an action carries beside the envelope's own: [{ signer, message, signature }]. */
const CARRIED = {
  accuse: ({ evidence }) => carriedVotes(readEvidence(evidence)),
  suspend_leader: carriedViewChanges,
  propose: carriedApprovals,
  change_membership: carriedApprovals,
};

const VIEW_CHANGE = 4;
const VALIDATORS_MAX = 200;

/**
 * Checks an envelope for a ledger: { envelope, action: { name, value }, id, signer, expiresAtMs, carried, requireSigned }. The
 * signatures, its own and as many as are `carried`, are verified when `requireSigned` is called.
 */
export function readTransaction(envelope, chainId) {
  require(envelope.length <= ENVELOPE_BYTES_MAX, 'envelope', () => `${envelope.length} bytes`, 'TOO_LARGE');
  const { body: bytes, signature } = decode(SignedTransaction, envelope, 'envelope');
  require(!(bytes[0] === 8 && bytes.length > 1 && bytes[1] > 1), 'body', 'another format version than 1', 'UNSUPPORTED_VERSION');
  const body = decode(TransactionBody, bytes, 'body');
  require(body.format_version === 1, 'format_version', 'missing', INVALID);
  require(body.algorithm !== 0, 'algorithm', 'missing', INVALID);
  requireLength(body.chain_id, 32, 'chain_id');
  requireLength(body.nonce, 16, 'nonce');
  require(body.expires_at_ms > 0n, 'expires_at_ms', 'missing', INVALID);
  require(body.algorithm === 1, 'algorithm', () => `${body.algorithm}`, 'UNSUPPORTED_ALGORITHM');
  require(body.chain_id.equals(chainId), 'chain_id', () => `signed for the ledger ${body.chain_id.toString('hex')}`, 'WRONG_CHAIN');
  requirePublicKey(body.signer, 'signer', 'INVALID_PUBLIC_KEY');
  requireSignatureForm(signature, 'signature');
  require(body.action !== null, 'action', 'missing', INVALID);
  CHECKS[body.action.name](body.action.value, body.action.name, chainId, body);
  const signed = Buffer.concat([TAG, bytes]);
  const carried = CARRIED[body.action.name]?.(body.action.value, chainId) ?? [];
  return {
    envelope,
    action: body.action,
    id: sha256(signed),
    signer: body.signer,
    expiresAtMs: body.expires_at_ms,
    carried: carried.length,
    requireSigned: () => {
      requireSignature(body.signer, signed, signature, 'signature');
      carried.forEach((c, i) => requireSignature(c.signer, c.message, c.signature, `${body.action.name}, signature ${i}`));
    },
  };
}

function requireRecordChange(change, action, _, { expires_at_ms: expiresAtMs }) {
  const field = (name) => `${action}.${name}`;
  require(change.record !== null, field('record'), 'missing', INVALID);
  requireRecordName(change.record, field('record'));
  const first = action === 'register';
  require(first || change.expected_version > 0n, field('expected_version'), 'missing', INVALID);
  if (PAYLOAD_ACTIONS.includes(action)) requirePayload(change.payload, field('payload'));
  else require(change.payload === null, field('payload'), `${action} has none`, INVALID);
  requireText(change.reason, first ? 0 : 1, 1024, field('reason'));
  requireText(change.legal_basis, 0, 1024, field('legal_basis'));
  const date = change.effective_date;
  require(date === '' || isDate(date), field('effective_date'), () => `${JSON.stringify(date)} is no date`, INVALID);
  const { successors, links, approve_until_ms: until, receiver } = change;
  if (action !== 'transfer') require(receiver === '', field('receiver'), `${action} has none`, INVALID);
  else {
    requireIdentifier('department', receiver, field('receiver'));
    require(until > 0n, field('approve_until_ms'), 'missing', INVALID);
  }
  require(until === 0n || until >= expiresAtMs, field('approve_until_ms'), () => `${until}, before expires_at_ms`, INVALID);
  if (action !== 'supersede') require(successors.length === 0, field('successors'), `${action} has none`, INVALID);
  else require(successors.length >= 1 && successors.length <= OTHERS_MAX, field('successors'), () => `${successors.length}; 1 to ${OTHERS_MAX}`, INVALID);
  requireOthers(successors, change.record, (i) => field(`successors[${i}]`));
  const linksMax = PAYLOAD_ACTIONS.includes(action) ? OTHERS_MAX : 0;
  require(links.length <= linksMax, field('links'), () => `${links.length}; at most ${linksMax}`, INVALID);
  requireOthers(links.map((link) => link.record), change.record, (i) => field(`links[${i}].record`));
}

function requireRecordName({ type, id }, where) {
  requireIdentifier('type', type, `${where}.type`);
  requireIdentifier('recordId', id, `${where}.id`);
}

/** Other records, each named once. */
function requireOthers(names, own, at) {
  const order = (a, b) => (a.type === b.type ? a.id > b.id : a.type > b.type);
  names.forEach((name, i) => {
    require(name !== null, at(i), 'missing', INVALID);
    requireRecordName(name, at(i));
    require(i === 0 || order(name, names[i - 1]), at(i), 'does not ascend', INVALID);
    require(name.type !== own.type || name.id !== own.id, at(i), 'the record itself', INVALID);
  });
}

function requirePayload(payload, where) {
  require(payload !== null && payload.kind !== null, where, 'missing', INVALID);
  requireMediaType(payload.kind.value.media_type, `${where}.inline.media_type`);
}

function requireDecision({ record, submission, reason, on_behalf_of: delegator }, action) {
  require(record !== null, `${action}.record`, 'missing', INVALID);
  requireRecordName(record, `${action}.record`);
  requireLength(submission, 32, `${action}.submission`);
  if (delegator !== '') requireIdentifier('officer', delegator, `${action}.on_behalf_of`);
  if (action === 'refuse') requireText(reason, 1, 1024, `${action}.reason`);
}

function requireDelegateApproval({ officer_id, until_ms: until, reason }, action, _, { expires_at_ms: expiresAtMs }) {
  requireIdentifier('officer', officer_id, `${action}.officer_id`);
  require(until >= expiresAtMs, `${action}.until_ms`, () => `${until}, ends before expires_at_ms`, INVALID);
  requireText(reason, 0, 1024, `${action}.reason`);
}

function requireRevokeDelegation({ delegator, officer_id, reason }, action) {
  requireIdentifier('officer', delegator, `${action}.delegator`);
  requireIdentifier('officer', officer_id, `${action}.officer_id`);
  requireText(reason, 0, 1024, `${action}.reason`);
}

function requireDefineType(definition, action) {
  requireIdentifier('type', definition.type, `${action}.type`);
  requireTexts(definition.titles, `${action}.titles`);
  requireText(definition.description, 0, 4096, `${action}.description`);
  requireText(definition.schema, 0, 16_384, `${action}.schema`);
  requireDepartments(definition.approvers, APPROVERS_MAX, `${action}.approvers`);
  requireDepartments(definition.readers, READERS_MAX, `${action}.readers`);
}

function requireDepartments(departments, max, at) {
  require(departments.length <= max, at, () => `${departments.length}; at most ${max}`, INVALID);
  departments.forEach((department, i) => {
    requireIdentifier('department', department, `${at}[${i}]`);
    require(i === 0 || departments[i - 1] < department, `${at}[${i}]`, 'does not ascend', INVALID);
  });
}

function requireEnrolOfficer(enrolment, action) {
  requireIdentifier('officer', enrolment.officer_id, `${action}.officer_id`);
  requirePublicKey(enrolment.public_key, `${action}.public_key`);
  const { roles } = enrolment;
  require(roles.length > 0 && roles.every((role, i) => role > (i ? roles[i - 1] : 0) && role <= ROLE_MAX), `${action}.roles`,
    () => `[${roles}]; 1 to ${ROLE_MAX}, ascending, none twice, at least one`, INVALID);
  const { valid_from_ms: from, valid_until_ms: until } = enrolment;
  require(until === 0n || until > from, `${action}.valid_until_ms`, 'not later than valid_from_ms', INVALID);
}

function requireRevokeOfficer(revocation, action) {
  requireIdentifier('officer', revocation.officer_id, `${action}.officer_id`);
  requireText(revocation.reason, 0, 1024, `${action}.reason`);
}

function requireRotateOfficerKey(rotation, action) {
  requireIdentifier('officer', rotation.officer_id, `${action}.officer_id`);
  requirePublicKey(rotation.public_key, `${action}.public_key`);
  requireText(rotation.reason, 0, 1024, `${action}.reason`);
}

function requireAccuse({ evidence }, action, chainId) {
  const read = readEvidence(evidence);
  require(read !== null && read.chainId.equals(chainId), `${action}.evidence`, 'no evidence of this ledger', INVALID);
}

function requireSuspendLeader({ height, view, view_changes: changes }, action) {
  require(height > 0n, `${action}.height`, 'missing', INVALID);
  require(view < 2 ** 32 - 1, `${action}.view`, () => `${view}`, INVALID);
  require(changes.length >= 1 && changes.length <= VALIDATORS_MAX, `${action}.view_changes`, () => `${changes.length}`, INVALID);
  changes.forEach(({ signer, prepared, prepared_hash: hash, signature }, i) => {
    const field = (name) => `${action}.view_changes[${i}].${name}`;
    requirePublicKey(signer, field('signer'));
    require(prepared <= view + 1, field('prepared'), () => `${prepared}; at most view + 1`, INVALID);
    requireLength(hash, prepared === 0 ? 0 : 32, field('prepared_hash'));
    require(isSignature(signature), field('signature'), 'not r and s in range with s low', INVALID);
  });
}

function carriedViewChanges({ epoch, height, view, view_changes: changes }, chainId) {
  return changes.map(({ signer, prepared, prepared_hash: hash, signature }) => ({
    signer,
    signature,
    message: voteBytes({
      type: VIEW_CHANGE, chainId, epoch, height, view: view + 1, blockHash: prepared === 0 ? ZERO_HASH : hash,
      preparedView: prepared - 1,
    }),
  }));
}
