// A real network of departments: what its node exports and what its receipts say holds here too. Runs with the path of the
// built program in GOVCHAIN:  GOVCHAIN=./govchain node --test tools/verifier/test/devnet.test.mjs
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { refuseFlippedExports, refuseForgedExports, refuseForgedReceipts, seedOf } from './tampering.mjs';
import { hex } from './vectors.mjs';

const PATIENCE_MS = 300_000;
const program = process.env.GOVCHAIN && resolve(process.env.GOVCHAIN);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Starts a network; comes back when it stands, with what it said about itself. */
function startNetwork(folder) {
  const network = spawn(program, ['devnet', '--dir', folder, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((done) => { network.on('close', done); });
  const ready = new Promise((done, fail) => {
    let [said, complained] = ['', ''];
    network.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (said.endsWith('\n}\n')) done(JSON.parse(said));
    });
    network.stderr.setEncoding('utf8').on('data', (text) => { complained += text; });
    network.on('error', fail);
    network.on('close', (code) => fail(new Error(`devnet ended with ${code}: ${complained}`)));
    setTimeout(() => fail(new Error(`devnet did not stand after ${PATIENCE_MS} ms: ${complained}`)), PATIENCE_MS).unref();
  });
  const stop = async () => {
    network.kill('SIGTERM');
    await ended;
  };
  return { ready, stop };
}

function run(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: PATIENCE_MS });
  assert.equal(error, undefined);
  return { status, stdout, stderr };
}

function succeed(command, ...args) {
  const { status, stdout, stderr } = run(command, ...args);
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

const verify = (...args) => run(process.execPath, here('../verify.mjs'), ...args);

test('a real network', { skip: program ? false : 'GOVCHAIN does not name the built program' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'govchain-opinion-'));
  const at = (...parts) => join(folder, ...parts);
  const { ready, stop } = startNetwork(at('net'));
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });
  const network = await ready;
  assert.equal(network.ok, true);
  const digest = network.genesisDigest;
  const [first, second] = network.departments;
  const register = (id, content, ...more) => run(here('../../examples/register.sh'), '--node', first.clients, '--ca', network.ca,
    '--genesis-digest', digest, '--key', at('net', first.id, 'clerk-1.pem'), '--passphrase-file', at('net', first.id, 'passphrase'),
    '--type', network.imports[0].type, '--id', id, '--content', content, ...more);

  await t.test('the shell example registers records whose receipts verify', () => {
    // Half of all signatures begin with high s, so that several show both ways.
    for (let i = 0; i < 6; i++) {
      const done = register(`SHELL+${i}`, '{"name":"Bäckerei 面包店 100%\\n"}', '--reason', 'first entry', '-o', at('receipt.json'));
      assert.equal(done.status, 0, done.stdout + done.stderr);
      const said = verify('receipt', at('receipt.json'), '--genesis-digest', digest, '--json');
      assert.equal(said.status, 0, said.stdout + said.stderr);
      const { recordId, department, action } = JSON.parse(said.stdout);
      assert.deepEqual([recordId, department, action], [`SHELL+${i}`, first.id, 'register']);
      succeed(program, 'receipt', 'verify', at('receipt.json'), '--genesis-digest', digest);
    }
  });

  await t.test('the shell example registers a long file of another media type', () => {
    const text = 'Straße, 60.000 Bytes: '.padEnd(59_999, 'x');
    writeFileSync(at('long.txt'), text);
    const done = register('SHELL-LONG', '', '--content-file', at('long.txt'), '--media-type', 'text/plain', '-o', at('long.json'));
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.equal(verify('receipt', at('long.json'), '--genesis-digest', digest).status, 0);
    const envelope = Buffer.from(JSON.parse(readFileSync(at('long.json'))).envelope, 'base64');
    assert.ok(envelope.includes(Buffer.from(text)));
  });

  await t.test('the shell example shows what the ledger refuses, and what is missing', () => {
    const again = register('SHELL+0', '{}', '-o', at('none.json'));
    assert.equal(again.status, 1);
    assert.match(again.stderr, /refused \(HTTP 409\): .*VERSION_CONFLICT/);
    const foreign = register('SHELL+9', '{}', '--genesis-digest', '00'.repeat(32));
    assert.match(foreign.stderr, /WRONG_CHAIN/);
    assert.equal(register('SHELL+9', '{}', '--genesis-digest', 'abc').status, 2);
  });

  await t.test('receipts of the import verify, and parts of others do not fit', () => {
    const files = network.imports.map(({ receiptToTry, department }, i) => {
      const profile = network.departments.find(({ id }) => id === department).profile;
      succeed(program, 'receipt', 'get', receiptToTry, '--profile', profile, '-o', at(`receipt-${i}.json`));
      const said = verify('receipt', at(`receipt-${i}.json`), '--genesis-digest', digest, '--json');
      assert.equal(JSON.parse(said.stdout).transactionId, receiptToTry);
      return readFileSync(at(`receipt-${i}.json`));
    });
    assert.ok(files.length > 1);
    const shell = readFileSync(at('receipt.json'));
    for (const file of files) refuseForgedReceipts(file, shell, hex(digest));
    assert.equal(verify('receipt', at('receipt-0.json'), '--genesis-digest', '00'.repeat(32)).status, 1);
  });

  await t.test('the exported ledger is whole, and the same from the directory and from the node', () => {
    const audit = JSON.parse(succeed(program, 'audit', '--data', first.data, '--export', at('ledger.ndjson'), '--json'));
    succeed(program, 'audit', '--node', first.administration, '--ca', network.ca, '--export', at('remote.ndjson'));
    assert.deepEqual(readFileSync(at('ledger.ndjson')), readFileSync(at('remote.ndjson')));
    assert.equal(audit.export.bytes, readFileSync(at('ledger.ndjson')).length);
    const said = verify('ledger', at('ledger.ndjson'), '--genesis-digest', digest, '--json');
    assert.equal(said.status, 0, said.stdout + said.stderr);
    const found = JSON.parse(said.stdout);
    for (const member of ['chainId', 'height', 'transactions', 'logRoot', 'stateRoot']) assert.equal(found[member], audit[member], member);
    t.diagnostic(`${found.transactions} transactions in ${found.height} blocks, ${found.signatures} signatures`);
  });

  await t.test('another department exports the same ledger', () => {
    succeed(program, 'audit', '--data', second.data, '--export', at('second.ndjson'));
    const [mine, theirs] = ['ledger.ndjson', 'second.ndjson'].map((name) =>
      JSON.parse(verify('ledger', at(name), '--genesis-digest', digest, '--json').stdout));
    assert.deepEqual(theirs, mine);
  });

  await t.test('an export is not written over a file', () => {
    const again = run(program, 'audit', '--data', first.data, '--export', at('ledger.ndjson'));
    assert.equal(again.status, 2);
    assert.match(again.stderr, /--overwrite/);
  });

  await t.test('the tampered export is refused', async () => {
    const seed = seedOf();
    t.diagnostic(`SEED=${seed}`);
    const file = readFileSync(at('ledger.ndjson'));
    await refuseForgedExports(file, hex(digest), seed, 4);
    await refuseFlippedExports(file, hex(digest), 10, seed);
  });
});
