// SPEC "Execution": the rules of the ledger, applied to a state.
import { sha256 } from './bytes.mjs';
import { accuse } from './evidence.mjs';
import { foundedLeader, suspendLeader, validatorAt } from './leaders.mjs';
import { changeMembership } from './membership.mjs';
import { propose, voteOnProposal, withdrawProposal } from './proposals.mjs';
import { postReadRoot } from './read-roots.mjs';
import { Refusal, require } from './refusal.mjs';
import { judge, readSchema, Violation } from './schema.mjs';
import { delegationId, KIND, officerId, recordId } from './state.mjs';
import { PROTOCOL_ACTIONS, RECORD_ACTIONS } from './transaction.mjs';
import { foundVersion, hasRule, requireActive } from './versions.mjs';

const CLERK = 1;
const APPROVER = 2;
const ADMINISTRATOR = 4;
const IN_FORCE = 1;
const ANNULLED = 2;
const SUPERSEDED = 3;
const WAITING = 1;
const APPROVED = 2;
const REFUSED = 3;
const APPROVAL_HORIZON_MS = 30n * 86_400_000n;
const DELEGATION_HORIZON_MS = 366n * 86_400_000n;

/** What a record is after these; after any other it is in force. */
const STATUS_AFTER = { annul: ANNULLED, supersede: SUPERSEDED };

const ACTIONS = {
  ...Object.fromEntries(RECORD_ACTIONS.map((action) => [action, changeRecord])),
  approve,
  refuse,
  delegate_approval: delegateApproval,
  revoke_delegation: revokeDelegation,
  define_type: defineType,
  enrol_officer: enrolOfficer,
  revoke_officer: revokeOfficer,
  rotate_officer_key: rotateOfficerKey,
  propose: byAdministrator(propose),
  vote_on_proposal: byAdministrator(voteOnProposal),
  withdraw_proposal: byAdministrator(withdrawProposal),
  change_membership: (state, action, block) => changeMembership(state, action, block, authorise),
  accuse,
  suspend_leader: suspendLeader,
  post_read_root: (state, action, block) => postReadRoot(state, action, block, requireVersion),
};

function byAdministrator(execute) {
  return (state, action, block) => {
    requireRole(block.signer, ADMINISTRATOR);
    execute(state, action, block);
  };
}

/** SPEC "Genesis", first state. */
export function foundState(state, { body, set }) {
  state.set(KIND.parameters, 'parameters', body.parameters);
  state.set(KIND.leader, 'leader', foundedLeader(set));
  foundVersion(state, body.protocol_version);
  for (const department of body.departments) {
    const { id, names, validator_key, endpoint, administrators } = department;
    state.set(KIND.department, id, { id, names, validator_key, endpoint, administrators: administrators.length });
    const acting = { department: id, first_height: 0n, last_height: 0n };
    state.set(KIND.key, validator_key, { public_key: validator_key, validator_intervals: [acting] });
    for (const { officer_id, public_key } of administrators) {
      state.set(KIND.officer, officerId(id, officer_id), { department: id, officer_id, current_key: public_key, keys: 1 });
      const interval = interval0(id, officer_id);
      state.set(KIND.key, public_key, { public_key, intervals: [interval] });
    }
  }
  return state.commit();
}

const interval0 = (department, officer_id) => ({
  department, officer_id, roles: [ADMINISTRATOR], first_height: 0n, last_height: 0n, valid_from_ms: 0n, valid_until_ms: 0n,
});

/**
 * Executes a transaction whose form and signature are checked.
 * @param block { height, epoch, timeMs, parameters } of the block
 * @param position in the log
 */
