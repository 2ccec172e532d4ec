// SPEC "Execution", 10, and "Validator set": who certifies from which block on.
import { validatorSet } from './blocks.mjs';
import { tag } from './bytes.mjs';
import {
  ascends, requireEndpoint, requireIdentifier, requireLength, requirePublicKey, requireText, requireTexts,
} from './fields.mjs';
import { MembershipChange } from './messages.mjs';
import { Refusal, require } from './refusal.mjs';
import { isSignature } from './signatures.mjs';
import { KIND, officerId } from './state.mjs';
import { encode } from './wire.mjs';

const TAG = tag('govchain/mbr/v1');
const ADMIT = 1;
const REMOVE = 2;
const REPLACE = 3;
const ADMINISTRATOR = 4;
const VALIDATORS_MAX = 200;
const CHANGES_MAX = 1_000;
const HORIZON_MS = 30n * 86_400_000n;
const INVALID = 'INVALID_FIELD';

/** SPEC "Actions", fields of action 67. */
export function requireChangeMembership({ change, approvals, new_key_signature: newKey }, action) {
  const field = (name) => `${action}.${name}`;
  require(change !== null, field('change'), 'missing', INVALID);
  requireChange(change, field('change'));
  require(approvals.length >= 1 && approvals.length <= VALIDATORS_MAX, field('approvals'), () => `${approvals.length}`, INVALID);
  approvals.forEach(({ signer, signature }, i) => {
    const at = `approvals[${i}]`;
    requirePublicKey(signer, field(`${at}.signer`));
    require(i === 0 || approvals[i - 1].signer.compare(signer) < 0, field(`${at}.signer`), 'not above the one before', INVALID);
    require(isSignature(signature), field(`${at}.signature`), 'not r and s in range with s low', INVALID);
  });
  if (change.kind === REMOVE) requireLength(newKey, 0, field('new_key_signature'));
  else require(isSignature(newKey), field('new_key_signature'), 'not r and s in range with s low', INVALID);
}

function requireChange(change, at) {
  require([ADMIT, REMOVE, REPLACE].includes(change.kind), `${at}.kind`, () => `${change.kind}`, INVALID);
  require(change.expires_at_ms > 0n, `${at}.expires_at_ms`, 'missing', INVALID);
  requireIdentifier('department', change.department, `${at}.department`);
  requireText(change.reason, 0, 1024, `${at}.reason`);
  if (change.kind === REMOVE) requireLength(change.validator_key, 0, `${at}.validator_key`);
  else requirePublicKey(change.validator_key, `${at}.validator_key`);
  const { names, endpoint, administrators } = change;
  if (change.kind !== ADMIT) {
    require(names.length + endpoint.length + administrators.length === 0, at, 'what an admission has only', INVALID);
    return;
  }
  requireTexts(names, `${at}.names`);
  requireEndpoint(endpoint, `${at}.endpoint`);
  require(administrators.length >= 1 && administrators.length <= 16, `${at}.administrators`, () => `${administrators.length}`, INVALID);
  require(ascends(administrators.map((a) => a.officer_id)), `${at}.administrators`, 'they do not ascend', INVALID);
  administrators.forEach(({ officer_id, public_key }, i) => {
    requireIdentifier('officer', officer_id, `${at}.administrators[${i}].officer_id`);
    requirePublicKey(public_key, `${at}.administrators[${i}].public_key`);
  });
  const keys = [change.validator_key, ...administrators.map((a) => a.public_key)].map((k) => k.toString('hex'));
  require(new Set(keys).size === keys.length, `${at}.administrators`, 'a key stands twice', INVALID);
}

/** The signatures that action 67 carries. */
export function carriedApprovals({ change, approvals, new_key_signature: newKey }, chainId) {
  const message = Buffer.concat([TAG, chainId, encode(MembershipChange, change)]);
  const carried = approvals.map(({ signer, signature }) => ({ signer, signature, message }));
  if (newKey.length > 0) carried.push({ signer: change.validator_key, signature: newKey, message });
  return carried;
}

/**
 * Executes action 67.
 * @param authorise gives an officer's interval, or throws
 */
