// Exported ledgers: honest ones are whole; ones that a quorum signed against a rule are refused where the rule is broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_HASH } from '../lib/bytes.mjs';
import { verifyLedger } from '../lib/ledger.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { readTransaction } from '../lib/transaction.mjs';
import { Key, LedgerBuilder, texts, twin } from './builder.mjs';
import { hex, vectorBytes } from './vectors.mjs';

const clerk = new Key();
const stranger = new Key();
const json = (content = '{}') => ({ kind: { name: 'inline', value: { media_type: 'application/json', content: Buffer.from(content) } } });
const record = (id, fields = {}) => ({ record: { type: 'licence', id }, payload: json(), ...fields });
const annulment = (id, version) => record(id, { payload: null, expected_version: version, reason: 'withdrawn' });
const next = (id, version, fields = {}) => record(id, { payload: null, expected_version: version, reason: 'r', ...fields });
const successors = (...ids) => ({ successors: ids.map((id) => ({ type: 'licence', id })) });
const linked = (...links) => ({ links: links.map(([id, version = 0n]) => ({ record: { type: 'licence', id }, version })) });
const enrolment = (id, key, roles, fields = {}) => ({ officer_id: id, public_key: key.public, roles, ...fields });

/** A ledger with a type and a clerk of alpha, and a record A-1 in force at version 1. */
function begun() {
  const ledger = new LedgerBuilder();
  const admin = ledger.administrators[0];
  ledger.commit(
    ledger.sign(admin, 'define_type', { type: 'licence', titles: texts('Licence') }),
    ledger.sign(admin, 'enrol_officer', enrolment('clerk', clerk, [1])),
  );
  return ledger.commit(ledger.sign(clerk, 'register', record('A-1')));
}

const verify = (file, digest, size = 1 << 16) => verifyLedger(
  Array.from({ length: Math.ceil(file.length / size) }, (_, i) => file.subarray(i * size, (i + 1) * size)), digest);

const check = (ledger) => verify(ledger.file(), ledger.digest);

test('an export of the node is whole: docs/vectors/ledger.ndjson', async () => {
  const file = vectorBytes('ledger.ndjson');
  const { chainId } = JSON.parse(file.subarray(0, file.indexOf('\n')));
  const found = await verify(file, hex(chainId));
  const end = JSON.parse(file.toString().trimEnd().split('\n').at(-1));
  assert.deepEqual(
    { height: found.height, logSize: found.transactions + 1, blockHash: found.blockHash, logRoot: found.logRoot, stateRoot: found.stateRoot },
    { height: end.height, logSize: end.logSize, blockHash: end.blockHash, logRoot: end.logRoot, stateRoot: end.stateRoot });
  await assert.rejects(verify(file, ZERO_HASH), /not of the trusted one/);
});