export function execute(state, transaction, block, position) {
  requireActive(state, transaction.action.name);
  const { expiresAtMs } = transaction;
  require(block.timeMs < expiresAtMs, 'expires_at_ms', () => `${expiresAtMs}, and the block's time is ${block.timeMs}`, 'EXPIRED');
  require(expiresAtMs - block.timeMs <= block.parameters.expiry_horizon_ms, 'expires_at_ms', 'too far ahead', 'EXPIRY_TOO_FAR');
  const { name, value } = transaction.action;
  const signer = PROTOCOL_ACTIONS.includes(name)
    ? { department: authoriseValidator(state, transaction.signer, block) } : authorise(state, transaction.signer, block);
  ACTIONS[name](state, value, { ...block, position, signer, action: name, id: transaction.id });
}

function authorise(state, key, { height, timeMs }) {
  const intervals = state.before(KIND.key, key)?.intervals ?? [];
  const refuse = (what, code) => new Refusal('signer', what, code);
  if (intervals.length === 0) throw refuse('no officer has this key', 'UNKNOWN_SIGNER');
  const interval = intervals.find((i) => i.first_height <= height && (i.last_height === 0n || height <= i.last_height));
  if (!interval) {
    const { last_height: last } = intervals.at(-1);
    throw last !== 0n && last < height
      ? refuse(`revoked in block ${last}`, 'SIGNER_REVOKED') : refuse('not yet valid', 'SIGNER_NOT_YET_VALID');
  }
  const { removed_height: removed, suspended_height: suspended } = state.before(KIND.department, interval.department);
  if (removed !== 0n) throw refuse(`${interval.department} was removed after block ${removed}`, 'SIGNER_REVOKED');
  if (suspended !== 0n) throw refuse(`${interval.department} is suspended since block ${suspended}`, 'DEPARTMENT_SUSPENDED');
  if (timeMs < interval.valid_from_ms) throw refuse(`valid from ${interval.valid_from_ms}`, 'SIGNER_NOT_YET_VALID');
  if (interval.valid_until_ms !== 0n && timeMs >= interval.valid_until_ms)
    throw refuse(`valid until ${interval.valid_until_ms}`, 'SIGNER_EXPIRED');
  return interval;
}

function authoriseValidator(state, key, { height }) {
  const department = validatorAt(state, key, height);
  if (department !== undefined) return department;
  const last = state.before(KIND.key, key)?.validator_intervals.at(-1);
  if (last === undefined) throw new Refusal('signer', 'no department has this validator key', 'UNKNOWN_SIGNER');
  throw last.last_height !== 0n && last.last_height < height
    ? new Refusal('signer', `taken back after block ${last.last_height}`, 'SIGNER_REVOKED')
    : new Refusal('signer', `acts from block ${last.first_height} on`, 'SIGNER_NOT_YET_VALID');
}

function requireRole(signer, role) {
  require(signer.roles.includes(role), 'signer', () => `officer ${signer.officer_id} lacks role ${role}`, 'NOT_PERMITTED');
}

function requireVersion(expected, version) {
  const what = () => `expected version ${expected}, and the current one is ${version}`;
  require(expected >= version, 'expected_version', what, 'VERSION_CONFLICT');
  require(expected <= version, 'expected_version', what, 'VERSION_AHEAD');
}