export function changeMembership(state, { change, approvals }, block, authorise) {
  const { height, epoch, timeMs, position } = block;
  const { changes } = state.now(KIND.membership, 'membership') ?? { changes: [] };
  require(change.epoch === epoch && BigInt(changes.length) === epoch, 'epoch', () => `approved for ${change.epoch}`,
    change.epoch > epoch ? 'PROOF_OUT_OF_RANGE' : 'OTHER_EPOCH');
  require(timeMs < change.expires_at_ms, 'change.expires_at_ms', () => `${change.expires_at_ms}`, 'EXPIRED');
  require(change.expires_at_ms - timeMs <= HORIZON_MS, 'change.expires_at_ms', 'too far ahead', 'EXPIRY_TOO_FAR');
  const { departments: acting } = state.before(KIND.leader, 'leader');
  requireApprovals(state, approvals, acting, block, authorise);
  const { kind, department: id, validator_key: key, administrators } = change;
  for (const used of [key, ...administrators.map((a) => a.public_key)].filter((k) => k.length > 0))
    require(state.now(KIND.key, used) === null, 'change', 'a key is, or once was, somebody\'s', 'KEY_IN_USE');
  const department = state.now(KIND.department, id);
  if (kind === ADMIT) {
    require(department === null, 'change.department', () => `${id} is, or was, on the ledger`, 'DEPARTMENT_EXISTS');
    require(acting.length < VALIDATORS_MAX, 'change', 'too many departments', 'MEMBERSHIP_LIMIT');
  } else {
    require(acting.includes(id), 'change.department', () => `${id} has no vote`, 'UNKNOWN_DEPARTMENT');
    require(kind !== REMOVE || acting.length > 1, 'change', 'the only department', 'MEMBERSHIP_LIMIT');
  }
  require(changes.length < CHANGES_MAX, 'change', 'too many changes', 'MEMBERSHIP_LIMIT');
  const entry = { department: id, old_key: department?.validator_key ?? Buffer.alloc(0), new_key: key, height, position };
  state.set(KIND.membership, 'membership', { changes: [...changes, entry] });
  if (kind === ADMIT) admit(state, change, height + 1n);
  else closeKey(state, department.validator_key, height);
  if (kind === REMOVE) state.set(KIND.department, id, { ...department, removed_height: height });
  if (kind === REPLACE) state.set(KIND.department, id, { ...department, validator_key: key });
  if (kind !== REMOVE) {
    const opened = { department: id, first_height: height + 1n, last_height: 0n };
    state.set(KIND.key, key, { public_key: key, validator_intervals: [opened] });
  }
}

function requireApprovals(state, approvals, acting, block, authorise) {
  const unproven = (condition, what) => require(condition, 'approvals', what, 'INVALID_PROOF');
  const departments = new Set();
  for (const { signer } of approvals) {
    let officer = null;
    try {
      officer = authorise(state, signer, block);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
    }
    unproven(officer !== null, () => `${signer.toString('hex')} may not sign`);
    unproven(officer.roles.includes(ADMINISTRATOR), () => `${officer.officer_id} of ${officer.department} is no administrator`);
    unproven(acting.includes(officer.department), () => `${officer.department} has no vote`);
    unproven(!departments.has(officer.department), () => `${officer.department} stands twice`);
    departments.add(officer.department);
  }
  const quorum = Math.ceil((acting.length + Math.floor((acting.length - 1) / 3) + 1) / 2);
  unproven(departments.size >= quorum, () => `${departments.size} departments; ${quorum} are needed`);
}

function admit(state, { department: id, names, validator_key, endpoint, administrators }, first) {
  state.set(KIND.department, id, {
    id, names, validator_key, endpoint, administrators: administrators.length, admitted_height: first,
  });
  for (const { officer_id, public_key } of administrators) {
    state.set(KIND.officer, officerId(id, officer_id), { department: id, officer_id, current_key: public_key, keys: 1 });
    const interval = {
      department: id, officer_id, roles: [ADMINISTRATOR], first_height: first, last_height: 0n, valid_from_ms: 0n, valid_until_ms: 0n,
    };
    state.set(KIND.key, public_key, { public_key, intervals: [interval] });
  }
}

function closeKey(state, key, last) {
  const entry = state.now(KIND.key, key);
  entry.validator_intervals.at(-1).last_height = last;
  state.set(KIND.key, key, entry);
}

/** The set after a change of one department: `key` null or empty takes it out. */
export function setAfter(set, department, key) {
  const others = set.members.filter((m) => m.department !== department);
  const members = key?.length > 0 ? [...others, { department, key }] : others;
  return validatorSet(members.sort((a, b) => (a.department < b.department ? -1 : 1)));
}
