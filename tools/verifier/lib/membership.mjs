// SPEC "Execution", 10, and "Validator set": what departments decide together, above all who certifies from which block on.
import { validatorSet } from './blocks.mjs';
import { tag } from './bytes.mjs';
import {
  ascends, requireEndpoint, requireIdentifier, requireLength, requirePublicKey, requireText, requireTexts,
} from './fields.mjs';
import { requireParameters } from './genesis.mjs';
import { MembershipChange, Parameters } from './messages.mjs';
import { Refusal, require } from './refusal.mjs';
import { isSignature } from './signatures.mjs';
import { KIND, officerId } from './state.mjs';
import { requireNext, requireSchedule, schedule } from './versions.mjs';
import { encode } from './wire.mjs';

const TAG = tag('govchain/mbr/v1');
const ADMIT = 1;
const REMOVE = 2;
const REPLACE = 3;
const MOVE = 4;
const SET = 5;
const SUSPEND = 6;
const LIFT = 7;
const SCHEDULE = 8;
const CALL_OFF = 9;
const ADMINISTRATOR = 4;
const VALIDATORS_MAX = 200;
const CHANGES_MAX = 1_000;
const HORIZON_MS = 30n * 86_400_000n;
const INVALID = 'INVALID_FIELD';

const givesKey = ({ kind }) => kind === ADMIT || kind === REPLACE;
const endsEpoch = ({ kind }) => kind <= REPLACE;
const isOfAll = ({ kind }) => kind === SET || kind === SCHEDULE || kind === CALL_OFF;

/** SPEC "Actions", fields of action 64. */
export function requirePropose({ change, new_key_signature: newKey }, action) {
  const field = (name) => `${action}.${name}`;
  requireChange(change, field('change'), CALL_OFF);
  requireNewKey(change, newKey, field('new_key_signature'));
}

/** SPEC "Actions", fields of action 67. */
export function requireChangeMembership({ change, approvals, new_key_signature: newKey }, action) {
  const field = (name) => `${action}.${name}`;
  requireChange(change, field('change'), REPLACE);
  require(approvals.length >= 1 && approvals.length <= VALIDATORS_MAX, field('approvals'), () => `${approvals.length}`, INVALID);
  approvals.forEach(({ signer, signature }, i) => {
    const at = `approvals[${i}]`;
    requirePublicKey(signer, field(`${at}.signer`));
    require(i === 0 || approvals[i - 1].signer.compare(signer) < 0, field(`${at}.signer`), 'not above the one before', INVALID);
    require(isSignature(signature), field(`${at}.signature`), 'not r and s in range with s low', INVALID);
  });
  requireNewKey(change, newKey, field('new_key_signature'));
}

function requireNewKey(change, newKey, at) {
  if (givesKey(change)) require(isSignature(newKey), at, 'not r and s in range with s low', INVALID);
  else requireLength(newKey, 0, at);
}

function requireChange(change, at, most) {
  require(change !== null, at, 'missing', INVALID);
  require(change.kind >= ADMIT && change.kind <= most, `${at}.kind`, () => `${change.kind}`, INVALID);
  require(change.expires_at_ms > 0n, `${at}.expires_at_ms`, 'missing', INVALID);
  if (isOfAll(change)) require(change.department === '', `${at}.department`, 'what is of no department', INVALID);
  else requireIdentifier('department', change.department, `${at}.department`);
  requireText(change.reason, 0, 1024, `${at}.reason`);
  if (givesKey(change)) requirePublicKey(change.validator_key, `${at}.validator_key`);
  else requireLength(change.validator_key, 0, `${at}.validator_key`);
  if (change.kind === ADMIT) requireNewcomer(change, at);
  else {
    require(change.names.length === 0, `${at}.names`, 'what an admission has only', INVALID);
    require(change.administrators.length === 0, `${at}.administrators`, 'what an admission has only', INVALID);
  }
  if (change.kind === ADMIT || change.kind === MOVE) requireEndpoint(change.endpoint, `${at}.endpoint`);
  else require(change.endpoint === '', `${at}.endpoint`, 'what an admission and a move have only', INVALID);
  const { parameters } = change;
  if (change.kind === SET) require(parameters !== null && encode(Parameters, parameters).length > 0, `${at}.parameters`, 'missing', INVALID);
  else require(parameters === null, `${at}.parameters`, 'nothing is set', INVALID);
  if (change.kind === SCHEDULE) requireSchedule(change, `${at}.protocol`);
  else require(change.protocol === null, `${at}.protocol`, 'nothing is scheduled', INVALID);
}

function requireNewcomer(change, at) {
  const { names, administrators } = change;
  requireTexts(names, `${at}.names`);
  require(administrators.length >= 1 && administrators.length <= 16, `${at}.administrators`, () => `${administrators.length}`, INVALID);
  require(ascends(administrators.map((a) => a.officer_id)), `${at}.administrators`, 'they do not ascend', INVALID);
  administrators.forEach(({ officer_id, public_key }, i) => {
    requireIdentifier('officer', officer_id, `${at}.administrators[${i}].officer_id`);
    requirePublicKey(public_key, `${at}.administrators[${i}].public_key`);
  });
  const keys = [change.validator_key, ...administrators.map((a) => a.public_key)].map((k) => k.toString('hex'));
  require(new Set(keys).size === keys.length, `${at}.administrators`, 'a key stands twice', INVALID);
}

