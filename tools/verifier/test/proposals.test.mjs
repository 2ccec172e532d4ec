// SPEC "Execution", 16 to 18: proposals, votes and withdrawals that a quorum signed against each rule are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256, tag } from '../lib/bytes.mjs';
import { verifyLedger } from '../lib/ledger.mjs';
import { Parameters, SignedTransaction } from '../lib/messages.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { decode, empty } from '../lib/wire.mjs';
import { Key, LedgerBuilder, texts } from './builder.mjs';

const REPLACE = 3;
const DAYS_30 = 30n * 86_400_000n;

const parameters = (fields) => ({ ...empty(Parameters), ...fields });
const settings = (fields = { leader_blocks_max: 7 }) => ({ kind: 5, parameters: parameters(fields) });
const move = (fields = {}) => ({ kind: 4, department: 'gamma', endpoint: 'gamma.example:7999', ...fields });
const removal = (fields = {}) => ({ kind: 2, department: 'gamma', ...fields });
const suspension = (fields = {}) => ({ kind: 6, department: 'beta', ...fields });
const lifted = (fields = {}) => ({ kind: 7, department: 'beta', ...fields });
const newcomer = (fields = {}) => ({
  kind: 1, department: 'kappa', key: new Key(), names: texts('Kappa'), endpoint: 'kappa.example:7001',
  administrators: [{ officer_id: 'admin', public_key: new Key().public }], ...fields,
});

const check = (ledger) => verifyLedger([ledger.file()], ledger.digest);

/** An envelope in which a department's administrator proposes a change; `forged` as for LedgerBuilder.change. */
function propose(l, by, change, forged) {
  const { change: proposed, new_key_signature } = l.change(change, [], forged);
  return l.sign(l.administrators[by] ?? by, 'propose', { change: proposed, new_key_signature });
}

const idOf = (envelope) => sha256(tag('govchain/tx/v1'), decode(SignedTransaction, envelope).body);
const vote = (l, by, department, proposal, in_favour = true, fields = {}) =>
  l.sign(l.administrators[by] ?? by, 'vote_on_proposal', { department, proposal: idOf(proposal), in_favour, ...fields });
const withdraw = (l, by, proposal, fields = {}) => l.sign(l.administrators[by] ?? by, 'withdraw_proposal', { proposal: idOf(proposal), ...fields });

/** Alpha's proposal, on the ledger, and the votes of those who vote for it. */
function proposed(l, change = settings(), ...voters) {
  const proposal = propose(l, 0, change);
  l.commit(proposal);
  if (voters.length > 0) l.commit(...voters.map((by) => vote(l, by, 'alpha', proposal)));
  return proposal;
}

function passTime(l, blocks) {
  for (let i = 0; i < blocks; i++) l.commit(l.sign(l.administrators[0], 'define_type', { type: `t-${i}`, titles: texts('T') }));
}

test('proposals of every kind are made, voted on, adopted, rejected and withdrawn', async () => {
  const l = new LedgerBuilder();
  const first = proposed(l, settings({ leader_blocks_max: 7, block_transactions_max: 6 }), 0, 1);
  const second = propose(l, 1, move());
  l.commit(vote(l, 2, 'alpha', first), second, vote(l, 3, 'beta', second, false), vote(l, 3, 'beta', second), vote(l, 3, 'beta', second, false));
  l.commit(vote(l, 0, 'beta', second), vote(l, 1, 'beta', second), vote(l, 2, 'beta', second));
  const third = proposed(l, removal());
  l.commit(vote(l, 3, 'alpha', third, false), vote(l, 2, 'alpha', third, false));
  const fourth = proposed(l, removal());
  l.commit(withdraw(l, 0, fourth), propose(l, 2, move({ expires_at_ms: l.tip.timeMs + 1000n + DAYS_30 })));
  l.commit(...[1, 2, 3, 4, 5, 6].map((i) => l.sign(l.administrators[0], 'define_type', { type: `six-${i}`, titles: texts('T') })));
  const fifth = proposed(l, newcomer(), 0, 1, 2);
  const sixth = propose(l, 0, { kind: REPLACE, department: 'gamma', key: new Key() });
  l.commit(sixth, propose(l, 2, move()));
  l.commit(...[0, 1, 2].map((by) => vote(l, by, 'alpha', sixth)), vote(l, 3, 'alpha', sixth));
  assert.notDeepEqual(idOf(fifth), idOf(sixth));
  assert.equal(l.epoch, 2n);
  assert.equal((await check(l)).height, 13);
});