function changeRecord(state, change, { action, height, timeMs, position, signer, id: transactionId }) {
  const { type, id } = change.record;
  const { approve_until_ms: until } = change;
  const definition = state.before(KIND.type, type);
  require(definition !== null, 'record.type', () => `there is no type ${type}`, 'UNKNOWN_TYPE');
  const record = state.now(KIND.record, recordId(type, id));
  const custodian = custodianOf(definition, record);
  require(custodian === signer.department, 'signer', () => `the record is ${custodian}'s`, 'NOT_PERMITTED');
  requireRole(signer, CLERK);
  if (until === 0n) require(!definition.four_eyes, 'approve_until_ms', 'missing', 'APPROVAL_REQUIRED');
  else require(until - timeMs <= APPROVAL_HORIZON_MS, 'approve_until_ms', 'too far ahead', 'EXPIRY_TOO_FAR');
  requireVersion(change.expected_version, record?.version ?? 0n);
  require(record?.status !== SUPERSEDED, 'record', 'superseded', 'RECORD_SUPERSEDED');
  if (action === 'register' || action === 'reinstate') require(record?.status !== IN_FORCE, 'record', 'in force', 'RECORD_IN_FORCE');
  else require(record.status !== ANNULLED, 'record', 'annulled', 'RECORD_ANNULLED');
  if (until > 0n) requireNoneWaits(state, change, timeMs);
  if (action === 'transfer') requireReceiver(state, definition, custodian, change.receiver);
  requireNamed(state, signer.department, definition, change.successors, change.links);
  const payload = change.payload?.kind.value;
  if (payload && definition.schema) {
    const violation = judge(schemaOf(definition.schema), payload.media_type, payload.content);
    require(violation === null, 'payload', () => violation.message, 'INVALID_PAYLOAD');
  }
  const { payload_digest, media_type, payload_bytes, payload_position, links: held } = payload ? {
    payload_digest: sha256(payload.content), media_type: payload.media_type, payload_bytes: BigInt(payload.content.length),
    payload_position: position, links: change.links,
  } : record;
  const next = {
    record: change.record,
    version: change.expected_version + 1n,
    status: STATUS_AFTER[action] ?? IN_FORCE,
    payload_digest,
    media_type,
    payload_bytes,
    department: signer.department,
    officer_id: signer.officer_id,
    reason: change.reason,
    legal_basis: change.legal_basis,
    effective_date: change.effective_date,
    recorded_at_ms: timeMs,
    height,
    position,
    payload_position,
    successors: change.successors,
    links: held,
    approval: null,
    custodian: unlessOwner(definition, action === 'transfer' ? change.receiver : custodian),
    transaction: hasRule(state, 'records_name_their_transaction') ? transactionId : Buffer.alloc(0),
  };
  if (until === 0n) state.set(KIND.record, recordId(type, id), next);
  else {
    state.set(KIND.submission, recordId(type, id), {
      submission: transactionId, status: WAITING, approve_until_ms: until, proposed: next,
    });
  }
}

/** Whose record it is: the type's owner's, until it is another's. */
const custodianOf = ({ owner }, record) => record?.custodian || owner;

const unlessOwner = ({ owner }, custodian) => (custodian === owner ? '' : custodian);

function requireReceiver(state, definition, custodian, receiver) {
  const department = state.before(KIND.department, receiver);
  require(department !== null, 'receiver', () => `there is no department ${receiver}`, 'UNKNOWN_RECEIVER');
  require(department.removed_height === 0n, 'receiver', 'removed', 'UNKNOWN_RECEIVER');
  require(custodian !== receiver, 'receiver', 'has custody', 'ALREADY_CUSTODIAN');
  requireReader(definition, receiver);
}

const mayRead = ({ public_read, owner, approvers, readers }, department) => public_read || [owner, ...approvers, ...readers].includes(department);

function requireReader(definition, receiver) {
  require(mayRead(definition, receiver), 'receiver', () => `${receiver} may not read the type`, 'RECEIVER_CANNOT_READ');
}

/** The records that a change names: successors, and links where the type says so, are there and hold. */
function requireNamed(state, department, definition, successors, links) {
  const judged = definition.links_in_force ? links : [];
  for (const { record: other, version } of [...successors.map((s) => ({ record: s, version: 0n })), ...judged]) {
    const type = state.before(KIND.type, other.type);
    if (type !== null && hasRule(state, 'named_records_are_read'))
      require(mayRead(type, department), other.id, () => `${department} may not read the type`, 'NOT_PERMITTED');
    const found = state.now(KIND.record, recordId(other.type, other.id));
    require(found !== null, other.id, () => `there is no ${other.type}/${other.id}`, 'UNKNOWN_RECORD');
    require(found.version >= version, other.id, () => `there is no version ${version}`, 'UNKNOWN_RECORD');
    require(found.status === IN_FORCE, other.id, 'not in force', 'RECORD_NOT_IN_FORCE');
  }
}

