import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { refuseFlippedExports, refuseFlippedReceipts, refuseForgedExports, refuseForgedReceipts, seedOf } from './tampering.mjs';
import { hex, vectorBytes, vectors } from './vectors.mjs';

const { genesisDigest, receipts } = vectors('receipt');
const files = receipts.map(({ file }) => Buffer.from(file));
const ledger = vectorBytes('ledger.ndjson');
const { chainId } = JSON.parse(ledger.subarray(0, ledger.indexOf('\n')));

files.forEach((file, i) => test(`receipt: every bit flipped is refused, and every truncation: ${receipts[i].name}`, () => {
  refuseFlippedReceipts(file, hex(genesisDigest));
}));

test('receipt: parts of another receipt, twins and doubled signers are refused', () => {
  refuseForgedReceipts(files[0], files[1], hex(genesisDigest));
  refuseForgedReceipts(files[1], files[0], hex(genesisDigest));
});

test('export: flipped bits are refused', async (t) => {
  const seed = seedOf();
  t.diagnostic(`SEED=${seed}`);
  await refuseFlippedExports(ledger, hex(chainId), 500, seed);
});

test('export: swapped, dropped, doubled, exchanged and cut parts are refused with their place', async (t) => {
  const seed = seedOf();
  t.diagnostic(`SEED=${seed}`);
  await refuseForgedExports(ledger, hex(chainId), seed);
});

test('the command: exit codes 0, 1 and 2, and what it prints', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'govchain-verify-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const run = (args, input) => {
    const program = fileURLToPath(new URL('../verify.mjs', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8' });
    assert.doesNotMatch(stderr + stdout, /\n {4}at /, 'no stack trace');
    return { status, stdout, stderr };
  };
  const receipt = write('receipt.json', files[0]);
  const cut = write('cut.ndjson', ledger.subarray(0, -9));

  const valid = run(['receipt', receipt, '--genesis-digest', genesisDigest, '--json']);
  assert.equal(valid.status, 0, valid.stderr);
  assert.equal(JSON.parse(valid.stdout).transactionId, JSON.parse(files[0]).summary.transactionId);
  const whole = run(['ledger', '-', '--genesis-digest', chainId], ledger);
  assert.equal(whole.status, 0, whole.stderr);
  assert.match(whole.stdout, /^WHOLE: -\n {2}chainId/);

  const refused = run(['ledger', cut, '--genesis-digest', chainId]);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /^REFUSED: .*\n {2}where {2}line \d+\n {2}what {3}the file ends within the line\n/);
  const foreign = run(['receipt', receipt, '--genesis-digest', '00'.repeat(32), '--json']);
  assert.equal(foreign.status, 1);
  assert.deepEqual(Object.keys(JSON.parse(foreign.stdout)), ['ok', 'where', 'what', 'code']);

  for (const args of [[], ['receipt'], ['receipt', receipt], ['tile', receipt, '--genesis-digest', genesisDigest],
    ['receipt', receipt, '--genesis-digest', 'abc'], ['receipt', join(folder, 'none'), '--genesis-digest', genesisDigest],
    ['ledger', folder, '--genesis-digest', chainId], ['receipt', receipt, '--what']]) {
    const wrong = run(args);
    assert.equal(wrong.status, 2, args.join(' '));
    assert.match(wrong.stderr, /./);
  }
  assert.equal(run(['--help']).status, 0);
});