test('a ledger with every action is whole, however the file is cut into chunks', async () => {
  const ledger = begun();
  const admin = ledger.administrators[0];
  const second = new Key();
  ledger.commit(
    ledger.sign(clerk, 'amend', record('A-1', { expected_version: 1n, reason: 'new owner', effective_date: '2026-02-28' })),
    ledger.sign(clerk, 'register', record('A-2', { legal_basis: 'Act 7' })),
    ledger.sign(clerk, 'annul', annulment('A-2', 1n)),
    ledger.sign(admin, 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Licences'), public_read: true }),
    ledger.sign(admin, 'enrol_officer', enrolment('deputy', second, [1, 4], { valid_from_ms: 5n })),
  );
  ledger.commit(
    ledger.sign(clerk, 'register', record('A-2', { expected_version: 2n })),
    ledger.sign(second, 'revoke_officer', { officer_id: 'admin', reason: 'retired' }),
    ledger.sign(second, 'revoke_officer', { officer_id: 'clerk' }),
    ledger.sign(clerk, 'register', record('A-3')),
  );
  const third = new Key();
  ledger.commit(
    ledger.sign(second, 'annul', annulment('A-2', 3n)),
    ledger.sign(second, 'reinstate', next('A-2', 4n, { legal_basis: 'judgment', effective_date: '2026' })),
    ledger.sign(second, 'annul', annulment('A-2', 5n)),
    ledger.sign(second, 'reinstate', next('A-2', 6n)),
    ledger.sign(second, 'supersede', next('A-1', 2n, successors('A-2', 'A-3'))),
  );
  ledger.commit(
    ledger.sign(second, 'amend', record('A-3', { expected_version: 1n, reason: 'r', ...linked(['A-1'], ['A-2', 1n], ['nowhere', 5n]) })),
    ledger.sign(second, 'annul', annulment('A-3', 2n)),
    ledger.sign(second, 'define_type', { type: 'licence', expected_version: 2n, titles: texts('Licences'), links_in_force: true }),
  );
  ledger.commit(
    ledger.sign(second, 'reinstate', next('A-3', 3n)),
    ledger.sign(second, 'register', record('A-4', linked(['A-2', 7n], ['A-3', 4n]))),
  );
  ledger.commit(
    ledger.sign(second, 'enrol_officer', enrolment('clerk', stranger, [1])),
    ledger.sign(second, 'rotate_officer_key', { officer_id: 'clerk', public_key: new Key().public, reason: 'lost before use' }),
    ledger.sign(second, 'rotate_officer_key', { officer_id: 'deputy', public_key: third.public }),
    ledger.sign(second, 'enrol_officer', enrolment('other', new Key(), [4])),
  );
  ledger.commit(ledger.sign(third, 'revoke_officer', { officer_id: 'other' }));
  const found = await check(ledger);
  assert.equal(found.height, 9);
  assert.equal(found.transactions, 27);
  assert.equal(found.signatures, 27 + 9 * 3);
  for (const size of [1, 7, 1000]) assert.deepEqual(await verify(ledger.file(), ledger.digest, size), found);
});

/** Gives the type licence a schema: version 2. */
const withSchema = (l, schema = '{"required":["name"]}') => l.commit(
  l.sign(l.administrators[0], 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Licence'), schema }));

test('a schema judges from the next block on, and until it is taken away', async () => {
  const ledger = begun();
  const admin = ledger.administrators[0];
  const definition = { type: 'licence', expected_version: 1n, titles: texts('Licence'), schema: '{"required":["name"]}' };
  ledger.commit(ledger.sign(admin, 'define_type', definition), ledger.sign(clerk, 'register', record('B')));
  ledger.commit(
    ledger.sign(clerk, 'amend', record('B', { expected_version: 1n, reason: 'r', payload: json('{"name":1}') })),
    ledger.sign(clerk, 'annul', annulment('A-1', 1n)),
    ledger.sign(admin, 'define_type', { ...definition, expected_version: 2n, schema: '' }),
  );
  ledger.commit(ledger.sign(clerk, 'register', record('C')));
  assert.equal((await check(ledger)).height, 5);
});

/** Has the type licence insist that links lead to what is in force: version 2. */
const strict = (l) => l.commit(
  l.sign(l.administrators[0], 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Licence'), links_in_force: true }));

const approver = new Key();
const linked1 = linked(['A-1', 1n]);
const idOf = (l, envelope) => readTransaction(envelope, l.digest).id;
const until = (l, ms = 3_600_000n) => ({ approve_until_ms: l.tip.timeMs + ms });
const decision = (id, submission, fields = {}) => ({ record: { type: 'licence', id }, submission, ...fields });

/** Gives alpha an approver, and has changes of licences wait for one: version 2. A registration of B waits, whose id is given. */
function waiting(l, definition = {}, submitted = {}) {
  l.commit(
    l.sign(l.administrators[0], 'enrol_officer', enrolment('approver', approver, [1, 2])),
    l.sign(l.administrators[0], 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Licence'), four_eyes: true, ...definition }));
  const envelope = l.sign(clerk, 'register', record('B', { ...until(l), ...submitted }));
  l.commit(envelope);
  return idOf(l, envelope);
}

const approval = (l, key, submission, fields) => l.sign(key, 'approve', decision('B', submission, fields));

test('a change that was submitted waits until another officer approves it, and no longer than it says', async () => {
  const ledger = begun();
  const admin = ledger.administrators[0];
  const first = waiting(ledger);
  ledger.commit(approval(ledger, approver, first));
  const amended = ledger.sign(clerk, 'amend', record('B', { expected_version: 1n, reason: 'r', ...until(ledger) }));
  ledger.commit(amended, ledger.sign(clerk, 'refuse', decision('B', idOf(ledger, amended), { reason: 'withdrawn' })));
  const late = ledger.sign(clerk, 'annul', next('B', 1n, until(ledger, 60_000n)));
  ledger.commit(late);
  for (let i = 0; i < 60; i++) ledger.commit(ledger.sign(admin, 'define_type', { type: `t-${i}`, titles: texts('T') }));
  const again = ledger.sign(approver, 'annul', next('B', 1n, until(ledger)));
  ledger.commit(again);
  const beta = new Key();
  ledger.commit(
    ledger.sign(ledger.administrators[1], 'enrol_officer', enrolment('approver', beta, [2])),
    ledger.sign(admin, 'define_type', { type: 'licence', expected_version: 2n, titles: texts('Licence'), approvers: ['alpha', 'beta'], readers: ['gamma'], links_in_force: true }));
  ledger.commit(approval(ledger, beta, idOf(ledger, again), { expected_version: 1n }));
  const linked = ledger.sign(clerk, 'register', record('L', { ...linked1, ...until(ledger) }));
  ledger.commit(linked, ledger.sign(beta, 'approve', decision('L', idOf(ledger, linked))));
  const bare = ledger.sign(clerk, 'annul', next('L', 1n, until(ledger)));
  ledger.commit(bare, ledger.sign(clerk, 'annul', annulment('A-1', 1n)));
  ledger.commit(ledger.sign(beta, 'approve', decision('L', idOf(ledger, bare), { expected_version: 1n })));
  assert.equal((await check(ledger)).height, 73);
});

const deputy = new Key();

/** As `waiting`, with a deputy, a clerk, to whom the approver has delegated; the id of what waits. */
function delegated(l, ms = 3_600_000n) {
  const first = waiting(l);
  l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('deputy', deputy, [1])));
  l.commit(l.sign(approver, 'delegate_approval', { officer_id: 'deputy', until_ms: l.tip.timeMs + ms }));
  return first;
}

const onBehalf = (l, key, submission, fields) => approval(l, key, submission, { on_behalf_of: 'approver', ...fields });
const revocation = (l, key) => l.sign(key, 'revoke_delegation', { delegator: 'approver', officer_id: 'deputy' });

test('an approval is delegated, given on behalf of the approver, and revoked', async () => {
  const ledger = begun();
  const first = delegated(ledger);
  ledger.commit(onBehalf(ledger, deputy, first), revocation(ledger, approver));
  ledger.commit(ledger.sign(approver, 'delegate_approval', { officer_id: 'clerk', until_ms: ledger.tip.timeMs + 366n * 86_400_000n + 1000n }));
  const annulled = ledger.sign(deputy, 'annul', next('B', 1n, until(ledger)));
  ledger.commit(annulled, ledger.sign(ledger.administrators[0], 'rotate_officer_key', { officer_id: 'approver', public_key: stranger.public }));
  ledger.commit(ledger.sign(clerk, 'refuse', decision('B', idOf(ledger, annulled), { reason: 'r', on_behalf_of: 'approver' })));
  ledger.commit(ledger.sign(ledger.administrators[0], 'revoke_delegation', { delegator: 'approver', officer_id: 'clerk', reason: 'back' }));
  assert.equal((await check(ledger)).height, 11);
});

const receiver = new Key();
const offer = (l, key, id, version, to, fields = {}) => l.sign(key, 'transfer', next(id, version, { receiver: to, ...until(l), ...fields }));
const acceptance = (l, key, id, version, transfer) => l.sign(key, 'approve', decision(id, idOf(l, transfer), { expected_version: version }));

/** Lets beta read licences, version 2, and gives it a clerk and approver. */
function readable(l, definition = {}) {
  return l.commit(
    l.sign(l.administrators[0], 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Licence'), readers: ['beta'], ...definition }),
    l.sign(l.administrators[1], 'enrol_officer', enrolment('receiver', receiver, [1, 2])));
}

/** As `readable`, and A-1 is beta's: version 2. */
function given(l, definition = {}) {
  readable(l, definition);
  const transfer = offer(l, clerk, 'A-1', 1n, 'beta');
  return l.commit(transfer, acceptance(l, receiver, 'A-1', 1n, transfer));
}

test('custody passes on, and back, by the consent of who receives it', async () => {
  const ledger = given(begun());
  ledger.commit(ledger.sign(receiver, 'annul', annulment('A-1', 2n)), ledger.sign(receiver, 'register', record('A-1', { expected_version: 3n })));
  ledger.commit(ledger.sign(ledger.administrators[0], 'enrol_officer', enrolment('approver', approver, [2])), ledger.sign(clerk, 'register', record('B')));
  const refused = offer(ledger, receiver, 'A-1', 4n, 'alpha');
  ledger.commit(refused, ledger.sign(approver, 'refuse', decision('A-1', idOf(ledger, refused), { reason: 'r' })));
  const back = offer(ledger, receiver, 'A-1', 4n, 'alpha');
  ledger.commit(back);
  ledger.commit(acceptance(ledger, approver, 'A-1', 4n, back));
  ledger.commit(ledger.sign(clerk, 'annul', annulment('A-1', 5n)));
  assert.equal((await check(ledger)).height, 10);
});

test('where a type names no approvers, the custodian decides on its record; what anybody may read, anybody may receive', async () => {
  const ledger = given(begun());
  ledger.commit(ledger.sign(clerk, 'register', record('B')));
  ledger.commit(ledger.sign(ledger.administrators[0], 'define_type', {
    type: 'licence', expected_version: 2n, titles: texts('Licence'), public_read: true, four_eyes: true }));
  const second = new Key();
  ledger.commit(ledger.sign(ledger.administrators[1], 'enrol_officer', enrolment('second', second, [2])));
  const change = ledger.sign(receiver, 'annul', next('A-1', 2n, until(ledger)));
  ledger.commit(change, acceptance(ledger, second, 'A-1', 2n, change));
  ledger.commit(offer(ledger, clerk, 'B', 1n, 'gamma'));
  assert.equal((await check(ledger)).height, 9);
});

/** A transaction of beta's validator that suspends the leader of a view. */
const suspend = (l, ...proof) => [l.sign(l.validators[1], 'suspend_leader', l.suspension(...proof))];

/** Each rule of SPEC "Execution", broken by a transaction at the end of a block that a quorum signed all the same. */
const BROKEN = {
  DUPLICATE: (l) => [l.sign(clerk, 'register', record('D'), { nonce: Buffer.alloc(16, 7) }),
    l.sign(clerk, 'register', record('D'), { nonce: Buffer.alloc(16, 7) })],
  EXPIRED: (l) => [l.sign(clerk, 'register', record('B'), { expiresAtMs: l.tip.timeMs + 1000n })],
  EXPIRY_TOO_FAR: (l) => [l.sign(clerk, 'register', record('B'), { expiresAtMs: l.tip.timeMs + 1000n + 3_600_001n })],
  UNKNOWN_SIGNER: (l) => [l.sign(stranger, 'register', record('B'))],
  'UNKNOWN_SIGNER, a validator': (l) => [l.sign(l.validators[0], 'register', record('B'))],
  'UNKNOWN_SIGNER, enrolled in the same block': (l) => [
    l.sign(l.administrators[0], 'enrol_officer', enrolment('new', stranger, [1])), l.sign(stranger, 'register', record('B'))],
  'SIGNER_NOT_YET_VALID, from a later time': (l) => {
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('new', stranger, [1], { valid_from_ms: l.tip.timeMs + 2001n })));
    return [l.sign(stranger, 'register', record('B'))];
  },
  SIGNER_EXPIRED: (l) => {
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('new', stranger, [1], { valid_until_ms: l.tip.timeMs + 2000n })));
    return [l.sign(stranger, 'register', record('B'))];
  },
  SIGNER_REVOKED: (l) => {
    l.commit(l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'clerk' }));
    return [l.sign(clerk, 'register', record('B'))];
  },
  'SIGNER_REVOKED, replaced': (l) => {
    l.commit(l.sign(l.administrators[0], 'rotate_officer_key', { officer_id: 'clerk', public_key: stranger.public }));
    return [l.sign(clerk, 'register', record('B'))];
  },
  'UNKNOWN_SIGNER, a new key in the same block': (l) => [
    l.sign(l.administrators[0], 'rotate_officer_key', { officer_id: 'clerk', public_key: stranger.public }),
    l.sign(clerk, 'register', record('B')), l.sign(stranger, 'register', record('C'))],
  UNKNOWN_TYPE: (l) => [l.sign(clerk, 'register', { ...record('B'), record: { type: 'permit', id: 'B' } })],
  'UNKNOWN_TYPE, defined in the same block': (l) => [
    l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit') }),
    l.sign(clerk, 'register', { ...record('B'), record: { type: 'permit', id: 'B' } })],
  'NOT_PERMITTED, without the role': (l) => [l.sign(l.administrators[0], 'register', record('B'))],
  'NOT_PERMITTED, a clerk of another department': (l) => {
    l.commit(l.sign(l.administrators[1], 'enrol_officer', enrolment('clerk', stranger, [1])));
    return [l.sign(stranger, 'register', record('B'))];
  },
  'NOT_PERMITTED, a type of another department': (l) => [
    l.sign(l.administrators[1], 'define_type', { type: 'licence', expected_version: 1n, titles: texts('Mine') })],
  'NOT_PERMITTED, a clerk enrols': (l) => [l.sign(clerk, 'enrol_officer', enrolment('new', stranger, [1]))],
  'NOT_PERMITTED, a clerk revokes': (l) => [l.sign(clerk, 'revoke_officer', { officer_id: 'admin' })],
  'NOT_PERMITTED, a clerk replaces a key': (l) => [
    l.sign(clerk, 'rotate_officer_key', { officer_id: 'clerk', public_key: stranger.public })],
  'NOT_PERMITTED, a clerk defines': (l) => [l.sign(clerk, 'define_type', { type: 'permit', titles: texts('Permit') })],
  VERSION_CONFLICT: (l) => [l.sign(clerk, 'register', record('A-1'))],
  VERSION_AHEAD: (l) => [l.sign(clerk, 'amend', record('A-1', { expected_version: 2n, reason: 'r' }))],
  'VERSION_AHEAD, a type': (l) => [
    l.sign(l.administrators[0], 'define_type', { type: 'permit', expected_version: 1n, titles: texts('Permit') })],
  RECORD_IN_FORCE: (l) => [l.sign(clerk, 'register', record('A-1', { expected_version: 1n }))],
  'RECORD_IN_FORCE, reinstated': (l) => [l.sign(clerk, 'reinstate', next('A-1', 1n))],
  'RECORD_ANNULLED, superseded': (l) => [l.sign(clerk, 'register', record('B')), l.sign(clerk, 'annul', annulment('A-1', 1n)),
    l.sign(clerk, 'supersede', next('A-1', 2n, successors('B')))],
  'VERSION_AHEAD, reinstated without a version': (l) => [l.sign(clerk, 'reinstate', next('B', 1n))],
  ...Object.fromEntries(['register', 'amend', 'annul', 'supersede', 'reinstate'].map((action) => [
    `RECORD_SUPERSEDED, ${action}`, (l) => [
      l.sign(clerk, 'register', record('B')), l.sign(clerk, 'supersede', next('A-1', 1n, successors('B'))),
      l.sign(clerk, action, next('A-1', 2n, {
        ...(action === 'supersede' && successors('B')), ...(['register', 'amend'].includes(action) && { payload: json() }) }))]])),
  'UNKNOWN_RECORD, a successor': (l) => [l.sign(clerk, 'supersede', next('A-1', 1n, successors('B')))],
  'RECORD_NOT_IN_FORCE, an annulled successor': (l) => [l.sign(clerk, 'register', record('B')), l.sign(clerk, 'annul', annulment('B', 1n)),
    l.sign(clerk, 'supersede', next('A-1', 1n, successors('B')))],
  'RECORD_NOT_IN_FORCE, one that the record took the place of': (l) => [
    l.sign(clerk, 'register', record('B')), l.sign(clerk, 'supersede', next('B', 1n, successors('A-1'))),
    l.sign(clerk, 'supersede', next('A-1', 1n, successors('B')))],
  'UNKNOWN_RECORD, a link': (l) => [strict(l).sign(clerk, 'register', record('B', linked(['C'])))],
  'UNKNOWN_RECORD, a link to a version to come': (l) => [strict(l).sign(clerk, 'register', record('B', linked(['A-1', 2n])))],
  'RECORD_NOT_IN_FORCE, a link': (l) => [strict(l).sign(clerk, 'annul', annulment('A-1', 1n)),
    l.sign(clerk, 'register', record('B', linked(['A-1', 1n])))],
  'INVALID_FIELD, a link to itself': (l) => [l.sign(clerk, 'register', record('B', linked(['B'])))],
  'INVALID_FIELD, one record linked twice': (l) => [l.sign(clerk, 'register', record('B', linked(['A-1', 1n], ['A-1', 2n])))],
  'INVALID_FIELD, an annulment with a link': (l) => [l.sign(clerk, 'annul', next('A-1', 1n, linked(['B'])))],
  'NOT_PERMITTED, an administrator reinstates': (l) => [l.sign(l.administrators[0], 'reinstate', next('A-1', 1n))],
  'INVALID_FIELD, superseded by nothing': (l) => [l.sign(clerk, 'supersede', next('A-1', 1n))],
  'INVALID_FIELD, superseded by itself': (l) => [l.sign(clerk, 'supersede', next('A-1', 1n, successors('A-1')))],
  'INVALID_FIELD, an annulment with a successor': (l) => [l.sign(clerk, 'annul', next('A-1', 1n, successors('B')))],
  'INVALID_FIELD, a reinstatement with a payload': (l) => [l.sign(clerk, 'reinstate', next('A-1', 1n, { payload: json() }))],
  RECORD_ANNULLED: (l) => [l.sign(clerk, 'annul', annulment('A-1', 1n)), l.sign(clerk, 'annul', annulment('A-1', 2n))],
  'INVALID_SCHEMA, a keyword that is not taken': (l) => [l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit'), schema: '{"pattern":"x"}' })],
  'VERSION_AHEAD, a type with what is no schema': (l) => [
    l.sign(l.administrators[0], 'define_type', { type: 'permit', expected_version: 1n, titles: texts('Permit'), schema: '[]' })],
  'INVALID_FIELD, a schema too long': (l) => [
    l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit'), schema: `{}${' '.repeat(16_383)}` })],
  'INVALID_PAYLOAD, a registration': (l) => [withSchema(l).sign(clerk, 'register', record('B'))],
  'INVALID_PAYLOAD, an amendment': (l) => [withSchema(l).sign(clerk, 'amend', record('A-1', { expected_version: 1n, reason: 'r' }))],
  'INVALID_PAYLOAD, a name twice': (l) => [withSchema(l, '{}').sign(clerk, 'register', record('B', { payload: json('{"a":1,"a":1}') }))],
  'INVALID_PAYLOAD, another media type': (l) => [withSchema(l, '{}').sign(clerk, 'register', record('B', {
    payload: { kind: { name: 'inline', value: { media_type: 'text/plain', content: Buffer.from('{}') } } } }))],
  'RECORD_IN_FORCE, with a payload that does not fit': (l) => [withSchema(l).sign(clerk, 'register', record('A-1', { expected_version: 1n }))],
  'APPROVAL_REQUIRED, at once': (l) => [waiting(l) && l.sign(clerk, 'register', record('C'))],
  'EXPIRY_TOO_FAR, a wait of thirty days and a second': (l) => [l.sign(clerk, 'register', record('B', until(l, 30n * 86_400_000n + 1_001n)))],
  'INVALID_FIELD, a wait that ends before the transaction expires': (l) => [l.sign(clerk, 'register', record('B', until(l, 59_999n)))],
  'APPROVAL_PENDING, a second change': (l) => [waiting(l) && l.sign(approver, 'register', record('B', until(l)))],
  'UNKNOWN_SUBMISSION, none': (l) => [waiting(l) && approval(l, approver, Buffer.alloc(32, 1))],
  'UNKNOWN_SUBMISSION, of another record': (l) => [l.sign(approver, 'approve', decision('A-1', waiting(l), { expected_version: 1n }))],
  'UNKNOWN_SUBMISSION, replaced': (l) => {
    const first = waiting(l);
    return [l.sign(clerk, 'refuse', decision('B', first, { reason: 'r' })), l.sign(clerk, 'register', record('B', until(l))), approval(l, approver, first)];
  },
  'SUBMISSION_DECIDED, approved twice': (l) => {
    const first = waiting(l);
    return [approval(l, approver, first), approval(l, approver, first, { expected_version: 1n })];
  },
  'SUBMISSION_DECIDED, approved and then refused': (l) => {
    const first = waiting(l);
    return [approval(l, approver, first), l.sign(clerk, 'refuse', decision('B', first, { reason: 'r' }))];
  },
  'SUBMISSION_DECIDED, refused and then approved': (l) => {
    const first = waiting(l);
    return [l.sign(approver, 'refuse', decision('B', first, { reason: 'r' })), approval(l, approver, first)];
  },
  'SUBMISSION_EXPIRED, in the moment of its end': (l) => {
    const first = waiting(l, {}, { approve_until_ms: l.tip.timeMs + 62_000n });
    for (let i = 0; i < 59; i++) l.commit(l.sign(l.administrators[0], 'define_type', { type: `t-${i}`, titles: texts('T') }));
    return [approval(l, approver, first)];
  },
  'OWN_SUBMISSION, with the role': (l) => {
    waiting(l);
    const own = l.sign(approver, 'register', record('C', until(l)));
    return [own, l.sign(approver, 'approve', decision('C', idOf(l, own)))];
  },
  'NOT_PERMITTED, approved by a clerk': (l) => {
    const first = waiting(l);
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('other', stranger, [1])));
    return [approval(l, stranger, first)];
  },
  'NOT_PERMITTED, approved by another department': (l) => {
    const first = waiting(l);
    l.commit(l.sign(l.administrators[1], 'enrol_officer', enrolment('other', stranger, [2])));
    return [approval(l, stranger, first)];
  },
  'NOT_PERMITTED, approved by the owner where others approve': (l) => [approval(l, approver, waiting(l, { approvers: ['beta', 'gamma'] }))],
  'NOT_PERMITTED, refused by an administrator': (l) => [l.sign(l.administrators[0], 'refuse', decision('B', waiting(l), { reason: 'r' }))],
  'VERSION_AHEAD, approved as another version': (l) => [approval(l, approver, waiting(l), { expected_version: 1n })],
  'VERSION_CONFLICT, overtaken': (l) => {
    const first = waiting(l, { four_eyes: false });
    return [l.sign(clerk, 'register', record('B')), approval(l, approver, first, { expected_version: 1n })];
  },
  'RECORD_NOT_IN_FORCE, a link that held when it was submitted': (l) => {
    const first = waiting(l, { four_eyes: false, links_in_force: true }, linked1);
    return [l.sign(clerk, 'annul', annulment('A-1', 1n)), approval(l, approver, first)];
  },
  'UNKNOWN_DELEGATION, given in the same block': (l) => {
    const first = waiting(l);
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('deputy', deputy, [1])));
    return [l.sign(approver, 'delegate_approval', { officer_id: 'deputy', until_ms: l.tip.timeMs + 3_600_000n }), onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, of another': (l) => [onBehalf(l, deputy, delegated(l), { on_behalf_of: 'admin' })],
  'UNKNOWN_DELEGATION, to another': (l) => {
    const first = delegated(l);
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('other', stranger, [1, 2])));
    return [onBehalf(l, stranger, first)];
  },
  'UNKNOWN_DELEGATION, over': (l) => {
    const first = delegated(l, 62_000n);
    for (let i = 0; i < 60; i++) l.commit(l.sign(l.administrators[0], 'define_type', { type: `t-${i}`, titles: texts('T') }));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, revoked': (l) => {
    const first = delegated(l);
    l.commit(revocation(l, approver));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, of an officer that was revoked': (l) => {
    const first = delegated(l);
    l.commit(l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'approver' }));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, of an officer enrolled anew without the role': (l) => {
    const first = delegated(l);
    l.commit(l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'approver' }));
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('approver', stranger, [1])));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, of an officer whose time has ended': (l) => {
    const first = delegated(l);
    l.commit(l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'approver' }));
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('approver', stranger, [2], { valid_until_ms: l.tip.timeMs + 2000n })));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, a submitter that claims to refuse for another': (l) => [
    l.sign(clerk, 'refuse', decision('B', delegated(l), { reason: 'r', on_behalf_of: 'approver' }))],
  'OWN_SUBMISSION, approved for the submitter': (l) => {
    delegated(l);
    const own = l.sign(approver, 'register', record('C', until(l)));
    return [own, l.sign(deputy, 'approve', decision('C', idOf(l, own), { on_behalf_of: 'approver' }))];
  },
  'NOT_PERMITTED, a clerk delegates': (l) => [waiting(l) && l.sign(clerk, 'delegate_approval', { officer_id: 'admin', until_ms: l.tip.timeMs + 3_600_000n })],
  'UNKNOWN_OFFICER, delegated to nobody': (l) => [waiting(l) && l.sign(approver, 'delegate_approval', { officer_id: 'nobody', until_ms: l.tip.timeMs + 3_600_000n })],
  'EXPIRY_TOO_FAR, delegated for 366 days and a millisecond': (l) => [
    waiting(l) && l.sign(approver, 'delegate_approval', { officer_id: 'clerk', until_ms: l.tip.timeMs + 1001n + 366n * 86_400_000n })],
  'NOT_PERMITTED, revoked by the deputy': (l) => [delegated(l) && revocation(l, deputy)],
  'UNKNOWN_DELEGATION, revoked in another department': (l) => [delegated(l) && revocation(l, l.administrators[1])],
  'UNKNOWN_DELEGATION, revoked twice': (l) => [delegated(l) && revocation(l, approver), revocation(l, l.administrators[0])],
  'INVALID_FIELD, on behalf of no name': (l) => [onBehalf(l, deputy, delegated(l), { on_behalf_of: '/' })],
  'INVALID_FIELD, a submission of 31 bytes': (l) => [waiting(l) && approval(l, approver, Buffer.alloc(31))],
  'NOT_PERMITTED, changed by who gave it away': (l) => [given(l).sign(clerk, 'annul', annulment('A-1', 2n))],
  'NOT_PERMITTED, offered by another department': (l) => [readable(l) && offer(l, receiver, 'A-1', 1n, 'beta')],
  'NOT_PERMITTED, accepted by an approver of the owner': (l) => {
    readable(l, { approvers: ['alpha'] });
    l.commit(l.sign(l.administrators[0], 'enrol_officer', enrolment('approver', approver, [2])));
    const transfer = offer(l, clerk, 'A-1', 1n, 'beta');
    return [transfer, acceptance(l, approver, 'A-1', 1n, transfer)];
  },
  'NOT_PERMITTED, accepted by a clerk': (l) => {
    readable(l);
    l.commit(l.sign(l.administrators[1], 'enrol_officer', enrolment('other', stranger, [1])));
    const transfer = offer(l, clerk, 'A-1', 1n, 'beta');
    return [transfer, acceptance(l, stranger, 'A-1', 1n, transfer)];
  },
  'UNKNOWN_RECEIVER, none': (l) => [offer(l, clerk, 'A-1', 1n, 'kappa')],
  'UNKNOWN_RECEIVER, one that has left': (l) => {
    l.commit(l.sign(l.administrators[0], 'change_membership', l.change({ kind: 2, department: 'gamma' })));
    return [offer(l, clerk, 'A-1', 1n, 'gamma')];
  },
  'ALREADY_CUSTODIAN, the owner of the type': (l) => [offer(l, clerk, 'A-1', 1n, 'alpha')],
  'ALREADY_CUSTODIAN, once it has received it': (l) => [offer(given(l), receiver, 'A-1', 2n, 'beta')],
  'RECEIVER_CANNOT_READ, offered': (l) => [readable(l) && offer(l, clerk, 'A-1', 1n, 'gamma')],
  'RECEIVER_CANNOT_READ, any more': (l) => {
    readable(l);
    const transfer = offer(l, clerk, 'A-1', 1n, 'beta');
    l.commit(transfer, l.sign(l.administrators[0], 'define_type', { type: 'licence', expected_version: 2n, titles: texts('Licence') }));
    return [acceptance(l, receiver, 'A-1', 1n, transfer)];
  },
  'RECORD_ANNULLED, offered': (l) => [l.sign(clerk, 'annul', annulment('A-1', 1n)), offer(l, clerk, 'A-1', 2n, 'beta')],
  'APPROVAL_PENDING, offered twice': (l) => [readable(l) && offer(l, clerk, 'A-1', 1n, 'beta'), offer(l, clerk, 'A-1', 1n, 'beta')],
  'INVALID_FIELD, an annulment with a receiver': (l) => [l.sign(clerk, 'annul', next('A-1', 1n, { receiver: 'beta' }))],
  'INVALID_FIELD, offered to no name': (l) => [offer(l, clerk, 'A-1', 1n, '')],
  'INVALID_FIELD, offered for no time': (l) => [offer(l, clerk, 'A-1', 1n, 'beta', { approve_until_ms: 0n })],
  'INVALID_FIELD, approved without a record': (l) => [l.sign(approver, 'approve', { submission: waiting(l) })],
  'INVALID_FIELD, approved under no name': (l) => [l.sign(approver, 'approve', decision('..', waiting(l)))],
  'INVALID_FIELD, refused without a reason': (l) => [l.sign(clerk, 'refuse', decision('B', waiting(l)))],
  ...Object.fromEntries([['out of order', ['beta', 'alpha']], ['twice', ['beta', 'beta']], ['of no name', ['Beta']],
    ['seventeen', Array.from({ length: 17 }, (_, i) => `d-${10 + i}`)]].map(([name, approvers]) => [
    `INVALID_FIELD, approvers ${name}`, (l) => [l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit'), approvers })]])),
  'INVALID_FIELD, readers out of order': (l) => [
    l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit'), readers: ['beta', 'alpha'] })],
  'INVALID_FIELD, sixty-five readers': (l) => [l.sign(l.administrators[0], 'define_type',
    { type: 'permit', titles: texts('Permit'), readers: Array.from({ length: 65 }, (_, i) => `d-${10 + i}`) })],
  OFFICER_EXISTS: (l) => [l.sign(l.administrators[0], 'enrol_officer', enrolment('clerk', stranger, [1]))],
  'KEY_IN_USE, an officer\'s': (l) => [l.sign(l.administrators[1], 'enrol_officer', enrolment('new', clerk, [1]))],
  'KEY_IN_USE, a validator\'s': (l) => [l.sign(l.administrators[1], 'enrol_officer', enrolment('new', l.validators[2], [1]))],
  UNKNOWN_OFFICER: (l) => [l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'nobody' })],
  'UNKNOWN_OFFICER, of another department': (l) => [
    l.sign(l.administrators[1], 'rotate_officer_key', { officer_id: 'clerk', public_key: stranger.public })],
  'KEY_IN_USE, the officer\'s own': (l) => [
    l.sign(l.administrators[0], 'rotate_officer_key', { officer_id: 'clerk', public_key: clerk.public })],
  'KEY_IN_USE, a former one': (l) => {
    l.commit(l.sign(l.administrators[0], 'rotate_officer_key', { officer_id: 'clerk', public_key: stranger.public }));
    return [l.sign(l.administrators[0], 'rotate_officer_key', { officer_id: 'clerk', public_key: clerk.public })];
  },
  LAST_ADMINISTRATOR: (l) => [l.sign(l.administrators[0], 'revoke_officer', { officer_id: 'admin' })],
  'UNKNOWN_SIGNER, an officer suspends a leader': (l) => [l.sign(l.administrators[0], 'suspend_leader', l.suspension(2n, 0))],
  'INVALID_SIGNATURE, view changes for another view': (l) => suspend(l, 2n, 0, [1, 2, 3], { signedView: 2 }),
  'INVALID_PROOF, a view change too few': (l) => suspend(l, 2n, 0, [1, 2]),
  'INVALID_PROOF, one too many': (l) => suspend(l, 2n, 0, [0, 1, 2, 3]),
  'INVALID_PROOF, one twice': (l) => suspend(l, 2n, 0, [1, 1, 2]),
  'INVALID_PROOF, out of order': (l) => suspend(l, 2n, 0, [2, 1, 3]),
  'INVALID_PROOF, signed by an administrator': (l) => suspend(l, 2n, 0, [1, 2, 9]),
  'PROOF_OUT_OF_RANGE, a height to come': (l) => suspend(l, 3n, 0),
  'PROOF_OUT_OF_RANGE, another epoch': (l) => suspend(l, 2n, 0, [1, 2, 3], { epoch: 1n }),
  'ALREADY_SUSPENDED, in the same block': (l) => [...suspend(l, 2n, 0), ...suspend(l, 1n, 0)],
  'TOO_MANY_SUSPENDED, a second of four': (l) => [...suspend(l, 2n, 0), ...suspend(l, 2n, 1)],
  'INVALID_FIELD, prepared in the view that is asked for': (l) => suspend(l, 2n, 0, [1, 2, 3], { prepared: 2 }),
  'INVALID_FIELD, no view change': (l) => suspend(l, 2n, 0, []),
  'INVALID_FIELD, no reason': (l) => [l.sign(clerk, 'amend', record('A-1', { expected_version: 1n }))],
  'INVALID_FIELD, no real date': (l) => [l.sign(clerk, 'register', record('B', { effective_date: '2027-02-29' }))],
  'INVALID_FIELD, an id of two points': (l) => [l.sign(clerk, 'register', record('..'))],
  'INVALID_FIELD, roles twice': (l) => [l.sign(l.administrators[0], 'enrol_officer', enrolment('new', stranger, [1, 1]))],
};

for (const [name, make] of Object.entries(BROKEN)) {
  test(`a quorum signs a transaction against a rule: ${name}`, async () => {
    const ledger = begun();
    const envelopes = make(ledger);
    ledger.collude(envelopes);
    await assert.rejects(check(ledger), (e) => {
      assert.ok(e instanceof Refusal, e.stack);
      assert.equal(e.code, name.split(',')[0]);
      assert.match(e.where, new RegExp(`^line \\d+, block ${ledger.tip.height}, transaction ${envelopes.length - 1} \\(position `));
      return true;
    });
  });
}

const one = (l) => [l.sign(clerk, 'register', record('B'))];
const many = (l, count) => Array.from({ length: count }, (_, i) => l.sign(clerk, 'register', record(`M-${i}`)));

/** Each rule of a header, a block or a certificate, broken with a quorum's signatures over it. */
const BLOCKS = {
  'no transaction': [/0 transactions; 1 to 5/, () => []],
  'too many transactions': [/6 transactions; 1 to 5/, (l) => many(l, 6)],
  'too many bytes': [/more than 65535 bytes/, (l) => [1, 2].map((i) => l.sign(clerk, 'register', record(`B-${i}`, { payload: json('x'.repeat(40_000)) })))],
  'a height left out': [/block 3 is expected/, one, (l) => ({ height: l.tip.height + 2n })],
  'another parent': [/header, parentHash/, one, () => ({ parentHash: ZERO_HASH })],
  'a time that is not later': [/header, timeMs/, one, (l) => ({ timeMs: l.tip.timeMs })],
  'a proposer that is not there': [/there is no validator 4/, one, () => ({ proposer: 4 })],
  'another epoch': [/header, epoch/, one, () => ({ epoch: 1n })],
  'another next set': [/header, nextSetHash/, one, () => ({ nextSetHash: ZERO_HASH })],
  'another log size before': [/header, logSizeBefore/, one, (l) => ({ logSizeBefore: l.tip.logSizeAfter - 1n })],
  'another log size after': [/header, logSizeAfter/, one, (l) => ({ logSizeAfter: l.tip.logSizeAfter + 2n })],
  'another log root': [/header, logRoot/, one],
  'another state root': [/header, stateRoot/, (l) => {
    const envelopes = one(l);
    const { tip, tipHash, lines } = l;
    l.commit(...envelopes);
    const logRoot = l.tip.logRoot;
    Object.assign(l, { tip, tipHash, lines: lines.slice(0, -2), logRoot });
    return envelopes;
  }, (l) => ({ logRoot: l.logRoot })],
  'a certificate of two': [/2 signatures; exactly 3/, one, () => ({}), { signers: [0, 1] }],
  'a certificate of all four': [/4 signatures; exactly 3/, one, () => ({}), { signers: [0, 1, 2, 3] }],
  'a signer twice': [/indexes do not ascend/, one, () => ({}), { signers: [0, 1, 1] }],
  'signers out of order': [/indexes do not ascend/, one, () => ({}), { signers: [1, 0, 3] }],
  'a prepared certificate': [/not a commit certificate/, one, () => ({}), { type: 2 }],
};

for (const [name, [expected, make, changes = () => ({}), certify]] of Object.entries(BLOCKS)) {
  test(`a quorum signs a block against a rule: ${name}`, async () => {
    const ledger = begun();
    const envelopes = make(ledger);
    ledger.collude(envelopes, changes(ledger), certify);
    await assert.rejects(check(ledger), (e) => e instanceof Refusal && expected.test(e.message));
  });
}

test('a suspended leader may not lead for a while, and what it was suspended for is kept 64 heights longer', async () => {
  const ledger = begun();
  ledger.commit(...suspend(ledger, 2n, 0, [1, 2, 3], { prepared: 1 }), ledger.sign(clerk, 'register', record('S')));
  for (let i = 0; i < 70; i++) ledger.commit(ledger.sign(clerk, 'register', record(`T-${i}`)));
  const found = await check(ledger);
  assert.equal(found.signatures, found.transactions + 3 + found.height * 3);
  ledger.collude(suspend(ledger, 9n, 0));
  await assert.rejects(check(ledger), (e) => e.code === 'PROOF_OUT_OF_RANGE');
});

test('an officer\'s signature with high s is refused as such', async () => {
  const ledger = begun();
  const [envelope] = one(ledger);
  ledger.collude([Buffer.concat([envelope.subarray(0, -64), twin(envelope.subarray(-64))])]);
  await assert.rejects(check(ledger), (e) => e.code === 'HIGH_S');
});

test('founding signatures: all of them, of the named departments', async () => {
  const ledger = begun();
  const first = JSON.parse(ledger.lines[0]);
  for (const signatures of [first.signatures.slice(1), [...first.signatures].reverse(), [],
    first.signatures.map((s, i) => (i === 2 ? { ...s, signature: first.signatures[1].signature } : s))]) {
    ledger.lines[0] = JSON.stringify({ ...first, signatures });
    await assert.rejects(check(ledger), /founding signature/);
  }
});

test('block 0 follows from the genesis body: any other header, a certificate or transactions are refused', async () => {
  const ledger = begun();
  const zero = JSON.parse(ledger.lines[1]);
  const refuse = async (changes, expected) => {
    ledger.lines[1] = JSON.stringify({ ...zero, ...changes });
    await assert.rejects(check(ledger), (e) => e instanceof Refusal && expected.test(e.message), JSON.stringify(changes));
  };
  const header = Buffer.from(zero.header, 'base64');
  for (let i = 0; i < header.length; i++) {
    header[i] ^= 1;
    await refuse({ header: header.toString('base64') }, /^line 2, block 0, header/);
    header[i] ^= 1;
  }
  await refuse({ header: header.subarray(1).toString('base64') }, /267 bytes; a header has 268/);
  await refuse({ height: 1 }, /the ledger begins with block 0/);
  await refuse({ certificate: 'AAAA' }, /the ledger begins with block 0/);
  await refuse({ transactions: 1 }, /the ledger begins with block 0/);
});

test('lines that do not belong where they stand are refused', async () => {
  const ledger = begun();
  const [first, , block] = ledger.lines;
  const refuse = (lines, expected) => assert.rejects(
    verify(Buffer.from(`${lines.join('\n')}\n`), ledger.digest), (e) => e instanceof Refusal && expected.test(e.message));
  const end = ledger.file().toString().trimEnd().split('\n').at(-1);
  await refuse([...ledger.lines, end.replace(/"logSize":\d+/, '"logSize":99')], /, end, logSize: 99; the log has/);
  await refuse([block], /line 1, format: the first line has the format govchain-ledger-1/);
  await refuse([first.replace('ledger-1', 'ledger-2')], /line 1, format: the first line/);
  await refuse([first, first], /line 2: a second beginning/);
  await refuse([first, end], /line 2, end: there is no block/);
  await refuse([first, ledger.lines[3]], /line 2, .*the block has no further transaction/);
  await refuse([...ledger.lines.slice(0, 5), ledger.lines[4], end], /line 6, .*the block has no further transaction/);
  await refuse([first.replace(/"chainId":"../, '"chainId":"00')], /line 1, chainId/);
  for (const line of ['', '{}', '[]', 'null', '1', '{"what":1}', '{"end":false}', '{"end":true}', '{"format":"govchain-ledger-1","signatures":{}}'])
    await refuse([first, line], /line 2/);
  for (const height of ['-1', '1e400', '0.5', '"1"']) await refuse([first, `{"height":${height}}`], /line 2: height is missing or of another kind/);
  for (const position of ['-1', '0.5', '9007199254740992', 'null'])
    await refuse([first, `{"position":${position},"envelope":""}`], /line 2: position is missing or of another kind/);
  await refuse([`{"format":"${'x'.repeat(2 * 1024 * 1024)}"}`], /line 1: more than 2097152 bytes/);
});