/** The signatures that action 64 or 67 carries. */
export function carriedApprovals({ change, approvals = [], new_key_signature: newKey }, chainId) {
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
  requireTimely(state, change, block);
  requireApprovals(state, approvals, actingIn(state), block, authorise);
  requireFreshKeys(state, change);
  requirePossible(state, change);
  takeEffect(state, change, block);
}

/** A proposed change could stand in the block, whoever decides on it. */
export function requireStanding(state, change, block) {
  requireTimely(state, change, block);
  requirePossible(state, change);
  requireFreshKeys(state, change);
}

const actingIn = (state) => state.before(KIND.leader, 'leader').departments;
const changesIn = (state) => state.now(KIND.membership, 'membership')?.changes ?? [];

/** How many departments a quorum has. */
export const quorumOf = (departments) => Math.ceil((departments + Math.floor((departments - 1) / 3) + 1) / 2);

/** Of this epoch, and, of changes of the validators, the first in the block. */
function requireTimely(state, change, { epoch, timeMs }) {
  require(change.epoch === epoch, 'epoch', () => `approved for ${change.epoch}`, change.epoch > epoch ? 'PROOF_OUT_OF_RANGE' : 'OTHER_EPOCH');
  if (endsEpoch(change)) require(BigInt(changesIn(state).length) === epoch, 'epoch', 'it ends earlier in the block', 'OTHER_EPOCH');
  require(timeMs < change.expires_at_ms, 'change.expires_at_ms', () => `${change.expires_at_ms}`, 'EXPIRED');
  require(change.expires_at_ms - timeMs <= HORIZON_MS, 'change.expires_at_ms', 'too far ahead', 'EXPIRY_TOO_FAR');
}

function requireFreshKeys(state, { validator_key: key, administrators }) {
  for (const used of [key, ...administrators.map((a) => a.public_key)].filter((k) => k.length > 0))
    require(state.now(KIND.key, used) === null, 'change', 'a key is, or once was, somebody\'s', 'KEY_IN_USE');
}

function requirePossible(state, change) {
  const { kind, department: id } = change;
  if (kind === SET) {
    requireParameters(merged(state, change), 'PARAMETER_OUT_OF_BOUNDS');
    const { expiry_horizon_ms: horizon } = state.now(KIND.parameters, 'parameters');
    require(merged(state, change).expiry_horizon_ms >= horizon, 'expiry_horizon_ms', 'less than it is', 'PARAMETER_OUT_OF_BOUNDS');
    return;
  }
  if (isOfAll(change)) {
    requireNext(state, change);
    return;
  }
  const acting = actingIn(state);
  if (kind === ADMIT) {
    require(state.now(KIND.department, id) === null, 'change.department', () => `${id} is, or was, on the ledger`, 'DEPARTMENT_EXISTS');
    require(acting.length < VALIDATORS_MAX, 'change', 'too many departments', 'MEMBERSHIP_LIMIT');
  } else {
    require(acting.includes(id), 'change.department', () => `${id} has no vote`, 'UNKNOWN_DEPARTMENT');
    require(kind !== REMOVE || acting.length > 1, 'change', 'the only department', 'MEMBERSHIP_LIMIT');
    const { suspended_height: suspended } = state.now(KIND.department, id);
    require(kind !== SUSPEND || suspended === 0n, 'change.department', 'suspended already', 'DEPARTMENT_SUSPENDED');
    require(kind !== LIFT || suspended !== 0n, 'change.department', 'not suspended', 'NOT_SUSPENDED');
    if (kind === SUSPEND || kind === REMOVE) requireQuorumSigns(state, change, acting);
  }
  if (endsEpoch(change)) require(changesIn(state).length < CHANGES_MAX, 'change', 'too many changes', 'MEMBERSHIP_LIMIT');
}

/** Those whose officers sign on after it are a quorum of those that vote after it. */
function requireQuorumSigns(state, { kind, department: id }, acting) {
  const all = acting.map((d) => state.now(KIND.department, d))
    .filter((d) => d.removed_height === 0n && !(kind === REMOVE && d.id === id));
  const signing = all.filter((d) => d.suspended_height === 0n && d.id !== id);
  require(signing.length >= quorumOf(all.length), 'change', () => `${signing.length} of ${all.length} could sign`, 'QUORUM_SUSPENDED');
}

/** The parameters as they are now, but for those that the change has. */
function merged(state, { parameters }) {
  const set = Object.entries(parameters).filter(([, value]) => value);
  return { ...state.now(KIND.parameters, 'parameters'), ...Object.fromEntries(set) };
}

/** What a change does that was decided on. */
export function takeEffect(state, change, { height, position }) {
  const { kind, department: id, validator_key: key, endpoint } = change;
  const department = state.now(KIND.department, id);
  if (kind === SET) state.set(KIND.parameters, 'parameters', merged(state, change));
  if (kind === MOVE) state.set(KIND.department, id, { ...department, endpoint });
  if (kind === SUSPEND) state.set(KIND.department, id, { ...department, suspended_height: height });
  if (kind === LIFT) state.set(KIND.department, id, { ...department, suspended_height: 0n });
  if (kind === SCHEDULE || kind === CALL_OFF) schedule(state, change, position);
  if (!endsEpoch(change)) return;
  const entry = { department: id, old_key: department?.validator_key ?? Buffer.alloc(0), new_key: key, height, position };
  state.set(KIND.membership, 'membership', { changes: [...changesIn(state), entry] });
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
  const quorum = quorumOf(acting.length);
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
