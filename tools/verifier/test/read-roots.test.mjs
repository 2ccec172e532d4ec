// Roots of read logs on exported ledgers: a chain for each department, and what a quorum signed against its rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyLedger } from '../lib/ledger.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { LedgerBuilder } from './builder.mjs';

const HOUR = 3_600_000n;
const check = (ledger) => verifyLedger([ledger.file()], ledger.digest);
const root = (number, first_entry, last_entry, fields = {}) => ({ number, first_entry, last_entry, head: Buffer.alloc(32, 7), ...fields });
const post = (l, department, ...fields) => l.sign(l.validators[department], 'post_read_root', root(...fields));

/** A ledger on which alpha has a root over four entries, and the next block is an hour later. */
function begun() {
  const ledger = new LedgerBuilder(4, 2);
  ledger.commit(post(ledger, 0, 1n, 1n, 4n));
  ledger.stepMs = HOUR;
  return ledger;
}

test('each department has a chain of roots, and a log that is begun anew is one more log', async () => {
  const ledger = begun();
  ledger.commit(post(ledger, 0, 2n, 5n, 5n), post(ledger, 1, 1n, 1n, 2n ** 64n - 1n));
  ledger.commit(post(ledger, 0, 3n, 1n, 2n), post(ledger, 1, 2n, 1n, 1n));
  ledger.commit(post(ledger, 0, 4n, 3n, 9n));
  assert.equal((await check(ledger)).height, 4);
});

test('a ledger of version 1 has no roots', async () => {
  const ledger = new LedgerBuilder();
  ledger.collude([post(ledger, 0, 1n, 1n, 4n)]);
  await assert.rejects(check(ledger), (e) => e instanceof Refusal && e.code === 'NOT_ACTIVE');
});

/** Each rule, broken at the end of a block that a quorum signed all the same. */
const BROKEN = {
  'VERSION_CONFLICT, the number of the one before': (l) => [post(l, 0, 1n, 5n, 6n)],
  'VERSION_CONFLICT, twice in a block': (l) => [post(l, 1, 1n, 1n, 1n), post(l, 1, 1n, 1n, 2n)],
  'VERSION_AHEAD, a number left out': (l) => [post(l, 0, 3n, 5n, 6n)],
  'READ_ROOT_NOT_NEXT, an entry left out': (l) => [post(l, 0, 2n, 6n, 6n)],
  'READ_ROOT_NOT_NEXT, an entry twice': (l) => [post(l, 0, 2n, 4n, 6n)],
  'READ_ROOT_NOT_NEXT, the first of all': (l) => [post(l, 1, 1n, 2n, 2n)],
  'READ_ROOT_TOO_SOON, a millisecond': (l) => { l.stepMs = HOUR - 1n; return [post(l, 0, 2n, 5n, 5n)]; },
  'READ_ROOT_TOO_SOON, in the same block': (l) => [post(l, 1, 1n, 1n, 1n), post(l, 1, 2n, 2n, 2n)],
  'INVALID_FIELD, no number': (l) => [post(l, 0, 0n, 5n, 5n)],
  'INVALID_FIELD, no first entry': (l) => [post(l, 0, 2n, 0n, 5n)],
  'INVALID_FIELD, ends before it begins': (l) => [post(l, 0, 2n, 5n, 4n)],
  'INVALID_FIELD, no hash': (l) => [post(l, 0, 2n, 5n, 5n, { head: Buffer.alloc(31, 7) })],
  'UNKNOWN_SIGNER, an administrator': (l) => [l.sign(l.administrators[0], 'post_read_root', root(2n, 5n, 5n))],
};

for (const [name, make] of Object.entries(BROKEN)) {
  test(`a quorum signs a root against a rule: ${name}`, async () => {
    const ledger = begun();
    ledger.collude(make(ledger));
    await assert.rejects(check(ledger), (e) => {
      assert.ok(e instanceof Refusal, e.stack);
      assert.equal(e.code, name.split(',')[0]);
      return true;
    });
  });
}
