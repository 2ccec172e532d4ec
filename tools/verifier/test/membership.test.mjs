// SPEC "Execution", 10, and "Validator set": changes of the validators that a quorum signed against each rule are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyLedger } from '../lib/ledger.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { Key, LedgerBuilder, texts, twin } from './builder.mjs';

const ADMIT = 1;
const REMOVE = 2;
const REPLACE = 3;
const DAYS_30 = 30n * 86_400_000n;

const newcomer = (fields = {}) => ({
  kind: ADMIT, department: 'kappa', key: new Key(), names: texts('Kappa'), endpoint: 'kappa.example:7001',
  administrators: [{ officer_id: 'admin', public_key: new Key().public }], ...fields,
});
const replacement = (fields = {}) => ({ kind: REPLACE, department: 'gamma', key: new Key(), ...fields });
const removal = (fields = {}) => ({ kind: REMOVE, department: 'gamma', ...fields });

const sign = (l, fields) => l.sign(l.administrators[0], 'change_membership', fields);
const submit = (l, change, ...rest) => sign(l, l.change(change, ...rest));
const check = (ledger) => verifyLedger([ledger.file()], ledger.digest);
const enrol = (l, department, officer_id, key, roles, fields = {}) =>
  l.sign(l.administrators[department], 'enrol_officer', { officer_id, public_key: key.public, roles, ...fields });

test('an admission, a new key and a removal are whole, each block under the set of its epoch', async () => {
  const ledger = new LedgerBuilder();
  const admin = new Key();
  ledger.commit(submit(ledger, newcomer({ administrators: [{ officer_id: 'admin', public_key: admin.public }] })));
  const four = [...ledger.administrators.slice(0, 3), admin];
  ledger.commit(submit(ledger, replacement(), four), ledger.sign(admin, 'define_type', { type: 'permit', titles: texts('Permit') }));
  ledger.commit(submit(ledger, removal({ department: 'alpha', expires_at_ms: ledger.tip.timeMs + 1000n + DAYS_30 }), four));
  ledger.commit(ledger.sign(admin, 'define_type', { type: 'permit', expected_version: 1n, titles: texts('Permits') }));
  const found = await check(ledger);
  assert.equal(found.height, 4);
  assert.equal(ledger.epoch, 3n);
  assert.equal(found.signatures, (1 + 4) + 3 + (1 + 5) + 1 + 4 + (1 + 4) + 4 + 1 + 3);
});