/** One change of a record waits at a time, until its end or until another version comes first. */
function requireNoneWaits(state, { record, expected_version: expected }, timeMs) {
  const found = state.now(KIND.submission, recordId(record.type, record.id));
  require(found?.status !== WAITING || found.approve_until_ms <= timeMs || found.proposed.version !== expected + 1n,
    'record', 'another change waits for approval', 'APPROVAL_PENDING');
}

function approve(state, { record, expected_version, submission, on_behalf_of }, { height, timeMs, position, signer }) {
  const found = waiting(state, record, submission, timeMs);
  const stoodInFor = { department: signer.department, officer_id: on_behalf_of };
  require(!isSubmitter(signer, found), 'signer', 'the submitter', 'OWN_SUBMISSION');
  require(!isSubmitter(stoodInFor, found), 'on_behalf_of', 'the submitter', 'OWN_SUBMISSION');
  const { proposed } = found;
  const definition = requireApprover(state, proposed, signer, on_behalf_of, { height, timeMs });
  const id = recordId(record.type, record.id);
  const current = state.now(KIND.record, id);
  const version = current?.version ?? 0n;
  requireVersion(expected_version, version);
  requireVersion(proposed.version - 1n, version);
  if (isTransfer(definition, current, proposed)) requireReader(definition, custodianOf(definition, proposed));
  const brought = proposed.payload_position === proposed.position ? proposed.links : [];
  requireNamed(state, signer.department, definition, proposed.successors, brought);
  const { department, officer_id } = signer;
  const approval = { department, officer_id, submission_position: proposed.position, on_behalf_of };
  state.set(KIND.record, id, { ...proposed, recorded_at_ms: timeMs, height, position, approval });
  decide(state, id, found, { status: APPROVED, department, officer_id, position, on_behalf_of });
}

function refuse(state, { record, submission, reason, on_behalf_of }, { height, timeMs, position, signer }) {
  const found = waiting(state, record, submission, timeMs);
  if (on_behalf_of !== '' || !isSubmitter(signer, found)) requireApprover(state, found.proposed, signer, on_behalf_of, { height, timeMs });
  const { department, officer_id } = signer;
  decide(state, recordId(record.type, record.id), found, { status: REFUSED, department, officer_id, reason, position, on_behalf_of });
}

function waiting(state, { type, id }, submission, timeMs) {
  const found = state.now(KIND.submission, recordId(type, id));
  require(found?.submission.equals(submission), 'submission', 'not the newest of the record', 'UNKNOWN_SUBMISSION');
  require(found.status === WAITING, 'submission', 'decided', 'SUBMISSION_DECIDED');
  require(timeMs < found.approve_until_ms, 'submission', () => `waited until ${found.approve_until_ms}`, 'SUBMISSION_EXPIRED');
  return found;
}

const isSubmitter = ({ department, officer_id }, { proposed }) =>
  proposed.department === department && proposed.officer_id === officer_id;

const isTransfer = (definition, record, proposed) => custodianOf(definition, record) !== custodianOf(definition, proposed);

/** The receiver's of a transfer; else those of the type, or the custodian's where it names none. */
function requireApprover(state, proposed, signer, delegator, at) {
  const { type, id } = proposed.record;
  const definition = state.before(KIND.type, type);
  const record = state.now(KIND.record, recordId(type, id));
  const departments = definition.approvers.length > 0 && !isTransfer(definition, record, proposed)
    ? definition.approvers : [custodianOf(definition, proposed)];
  require(departments.includes(signer.department), 'signer', () => `approved by ${departments}`, 'NOT_PERMITTED');
  if (delegator === '') requireRole(signer, APPROVER);
  else requireDelegation(state, signer, delegator, at);
  return definition;
}

