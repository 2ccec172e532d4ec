// Receipts that a quorum made up: everything is proven, and the signer could not sign, or did not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../lib/bytes.mjs';
import { leafHash } from '../lib/log-tree.mjs';
import { OfficerKeyState } from '../lib/messages.mjs';
import { verifyReceipt } from '../lib/receipt.mjs';
import { KIND, stateKey } from '../lib/state.mjs';
import { leafHash as stateLeafHash } from '../lib/state-tree.mjs';
import { empty, encode } from '../lib/wire.mjs';
import { Key, LedgerBuilder, texts } from './builder.mjs';

const base64 = (bytes) => bytes.toString('base64');

/** A receipt of block 2, whose state is one value: that of the signer's key, with one interval. */
function receiptOf(interval, spoil = () => {}) {
  const ledger = new LedgerBuilder();
  const clerk = new Key();
  const first = ledger.sign(ledger.administrators[0], 'define_type', { type: 'licence', titles: texts('Licence') });
  ledger.commit(first);
  const envelope = ledger.sign(clerk, 'register', {
    record: { type: 'licence', id: 'A-1' },
    payload: { kind: { name: 'inline', value: { media_type: 'text/plain', content: Buffer.from('x') } } },
  });
  spoil(envelope);
  const timeMs = ledger.tip.timeMs + 1000n;
  const fields = { ...empty(OfficerKeyState.fields[2].message), department: 'alpha', officer_id: 'clerk', roles: [1], ...interval(timeMs) };
  const value = encode(OfficerKeyState, { public_key: clerk.public, intervals: [fields], validator_intervals: [] });
  const before = sha256(Buffer.from([1]), leafHash(ledger.genesis.leaf), leafHash(first));
  ledger.collude([envelope], {
    logRoot: sha256(Buffer.from([1]), before, leafHash(envelope)),
    stateRoot: stateLeafHash(sha256(stateKey(KIND.key, clerk.public)), sha256(value)),
  });
  const { header, certificate } = JSON.parse(ledger.lines.at(-2));
  const body = envelope.subarray(envelope[1] < 0x80 ? 2 : 3, envelope.length - 66);
  return { digest: ledger.digest, file: Buffer.from(`${JSON.stringify({
    format: 'govchain-receipt-1',
    summary: {
      network: 'test',
      chainId: ledger.digest.toString('hex'),
      transactionId: sha256(Buffer.from('govchain/tx/v1\0\0'), body).toString('hex'),
      action: 'register',
      type: 'licence',
      recordId: 'A-1',
      version: 1,
      department: 'alpha',
      officer: 'clerk',
      height: 2,
      recordedAt: new Date(Number(timeMs)).toISOString(),
    },
    genesisBody: base64(ledger.body),
    envelope: base64(envelope),
    position: 2,
    inclusionPath: [before.toString('hex')],
    block: { header, certificate },
    signer: { value: base64(value), path: [] },
    epochs: [],
  }, null, 2)}\n`) };
}

const verify = ({ file, digest }) => verifyReceipt(file, digest);

test('a receipt whose signer could sign in its block is valid, at the edges of the time too', () => {
  for (const interval of [() => ({}), () => ({ first_height: 2n, last_height: 2n }),
    (timeMs) => ({ valid_from_ms: timeMs, valid_until_ms: timeMs + 1n })])
    assert.equal(verify(receiptOf(interval)).officer, 'clerk');
});

for (const [name, interval] of Object.entries({
  'enrolled later': () => ({ first_height: 3n }),
  'revoked before': () => ({ first_height: 1n, last_height: 1n }),
  'valid from a later time': (timeMs) => ({ valid_from_ms: timeMs + 1n }),
  'valid until that time': (timeMs) => ({ valid_until_ms: timeMs }),
})) {
  test(`a receipt whose signer is ${name} is refused, whoever signed it`, () => {
    assert.throws(() => verify(receiptOf(interval)), /signer, value: the signer could not sign in this block/);
  });
}

test('a receipt whose transaction is not signed is refused, whoever signed the block', () => {
  const spoil = (envelope) => { envelope[envelope.length - 1] ^= 1; };
  assert.throws(() => verify(receiptOf(() => ({}), spoil)), /^Refusal: envelope, signature/);
});