/** Each rule, broken by the last transaction of the last block. */
const BROKEN = {
  'PROOF_OUT_OF_RANGE, approved for an epoch that has not begun': (l) => [submit(l, newcomer({ epoch: 1n }))],
  'OTHER_EPOCH, approved for the one before': (l) => {
    const again = sign(l, l.change(replacement({ department: 'delta' })));
    l.commit(submit(l, newcomer()));
    return [again];
  },
  'OTHER_EPOCH, the second in a block': (l) => [submit(l, newcomer()), submit(l, replacement())],
  'EXPIRED, the approvals': (l) => [submit(l, newcomer({ expires_at_ms: l.tip.timeMs + 1000n }))],
  'EXPIRY_TOO_FAR, the approvals': (l) => [submit(l, newcomer({ expires_at_ms: l.tip.timeMs + 1001n + DAYS_30 }))],
  'INVALID_PROOF, one approval too few': (l) => [submit(l, newcomer(), l.administrators.slice(0, 2))],
  'INVALID_PROOF, two of one department': (l) => {
    const second = new Key();
    l.commit(enrol(l, 0, 'second', second, [4]));
    return [submit(l, newcomer(), [...l.administrators.slice(0, 2), second])];
  },
  'INVALID_PROOF, a clerk': (l) => {
    const clerk = new Key();
    l.commit(enrol(l, 2, 'clerk', clerk, [1]));
    return [submit(l, newcomer(), [...l.administrators.slice(0, 2), clerk])];
  },
  'INVALID_PROOF, a stranger': (l) => [submit(l, newcomer(), [...l.administrators.slice(0, 3), new Key()])],
  'INVALID_PROOF, a validator': (l) => [submit(l, newcomer(), [...l.administrators.slice(0, 2), l.validators[2]])],
  'INVALID_PROOF, an administrator of the same block': (l) => {
    const fresh = new Key();
    return [enrol(l, 2, 'fresh', fresh, [4]), submit(l, newcomer(), [...l.administrators.slice(0, 2), fresh])];
  },
  'INVALID_PROOF, an administrator whose time is over': (l) => {
    const late = new Key();
    l.commit(enrol(l, 2, 'late', late, [4], { valid_until_ms: l.tip.timeMs + 2000n }));
    return [submit(l, newcomer(), [...l.administrators.slice(0, 2), late])];
  },
  'INVALID_PROOF, of a department that has left': (l) => {
    l.commit(submit(l, removal()));
    return [submit(l, newcomer(), [l.administrators[0], l.administrators[1], l.administrators[3]])];
  },
  'KEY_IN_USE, a validator\'s': (l) => [submit(l, replacement({ key: l.validators[0] }))],
  'KEY_IN_USE, an administrator\'s': (l) => [submit(l, newcomer({ key: l.administrators[0] }))],
  'KEY_IN_USE, one that a validator had': (l) => {
    const old = l.validators[3];
    l.commit(submit(l, replacement()));
    return [submit(l, replacement({ key: old }))];
  },
  'KEY_IN_USE, of the newcomer\'s administrator': (l) => [
    submit(l, newcomer({ administrators: [{ officer_id: 'admin', public_key: l.administrators[1].public }] }))],
  'KEY_IN_USE, enrolled in the same block': (l) => {
    const key = new Key();
    return [enrol(l, 0, 'new', key, [1]), submit(l, newcomer({ key }))];
  },
  'DEPARTMENT_EXISTS': (l) => [submit(l, newcomer({ department: 'gamma' }))],
  'DEPARTMENT_EXISTS, one that has left': (l) => {
    l.commit(submit(l, removal()));
    return [submit(l, newcomer({ department: 'gamma' }), l.administrators.slice(0, 3))];
  },
  'UNKNOWN_DEPARTMENT, removed': (l) => [submit(l, removal({ department: 'kappa' }))],
  'UNKNOWN_DEPARTMENT, with a new key': (l) => [submit(l, replacement({ department: 'kappa' }))],
  'UNKNOWN_DEPARTMENT, one that has left': (l) => {
    l.commit(submit(l, removal()));
    return [submit(l, replacement(), l.administrators.slice(0, 3))];
  },
  'SIGNER_REVOKED, an officer of a department that has left': (l) => {
    l.commit(submit(l, removal()));
    return [l.sign(l.administrators[3], 'define_type', { type: 'permit', titles: texts('Permit') })];
  },
  'SIGNER_REVOKED, a validator\'s old key': (l) => {
    const old = l.validators[3];
    l.commit(submit(l, replacement()));
    return [l.sign(old, 'suspend_leader', l.suspension(1n, 0))];
  },
  'UNKNOWN_SIGNER, of a department admitted in the same block': (l) => {
    const admin = new Key();
    return [submit(l, newcomer({ administrators: [{ officer_id: 'admin', public_key: admin.public }] })),
      l.sign(admin, 'define_type', { type: 'permit', titles: texts('Permit') })];
  },
  'INVALID_SIGNATURE, approvals of another change': (l) => {
    const change = newcomer();
    const { change: other } = l.change({ ...change, department: 'omega' });
    return [submit(l, change, undefined, { approvals: other })];
  },
  'INVALID_SIGNATURE, the new key signed another change': (l) => {
    const change = newcomer();
    const { change: other } = l.change({ ...change, department: 'omega' });
    return [submit(l, change, undefined, { newKey: other })];
  },
  'INVALID_SIGNATURE, by another than the new key': (l) => [submit(l, newcomer(), undefined, { newKeySigner: new Key() })],
  'INVALID_FIELD, no kind': (l) => [submit(l, replacement({ kind: 0 }))],
  'INVALID_FIELD, an unknown kind': (l) => [submit(l, replacement({ kind: 4 }))],
  'INVALID_FIELD, no expiry': (l) => [submit(l, newcomer({ expires_at_ms: 0n }))],
  'INVALID_FIELD, no department': (l) => [submit(l, newcomer({ department: 'Kappa' }))],
  'INVALID_FIELD, a long reason': (l) => [submit(l, newcomer({ reason: 'x'.repeat(1025) }))],
  'INVALID_FIELD, no endpoint': (l) => [submit(l, newcomer({ endpoint: 'kappa' }))],
  'INVALID_FIELD, no name': (l) => [submit(l, newcomer({ names: [] }))],
  'INVALID_FIELD, no administrator': (l) => [submit(l, newcomer({ administrators: [] }))],
  'INVALID_FIELD, administrators out of order': (l) => [submit(l, newcomer({
    administrators: ['b', 'a'].map((officer_id) => ({ officer_id, public_key: new Key().public })) }))],
  'INVALID_FIELD, an administrator without a name': (l) => [submit(l, newcomer({ administrators: [{ officer_id: 'ä', public_key: new Key().public }] }))],
  'INVALID_FIELD, an administrator\'s key that is none': (l) => [submit(l, newcomer({ administrators: [{ officer_id: 'a', public_key: Buffer.alloc(33) }] }))],
  'INVALID_FIELD, an administrator with the validator\'s key': (l) => {
    const key = new Key();
    return [submit(l, newcomer({ key, administrators: [{ officer_id: 'a', public_key: key.public }] }))];
  },
  'INVALID_FIELD, a removal with a name': (l) => [submit(l, removal({ names: texts('Gamma') }))],
  'INVALID_FIELD, a removal with a key': (l) => [submit(l, removal({ validator_key: new Key().public }))],
  'INVALID_FIELD, a removal that a key signed': (l) => [sign(l, { ...l.change(removal()), new_key_signature: l.change(newcomer()).new_key_signature })],
  'INVALID_FIELD, an admission without a key': (l) => [submit(l, newcomer({ key: undefined }))],
  'INVALID_FIELD, a new key that did not sign': (l) => [sign(l, { ...l.change(newcomer()), new_key_signature: Buffer.alloc(0) })],
  'INVALID_FIELD, no change': (l) => [sign(l, { ...l.change(removal()), change: null })],
  'INVALID_FIELD, no approval': (l) => [sign(l, { ...l.change(removal()), approvals: [] })],
  'INVALID_FIELD, approvals out of order': (l) => {
    const fields = l.change(removal());
    return [sign(l, { ...fields, approvals: fields.approvals.reverse() })];
  },
  'INVALID_FIELD, an approval twice': (l) => {
    const fields = l.change(removal());
    return [sign(l, { ...fields, approvals: [fields.approvals[0], ...fields.approvals] })];
  },
  'INVALID_FIELD, a high-s approval': (l) => {
    const fields = l.change(removal());
    fields.approvals[1].signature = twin(fields.approvals[1].signature);
    return [sign(l, fields)];
  },
  'INVALID_FIELD, an approval of no key': (l) => {
    const fields = l.change(removal());
    fields.approvals[0].signer = Buffer.alloc(33);
    return [sign(l, fields)];
  },
};