/** It was given before the block, is not over, and who gave it could approve itself. */
function requireDelegation(state, { department, officer_id }, delegator, { height, timeMs }) {
  const given = state.before(KIND.delegation, delegationId(department, delegator, officer_id));
  require(given !== null, 'on_behalf_of', 'no delegation', 'UNKNOWN_DELEGATION');
  require(timeMs < given.until_ms, 'on_behalf_of', () => `over since ${given.until_ms}`, 'UNKNOWN_DELEGATION');
  require(isOfEnrolments(given, (id) => state.before(KIND.officer, id)), 'on_behalf_of', 'enrolled anew since', 'UNKNOWN_DELEGATION');
  const key = state.before(KIND.officer, officerId(department, delegator))?.current_key;
  require(key?.length > 0, 'on_behalf_of', 'has no key', 'UNKNOWN_DELEGATION');
  let roles;
  try {
    ({ roles } = authorise(state, key, { height, timeMs }));
  } catch (e) {
    throw e instanceof Refusal ? new Refusal('on_behalf_of', e.message, 'UNKNOWN_DELEGATION') : e;
  }
  require(roles.includes(APPROVER), 'on_behalf_of', 'no approver', 'UNKNOWN_DELEGATION');
}

/** Enrolments and delegations are compared by height, which the first version does not keep. */
const keptHeight = (state, height) => (hasRule(state, 'delegations_end_with_enrolments') ? height : 0n);

/** Neither of the two was enrolled anew in the block of the delegation, or later. */
const isOfEnrolments = ({ department, delegator, officer_id, height }, officerOf) => [delegator, officer_id].every((officer) => {
  const { enrolled_height: enrolled } = officerOf(officerId(department, officer));
  return enrolled === 0n || enrolled < height;
});

function delegateApproval(state, { officer_id, until_ms }, { height, timeMs, position, signer }) {
  requireRole(signer, APPROVER);
  const { department, officer_id: delegator } = signer;
  const officer = state.before(KIND.officer, officerId(department, officer_id));
  require(officer?.current_key.length > 0, 'officer_id', () => `${officer_id} has no key`, 'UNKNOWN_OFFICER');
  require(until_ms - timeMs <= DELEGATION_HORIZON_MS, 'until_ms', 'too far ahead', 'EXPIRY_TOO_FAR');
  const given = { department, delegator, officer_id, until_ms, position, height: keptHeight(state, height) };
  state.set(KIND.delegation, delegationId(department, delegator, officer_id), given);
}

function revokeDelegation(state, { delegator, officer_id }, { height, timeMs, position, signer }) {
  const { department } = signer;
  if (signer.officer_id !== delegator) requireRole(signer, ADMINISTRATOR);
  const id = delegationId(department, delegator, officer_id);
  const given = state.now(KIND.delegation, id);
  require(timeMs < (given?.until_ms ?? 0n), 'delegator', 'no delegation that is not over', 'UNKNOWN_DELEGATION');
  require(isOfEnrolments(given, (officer) => state.now(KIND.officer, officer)), 'delegator', 'enrolled anew since', 'UNKNOWN_DELEGATION');
  state.set(KIND.delegation, id, { ...given, until_ms: timeMs, position, height: keptHeight(state, height) });
}

/** What was proposed is kept no longer. */
function decide(state, id, { submission, approve_until_ms }, decision) {
  state.set(KIND.submission, id, { submission, approve_until_ms, ...decision });
}

function defineType(state, definition, { height, position, signer }) {
  const { type, titles, public_read, description, schema, links_in_force, approvers, four_eyes, readers } = definition;
  const current = state.now(KIND.type, type);
  const owner = current?.owner ?? signer.department;
  require(owner === signer.department, 'signer', () => `the type ${type} belongs to ${owner}`, 'NOT_PERMITTED');
  requireRole(signer, ADMINISTRATOR);
  requireVersion(definition.expected_version, current?.version ?? 0n);
  if (schema) schemaOf(schema);
  const version = definition.expected_version + 1n;
  state.set(KIND.type, type, {
    type, version, owner, titles, public_read, description, schema, defined_height: height, defined_position: position, links_in_force,
    approvers, four_eyes, readers,
  });
}

