// SPEC "Protocol versions": how a ledger goes on to the next version, and what a quorum signs against that is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256, tag } from '../lib/bytes.mjs';
import { verifyLedger } from '../lib/ledger.mjs';
import { SignedTransaction } from '../lib/messages.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { State } from '../lib/state.mjs';
import { foundVersion, requireActive } from '../lib/versions.mjs';
import { decode } from '../lib/wire.mjs';
import { LedgerBuilder, texts } from './builder.mjs';

const AHEAD_MS = 366n * 86_400_000n;

/** The version holds from the block after the one that is `blocks` after the next; the votes end then. */
const schedule = (l, version, blocks, fields = {}) => {
  const from_ms = l.tip.timeMs + 1000n + 1000n * BigInt(blocks);
  return { kind: 8, expires_at_ms: from_ms, protocol: { version, from_ms }, ...fields };
};
const callOff = (fields = {}) => ({ kind: 9, ...fields });
const check = (l) => verifyLedger([l.file()], l.digest);
const idOf = (envelope) => sha256(tag('govchain/tx/v1'), decode(SignedTransaction, envelope).body);

function propose(l, change, by = 0) {
  const { change: proposed, new_key_signature } = l.change(change, []);
  return l.sign(l.administrators[by], 'propose', { change: proposed, new_key_signature });
}

const vote = (l, by, proposal, department = 'alpha') =>
  l.sign(l.administrators[by], 'vote_on_proposal', { department, proposal: idOf(proposal), in_favour: true });

/** Proposed by alpha, and voted for by a quorum: two blocks. */
function decide(l, change) {
  const proposal = propose(l, change);
  l.commit(proposal);
  l.commit(...[0, 1, 2].map((by) => vote(l, by, proposal)));
}

let types = 0;
const pass = (l, blocks) => {
  for (let i = 0; i < blocks; i++) l.commit(l.sign(l.administrators[0], 'define_type', { type: `t-${types++}`, titles: texts('T') }));
};

test('a ledger goes on to version 2 by a proposal, and to no block of version 3', async () => {
  const l = new LedgerBuilder();
  decide(l, schedule(l, 2, 4));
  pass(l, 4);
  decide(l, schedule(l, 3, 3)); // the next one by now
  pass(l, 1);
  assert.equal((await check(l)).height, 9);
  pass(l, 2);
  await assert.rejects(check(l), (e) => {
    assert.ok(e instanceof Refusal, e.stack);
    assert.match(e.message, /protocol version: 3, and this program executes 1 to 2/);
    return true;
  });
});

test('what is scheduled is moved, and called off in the block that would end the old version', async () => {
  const l = new LedgerBuilder(4, 2);
  decide(l, schedule(l, 3, 20));
  decide(l, schedule(l, 3, 6));
  const end = propose(l, callOff());
  l.commit(end, vote(l, 0, end), vote(l, 1, end));
  pass(l, 3);
  l.commit(vote(l, 2, end));
  pass(l, 4);
  assert.equal((await check(l)).height, 13);
});

test('an action is valid from its version on', () => {
  for (const version of [1, 2]) {
    const state = new State();
    foundVersion(state, version);
    state.commit();
    requireActive(state, 'register');
    if (version >= 2) requireActive(state, 'post_read_root');
    else assert.throws(() => requireActive(state, 'post_read_root'), (e) => e.code === 'NOT_ACTIVE');
  }
});

/** Each rule, broken by the last transaction of the last block. */
const BROKEN = {
  'NOT_NEXT_VERSION, one is skipped': (l) => [propose(l, schedule(l, 3, 3))],
  'NOT_NEXT_VERSION, the one that holds': (l) => {
    decide(l, schedule(l, 2, 3));
    pass(l, 3);
    return [propose(l, schedule(l, 2, 3))];
  },
  'NOT_NEXT_VERSION, when decided': (l) => {
    const late = propose(l, schedule(l, 2, 30), 1);
    l.commit(late, vote(l, 0, late, 'beta'), vote(l, 1, late, 'beta'));
    decide(l, schedule(l, 2, 2));
    pass(l, 1);
    return [vote(l, 2, late, 'beta')];
  },
  'NOT_SCHEDULED': (l) => [propose(l, callOff())],
  'NOT_SCHEDULED, it holds by now': (l) => {
    decide(l, schedule(l, 2, 2));
    pass(l, 1);
    return [propose(l, callOff())];
  },
  'INVALID_FIELD, version 1': (l) => [propose(l, schedule(l, 1, 3))],
  'INVALID_FIELD, no version': (l) => [propose(l, schedule(l, 2, 3, { protocol: null }))],
  'INVALID_FIELD, before the vote ends': (l) => [propose(l, schedule(l, 2, 3, { expires_at_ms: l.tip.timeMs + 4001n }))],
  'INVALID_FIELD, more than a year after it': (l) => {
    const change = schedule(l, 2, 3);
    return [propose(l, { ...change, protocol: { version: 2, from_ms: change.expires_at_ms + AHEAD_MS + 1n } })];
  },
  'INVALID_FIELD, of a department': (l) => [propose(l, schedule(l, 2, 3, { department: 'beta' }))],
  'INVALID_FIELD, called off with a version': (l) => [propose(l, callOff({ protocol: { version: 2, from_ms: l.tip.timeMs + 86_400_000n } }))],
  'INVALID_FIELD, called off for a department': (l) => [propose(l, callOff({ department: 'beta' }))],
  'INVALID_FIELD, signed instead of voted on': (l) => [l.sign(l.administrators[0], 'change_membership', l.change(schedule(l, 2, 3)))],
};

for (const [name, make] of Object.entries(BROKEN)) {
  test(`a quorum signs against ${name}`, async () => {
    const ledger = new LedgerBuilder();
    const envelopes = make(ledger);
    await assert.rejects(check(ledger.collude(envelopes)), (e) => {
      assert.ok(e instanceof Refusal, e.stack);
      assert.equal(e.code, name.split(',')[0], e.message);
      return true;
    });
  });
}

test('a version that is due a year after its vote is taken', async () => {
  const l = new LedgerBuilder();
  const change = schedule(l, 2, 3);
  decide(l, { ...change, protocol: { version: 2, from_ms: change.expires_at_ms + AHEAD_MS } });
  await check(l);
});
