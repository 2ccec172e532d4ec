// SPEC "Protocol versions": what is judged otherwise from version 2 on. Each case is valid by version 1, and refused by version 2.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyLedger } from '../lib/ledger.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { readTransaction } from '../lib/transaction.mjs';
import { Key, LedgerBuilder, texts } from './builder.mjs';

const clerk = new Key(), betaClerk = new Key(), head = new Key(), deputy = new Key(), another = new Key();
const json = { kind: { name: 'inline', value: { media_type: 'application/json', content: Buffer.from('{}') } } };
const record = (type, id, fields = {}) => ({ record: { type, id }, payload: json, ...fields });
const check = (l) => verifyLedger([l.file()], l.digest);
const by = (l, action, fields, of = 0) => l.sign(l.administrators[of], action, fields);
const enrol = (l, officer_id, key, roles, fields = {}) => by(l, 'enrol_officer', { officer_id, public_key: key.public, roles, ...fields });
const delegation = (l) => l.sign(head, 'delegate_approval', { officer_id: 'deputy', until_ms: l.tip.timeMs + 3_600_000n });
const revocation = (l, key) => l.sign(key, 'revoke_delegation', { delegator: 'head', officer_id: 'deputy' });

/** Alpha's type licence, clerk, approver "head" and stand-in "deputy"; a registration of B waits, whose id is given. */
function waiting(l) {
  l.commit(by(l, 'define_type', { type: 'licence', titles: texts('Licence') }), enrol(l, 'clerk', clerk, [1]), enrol(l, 'head', head, [2]), enrol(l, 'deputy', deputy, [1]));
  const envelope = l.sign(clerk, 'register', record('licence', 'B', { approve_until_ms: l.tip.timeMs + 3_600_000n }));
  l.commit(envelope);
  return readTransaction(envelope, l.digest).id;
}

const onBehalf = (l, key, submission) => l.sign(key, 'approve', { record: { type: 'licence', id: 'B' }, submission, on_behalf_of: 'head' });
const again = (l, id, roles) => [by(l, 'revoke_officer', { officer_id: id }), enrol(l, id, another, roles)];

const type = (l, name, of, fields) => by(l, 'define_type', { type: name, titles: texts('T'), ...fields }, of);
const toSecret = [{ type: 'secret', id: 'S' }];
const links = { links: toSecret.map((named) => ({ record: named, version: 0n })) };

/** A record S of the type secret of alpha (0) or beta (1); alpha's type strict, whose links must be in force, and its record A. */
function secret(l, owner, definition = {}, strict = {}) {
  const [of, key] = owner === 0 ? ['alpha', clerk] : ['beta', betaClerk];
  l.commit(
    enrol(l, 'clerk', clerk, [1]), by(l, 'enrol_officer', { officer_id: 'clerk', public_key: betaClerk.public, roles: [1, 2] }, 1),
    type(l, 'secret', owner, definition), type(l, 'strict', 0, { links_in_force: true, ...strict }));
  return l.commit(l.sign(key, 'register', record('secret', 'S', { reason: of })), l.sign(clerk, 'register', record('strict', 'A')));
}

/** Envelopes of the next block. */
const CASES = {
  'UNKNOWN_DELEGATION, by who came after the approver': (l) => {
    const first = waiting(l);
    l.commit(delegation(l));
    l.commit(...again(l, 'head', [2]));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, to who came after the stand-in': (l) => {
    const first = waiting(l);
    l.commit(delegation(l));
    l.commit(...again(l, 'deputy', [1]));
    return [onBehalf(l, another, first)];
  },
  'UNKNOWN_DELEGATION, given by who leaves, in the block of the next enrolment': (l) => {
    const first = waiting(l);
    l.commit(...again(l, 'head', [2]), delegation(l));
    return [onBehalf(l, deputy, first)];
  },
  'UNKNOWN_DELEGATION, given to who leaves, in the block of the next enrolment': (l) => {
    const first = waiting(l);
    l.commit(...again(l, 'deputy', [1]), delegation(l));
    return [onBehalf(l, another, first)];
  },
  'UNKNOWN_DELEGATION, revoked after the enrolment': (l) => {
    waiting(l);
    l.commit(delegation(l));
    return [...again(l, 'deputy', [1]), revocation(l, head)];
  },
  'NOT_PERMITTED, a link to what another department reads': (l) => [secret(l, 1).sign(clerk, 'register', record('strict', 'B', links))],
  'NOT_PERMITTED, a successor that another department reads': (l) => [secret(l, 1).sign(clerk, 'supersede', record('strict', 'A', {
    payload: null, expected_version: 1n, reason: 'r', successors: toSecret,
  }))],
  'NOT_PERMITTED, approved by a department that does not read what is linked': (l) => {
    secret(l, 0, {}, { approvers: ['beta'] });
    const envelope = l.sign(clerk, 'register', record('strict', 'B', { ...links, approve_until_ms: l.tip.timeMs + 3_600_000n }));
    return [envelope, l.sign(betaClerk, 'approve', { record: { type: 'strict', id: 'B' }, submission: readTransaction(envelope, l.digest).id })];
  },
  'INVALID_FIELD, an administrator whose time ends': (l) => [enrol(l, 'second', another, [1, 4], { valid_until_ms: l.tip.timeMs + 86_400_000n })],
  'INVALID_FIELD, an administrator whose time begins later': (l) => [enrol(l, 'second', another, [4], { valid_from_ms: 1n })],
};

for (const [name, make] of Object.entries(CASES)) {
  test(`version 1 takes what version 2 refuses: ${name}`, async () => {
    const old = new LedgerBuilder(4, 1);
    old.commit(...make(old));
    await check(old);
    const ledger = new LedgerBuilder(4, 2);
    const envelopes = make(ledger);
    await assert.rejects(check(ledger.collude(envelopes)), (e) => {
      assert.ok(e instanceof Refusal, e.stack);
      assert.equal(e.code, name.split(',')[0], e.message);
      assert.match(e.where, new RegExp(`transaction ${envelopes.length - 1} `));
      return true;
    });
  });
}

test('a delegation given after the enrolment is in force, and stays so when keys are replaced', async () => {
  const l = new LedgerBuilder(4, 2);
  const first = waiting(l);
  l.commit(...again(l, 'deputy', [1]));
  l.commit(delegation(l));
  const key = new Key();
  l.commit(by(l, 'rotate_officer_key', { officer_id: 'deputy', public_key: key.public }), by(l, 'rotate_officer_key', { officer_id: 'head', public_key: new Key().public }));
  l.commit(onBehalf(l, key, first));
  l.commit(by(l, 'revoke_delegation', { delegator: 'head', officer_id: 'deputy' }));
  assert.equal((await check(l)).height, 7);
});

test('who may read a type names its records, and links that are not judged lead anywhere', async () => {
  for (const [definition, strict] of [[{ public_read: true }], [{ readers: ['alpha', 'delta'] }], [{ approvers: ['alpha'] }], [{}, { links_in_force: false }]]) {
    const l = secret(new LedgerBuilder(4, 2), 1, definition, strict);
    l.commit(l.sign(clerk, 'register', record('strict', 'B', links)));
    await check(l);
  }
  const l = secret(new LedgerBuilder(4, 2), 1, {}, { links_in_force: false });
  l.commit(l.sign(betaClerk, 'register', record('secret', 'T', { links: [{ record: { type: 'strict', id: 'A' }, version: 0n }] })));
  await check(l);
});