/** The schemas that were read last, by their text: a ledger has few, and many records of each. */
const schemas = new Map();
const SCHEMAS_KEPT = 100;

function schemaOf(text) {
  if (!schemas.has(text)) {
    if (schemas.size === SCHEMAS_KEPT) schemas.clear();
    try {
      schemas.set(text, readSchema(Buffer.from(text)));
    } catch (e) {
      throw e instanceof Violation ? new Refusal('define_type.schema', e.message, 'INVALID_SCHEMA') : e;
    }
  }
  return schemas.get(text);
}

function enrolOfficer(state, enrolment, { height, signer }) {
  requireRole(signer, ADMINISTRATOR);
  const { department } = signer;
  const { officer_id, public_key, roles, valid_from_ms, valid_until_ms } = enrolment;
  if (roles.includes(ADMINISTRATOR) && hasRule(state, 'administrators_have_no_end'))
    require(valid_from_ms === 0n && valid_until_ms === 0n, 'enrol_officer', 'an administrator has no times', 'INVALID_FIELD');
  const officer = state.now(KIND.officer, officerId(department, officer_id));
  require(!officer?.current_key.length, 'officer_id', () => `${officer_id} has a key`, 'OFFICER_EXISTS');
  const enrolled_height = keptHeight(state, height);
  giveKey(state, public_key, { keys: officer?.keys ?? 0, enrolled_height }, { department, officer_id, roles, valid_from_ms, valid_until_ms }, height);
  if (roles.includes(ADMINISTRATOR)) countAdministrators(state, department, 1);
}

function revokeOfficer(state, { officer_id }, { height, signer }) {
  requireRole(signer, ADMINISTRATOR);
  const { department } = signer;
  const officer = officerWithKey(state, department, officer_id);
  if (intervalOf(state, officer).roles.includes(ADMINISTRATOR)) {
    const { administrators } = state.now(KIND.department, department);
    require(administrators > 1, 'officer_id', () => `${officer_id} is the last administrator`, 'LAST_ADMINISTRATOR');
    countAdministrators(state, department, -1);
  }
  endKey(state, officer.current_key, height);
  state.set(KIND.officer, officerId(department, officer_id), { ...officer, current_key: Buffer.alloc(0) });
}

function rotateOfficerKey(state, { officer_id, public_key }, { height, signer }) {
  requireRole(signer, ADMINISTRATOR);
  const officer = officerWithKey(state, signer.department, officer_id);
  giveKey(state, public_key, officer, intervalOf(state, officer), height);
  endKey(state, officer.current_key, height);
}

function officerWithKey(state, department, officer_id) {
  const officer = state.now(KIND.officer, officerId(department, officer_id));
  require(officer?.current_key.length > 0, 'officer_id', () => `${officer_id} has no key`, 'UNKNOWN_OFFICER');
  return officer;
}

const intervalOf = (state, officer) => state.now(KIND.key, officer.current_key).intervals.at(-1);

/** From the next block on the key is the officer's of this interval. */
function giveKey(state, public_key, { keys, enrolled_height }, interval, height) {
  require(state.now(KIND.key, public_key) === null, 'public_key', 'the key is, or once was, somebody\'s', 'KEY_IN_USE');
  const { department, officer_id } = interval;
  state.set(KIND.key, public_key, { public_key, intervals: [{ ...interval, first_height: height + 1n, last_height: 0n }] });
  state.set(KIND.officer, officerId(department, officer_id), { department, officer_id, current_key: public_key, keys: keys + 1, enrolled_height });
}

function endKey(state, key, height) {
  const entry = state.now(KIND.key, key);
  entry.intervals.at(-1).last_height = height;
  state.set(KIND.key, key, entry);
}

function countAdministrators(state, id, change) {
  const department = state.now(KIND.department, id);
  state.set(KIND.department, id, { ...department, administrators: department.administrators + change });
}