for (const [name, make] of Object.entries(BROKEN)) {
  test(`a quorum signs against ${name}`, async () => {
    const ledger = new LedgerBuilder();
    const envelopes = make(ledger);
    await assert.rejects(check(ledger.collude(envelopes)), (e) => {
      assert.ok(e instanceof Refusal, e.stack);
      assert.equal(e.code, name.split(',')[0], e.message);
      assert.match(e.message, new RegExp(`transaction ${envelopes.length - 1} `));
      return true;
    });
  });
}

test('the only department stays', async () => {
  const ledger = new LedgerBuilder(1);
  ledger.collude([submit(ledger, removal({ department: 'alpha' }), ledger.administrators)]);
  await assert.rejects(check(ledger), /MEMBERSHIP_LIMIT|only department/);
});

test('a header that names another next set than the block\'s change gives is refused', async () => {
  for (const nextSetHash of [undefined, Buffer.alloc(32, 5)]) {
    const ledger = new LedgerBuilder();
    await assert.rejects(check(ledger.collude([submit(ledger, newcomer())], { nextSetHash })), /header, nextSetHash/);
  }
  const ledger = new LedgerBuilder();
  const plain = ledger.sign(ledger.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit') });
  await assert.rejects(check(ledger.collude([plain], { nextSetHash: Buffer.alloc(32, 5) })), /header, nextSetHash/);
});

test('the old set certifies nothing after its epoch, nor the new one before', async () => {
  const admin = (l) => l.sign(l.administrators[0], 'define_type', { type: 'permit', titles: texts('Permit') });
  const ledger = new LedgerBuilder();
  const old = { validators: ledger.validators, set: ledger.set };
  ledger.commit(submit(ledger, replacement()));
  const current = { validators: ledger.validators, set: ledger.set };
  Object.assign(ledger, old);
  await assert.rejects(check(ledger.collude([admin(ledger)])), /block 2, header, setHash/);
  const second = new LedgerBuilder();
  second.commit(submit(second, replacement()));
  second.epoch = 0n;
  await assert.rejects(check(second.collude([admin(second)])), /block 2, header, epoch/);
  assert.notDeepEqual(old.set.hash, current.set.hash);
});