/** A ledger on which beta is suspended. */
function suspended(l) {
  proposed(l, suspension(), 0, 2, 3);
  return l;
}

test('a department is suspended, its key signs on, and the suspension is lifted', async () => {
  const l = new LedgerBuilder();
  const first = proposed(l, suspension(), 0, 2);
  l.commit(vote(l, 3, 'alpha', first), l.sign(l.administrators[1], 'define_type', { type: 'last', titles: texts('T') }));
  proposed(l, lifted(), 0, 2, 3);
  l.commit(l.sign(l.administrators[1], 'define_type', { type: 'again', titles: texts('T') }));
  proposed(l, suspension(), 0, 1, 2);
  const out = propose(l, 0, removal({ department: 'beta' }));
  l.commit(out, vote(l, 0, 'alpha', out), vote(l, 2, 'alpha', out));
  l.commit(vote(l, 3, 'alpha', out), propose(l, 2, suspension({ department: 'gamma' })));
  assert.equal(l.epoch, 1n);
  await check(l);
});

/** Each rule, broken by the last transaction of the last block. */
const BROKEN = {
  'NOT_PERMITTED, a clerk proposes': (l) => {
    const clerk = new Key();
    l.commit(l.sign(l.administrators[0], 'enrol_officer', { officer_id: 'clerk', public_key: clerk.public, roles: [1, 2, 3, 5] }));
    return [propose(l, clerk, settings())];
  },
  'NOT_PERMITTED, a clerk votes': (l) => {
    const clerk = new Key();
    l.commit(l.sign(l.administrators[0], 'enrol_officer', { officer_id: 'clerk', public_key: clerk.public, roles: [1] }));
    return [vote(l, clerk, 'alpha', proposed(l))];
  },
  'UNKNOWN_SIGNER, a validator votes': (l) => [vote(l, l.validators[1], 'alpha', proposed(l))],
  'PROPOSAL_OPEN': (l) => [proposed(l) && propose(l, 0, move())],
  'PROPOSAL_OPEN, in the same block': (l) => [propose(l, 0, move()), propose(l, 0, move())],
  'UNKNOWN_PROPOSAL, of another department': (l) => [vote(l, 1, 'beta', proposed(l))],
  'UNKNOWN_PROPOSAL, an older one': (l) => {
    const first = proposed(l);
    l.commit(withdraw(l, 0, first), propose(l, 0, move()));
    return [vote(l, 1, 'alpha', first)];
  },
  'UNKNOWN_PROPOSAL, withdrawn by another department': (l) => [withdraw(l, 1, proposed(l))],
  'PROPOSAL_DECIDED, adopted': (l) => [vote(l, 3, 'alpha', proposed(l, settings(), 0, 1, 2))],
  'PROPOSAL_DECIDED, in the same block': (l) => {
    const first = proposed(l, settings(), 0, 1);
    return [vote(l, 2, 'alpha', first), vote(l, 3, 'alpha', first)];
  },
  'PROPOSAL_DECIDED, rejected': (l) => {
    const first = proposed(l);
    l.commit(vote(l, 1, 'alpha', first, false), vote(l, 2, 'alpha', first, false));
    return [vote(l, 3, 'alpha', first)];
  },
  'PROPOSAL_DECIDED, withdrawn': (l) => {
    const first = proposed(l);
    return [withdraw(l, 0, first), withdraw(l, 0, first)];
  },
  'OTHER_EPOCH, a vote': (l) => {
    const first = proposed(l, settings(), 0);
    l.commit(l.sign(l.administrators[0], 'change_membership', l.change({ kind: REPLACE, department: 'gamma', key: new Key() })));
    return [vote(l, 2, 'alpha', first)];
  },
  'OTHER_EPOCH, a proposal': (l) => {
    l.commit(l.sign(l.administrators[0], 'change_membership', l.change({ kind: REPLACE, department: 'gamma', key: new Key() })));
    return [propose(l, 0, { ...settings(), epoch: 0n })];
  },
  'OTHER_EPOCH, two changes of the validators in a block': (l) => {
    const first = proposed(l, removal(), 0, 1);
    const second = propose(l, 1, newcomer());
    l.commit(second, vote(l, 0, 'beta', second), vote(l, 1, 'beta', second));
    return [vote(l, 2, 'alpha', first), vote(l, 2, 'beta', second)];
  },
  'PROOF_OUT_OF_RANGE, of an epoch that has not begun': (l) => [propose(l, 0, { ...settings(), epoch: 1n })],
  'EXPIRED, when proposed': (l) => [propose(l, 0, move({ expires_at_ms: l.tip.timeMs + 1000n }))],
  'EXPIRY_TOO_FAR, when proposed': (l) => [propose(l, 0, move({ expires_at_ms: l.tip.timeMs + 1001n + DAYS_30 }))],
  'PROPOSAL_EXPIRED': (l) => {
    const first = proposed(l, move({ expires_at_ms: l.tip.timeMs + 5000n }));
    passTime(l, 3);
    return [vote(l, 1, 'alpha', first)];
  },
  'ALREADY_VOTED': (l) => [vote(l, 1, 'alpha', proposed(l, settings(), 1))],
  'ALREADY_VOTED, against': (l) => {
    const first = proposed(l);
    return [vote(l, 1, 'alpha', first, false), vote(l, 1, 'alpha', first, false)];
  },
  'DEPARTMENT_EXISTS, when proposed': (l) => [propose(l, 0, newcomer({ department: 'gamma' }))],
  'KEY_IN_USE, when proposed': (l) => [propose(l, 0, newcomer({ key: l.validators[0] }))],
  'KEY_IN_USE, when decided': (l) => {
    const key = new Key();
    const first = proposed(l, newcomer({ key }), 0, 1);
    l.commit(l.sign(l.administrators[0], 'enrol_officer', { officer_id: 'new', public_key: key.public, roles: [1] }));
    return [vote(l, 2, 'alpha', first)];
  },
  'UNKNOWN_DEPARTMENT, moved': (l) => [propose(l, 0, move({ department: 'kappa' }))],
  'UNKNOWN_DEPARTMENT, suspended': (l) => [propose(l, 0, suspension({ department: 'kappa' }))],
  'DEPARTMENT_SUSPENDED, an officer of it signs': (l) => [
    suspended(l).sign(l.administrators[1], 'define_type', { type: 'late', titles: texts('T') })],
  'DEPARTMENT_SUSPENDED, its administrator votes': (l) => {
    const first = proposed(suspended(l), move());
    return [vote(l, 1, 'alpha', first)];
  },
  'DEPARTMENT_SUSPENDED, again': (l) => [propose(suspended(l), 0, suspension())],
  'DEPARTMENT_SUSPENDED, when decided': (l) => {
    const first = proposed(l, suspension(), 0, 1);
    const second = propose(l, 1, suspension());
    l.commit(second, vote(l, 0, 'beta', second), vote(l, 1, 'beta', second));
    return [vote(l, 2, 'alpha', first), vote(l, 2, 'beta', second)];
  },
  'NOT_SUSPENDED': (l) => [propose(l, 0, lifted())],
  'QUORUM_SUSPENDED, two of four': (l) => [propose(suspended(l), 0, suspension({ department: 'gamma' }))],
  'QUORUM_SUSPENDED, by a removal': (l) => {
    suspended(l);
    proposed(l, removal({ department: 'delta' }), 0, 2, 3);
    return [propose(l, 0, removal())];
  },
  'PARAMETER_OUT_OF_BOUNDS, by itself': (l) => [propose(l, 0, settings({ leader_blocks_max: 1_000_001 }))],
  'PARAMETER_OUT_OF_BOUNDS, beside another': (l) => [propose(l, 0, settings({ forward_timeout_ms: 5000n }))],
  'PARAMETER_OUT_OF_BOUNDS, a shorter horizon': (l) => [propose(l, 0, settings({ expiry_horizon_ms: 3_599_999n }))],
  'PARAMETER_OUT_OF_BOUNDS, when decided': (l) => {
    const first = proposed(l, settings({ forward_timeout_ms: 4999n }), 0, 1);
    const second = propose(l, 1, settings({ complaint_timeout_ms: 3000n }));
    l.commit(second, vote(l, 0, 'beta', second), vote(l, 1, 'beta', second));
    return [vote(l, 2, 'alpha', first), vote(l, 2, 'beta', second)];
  },
  'INVALID_SIGNATURE, another than the new key signed': (l) => [propose(l, 0, newcomer(), { newKeySigner: new Key() })],
  'INVALID_FIELD, no change': (l) => [l.sign(l.administrators[0], 'propose', {})],
  'INVALID_FIELD, an unknown kind': (l) => [propose(l, 0, move({ kind: 10 }))],
  'INVALID_FIELD, signed instead of voted on': (l) => [l.sign(l.administrators[0], 'change_membership', l.change(settings()))],
  'INVALID_FIELD, a suspension signed instead of voted on': (l) => [l.sign(l.administrators[0], 'change_membership', l.change(suspension()))],
  'INVALID_FIELD, a suspension with an endpoint': (l) => [propose(l, 0, suspension({ endpoint: 'a.example:1' }))],
  'INVALID_FIELD, parameters of a department': (l) => [propose(l, 0, { ...settings(), department: 'gamma' })],
  'INVALID_FIELD, no parameters': (l) => [propose(l, 0, { kind: 5 })],
  'INVALID_FIELD, no parameter': (l) => [propose(l, 0, settings({}))],
  'INVALID_FIELD, parameters with an endpoint': (l) => [propose(l, 0, { ...settings(), endpoint: 'a.example:1' })],
  'INVALID_FIELD, parameters with an administrator': (l) => [propose(l, 0, { ...settings(), administrators: newcomer().administrators })],
  'INVALID_FIELD, a removal with parameters': (l) => [propose(l, 0, { ...removal(), parameters: parameters({}) })],
  'INVALID_FIELD, a move of nobody': (l) => [propose(l, 0, move({ department: '' }))],
  'INVALID_FIELD, a move to nowhere': (l) => [propose(l, 0, move({ endpoint: 'gamma' }))],
  'INVALID_FIELD, a new key that did not sign': (l) => [
    l.sign(l.administrators[0], 'propose', { change: l.change(newcomer()).change })],
  'INVALID_FIELD, a removal that a key signed': (l) => [
    l.sign(l.administrators[0], 'propose', { change: l.change(removal()).change, new_key_signature: l.change(newcomer()).new_key_signature })],
  'INVALID_FIELD, a vote on 31 bytes': (l) => [vote(l, 1, 'alpha', proposed(l), true, { proposal: Buffer.alloc(31) })],
  'INVALID_FIELD, a vote on the proposal of no name': (l) => [vote(l, 1, '', proposed(l))],
  'INVALID_FIELD, a vote for a long reason': (l) => [vote(l, 1, 'alpha', proposed(l), true, { reason: 'x'.repeat(1025) })],
  'INVALID_FIELD, a withdrawal of 31 bytes': (l) => [withdraw(l, 0, proposed(l), { proposal: Buffer.alloc(31) })],
  'INVALID_FIELD, a withdrawal for a long reason': (l) => [withdraw(l, 0, proposed(l), { reason: 'x'.repeat(1025) })],
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

test('a header is of the parameters before its block', async () => {
  const l = new LedgerBuilder();
  proposed(l, settings({ block_transactions_max: 1 }), 0, 1, 2);
  const two = [1, 2].map((i) => l.sign(l.administrators[0], 'define_type', { type: `t-${i}`, titles: texts('T') }));
  await assert.rejects(check(l.collude(two)), /2 transactions; 1 to 1 are allowed/);
});
