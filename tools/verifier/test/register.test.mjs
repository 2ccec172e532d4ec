// tools/examples/register.sh against keys that are none and servers that are no honest node. Needs openssl and curl.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sha256, tag } from '../lib/bytes.mjs';
import { SignedTransaction } from '../lib/messages.mjs';
import { decode } from '../lib/wire.mjs';

const script = fileURLToPath(new URL('../../examples/register.sh', import.meta.url));
const missing = ['openssl version', 'curl --version'].find((command) => spawnSync(command, { shell: true }).status !== 0);
const options = { skip: missing && `${missing} fails` };
const folder = mkdtempSync(join(tmpdir(), 'govchain-register-'));
const at = (name) => join(folder, name);
let server;
let respond;

const openssl = (...args) => {
  const run = spawnSync('openssl', args);
  assert.equal(run.status, 0, `${run.stderr}`);
};

const makeKey = (name, curve) => {
  openssl('ecparam', '-name', curve, '-genkey', '-noout', '-out', at('plain.pem'));
  openssl('pkcs8', '-topk8', '-in', at('plain.pem'), '-passout', `file:${at('passphrase')}`, '-out', at(name));
};

/** The transaction id of a submission. */
const idOf = (request) => sha256(tag('govchain/tx/v1'), decode(SignedTransaction, Buffer.from(JSON.parse(request).envelope, 'base64')).body).toString('hex');

before(async () => {
  if (missing) return;
  writeFileSync(at('passphrase'), 'of a test\n');
  writeFileSync(at('other'), 'another\n');
  makeKey('key.pem', 'secp256k1');
  makeKey('p256.pem', 'prime256v1');
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('tls.key'), '-out', at('tls.pem'), '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-days', '1');
  server = createServer({ key: readFileSync(at('tls.key')), cert: readFileSync(at('tls.pem')) }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      const { status = 200, headers = {}, text = '' } = respond(request.url, body);
      response.writeHead(status, headers);
      response.end(text);
    });
  });
  await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
});

after(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

/** Runs it beside the server: { status, stdout, stderr }. */
function register(...changes) {
  const args = {
    '--node': `https://localhost:${server.address().port}`, '--ca': at('tls.pem'), '--genesis-digest': '07'.repeat(32), '--key': at('key.pem'),
    '--passphrase-file': at('passphrase'), '--type': 'licence', '--id': 'L-1', '--content': '{}', '-o': at('receipt.json'),
    ...Object.fromEntries(changes),
  };
  const run = spawn('bash', [script, ...Object.entries(args).flat()]);
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) run[stream].on('data', (chunk) => { said[stream] += chunk; });
  return new Promise((ended) => { run.on('close', (status) => ended({ status, ...said })); });
}

const honest = (url, body) => (url.endsWith('/receipt') ? { text: 'a receipt' }
  : { text: JSON.stringify({ transactionId: idOf(body), status: 'COMMITTED_DURABLY', height: '1', position: '1' }) });

test('an answer that the record stands gives the receipt', options, async () => {
  respond = honest;
  const said = await register();
  assert.equal(said.status, 0, said.stderr);
  assert.equal(readFileSync(at('receipt.json'), 'utf8'), 'a receipt');
});

const LIES = {
  'no answer': [() => ({}), /another transaction/],
  'another transaction': [() => ({ text: JSON.stringify({ transactionId: 'a'.repeat(64), status: 'COMMITTED_DURABLY' }) }), /another transaction/],
  'nothing certain': [(_, body) => ({ text: JSON.stringify({ transactionId: idOf(body), status: 'PENDING' }) }), /did not say that it is recorded/],
  'another address': [() => ({ status: 302, headers: { Location: 'https://elsewhere.example/' } }), /refused \(HTTP 302\)/],
  'an endless error': [() => ({ status: 500, text: 'x'.repeat(1 << 20) }), /^.{1,2200}$/s],
  'more than a receipt': [() => ({ text: 'x'.repeat(3 << 20) }), /did not answer as a node does/],
  'no receipt': [(url, body) => (url.endsWith('/receipt') ? { status: 404 } : honest(url, body)), /refused \(HTTP 404\)/],
};

for (const [name, [lie, expected]] of Object.entries(LIES)) {
  test(`a server that answers with ${name} is not believed`, options, async () => {
    respond = lie;
    rmSync(at('receipt.json'), { force: true });
    const said = await register();
    assert.equal(said.status, 1, said.stdout);
    assert.match(said.stderr, expected);
    assert.throws(() => readFileSync(at('receipt.json')), /ENOENT/);
  });
}

const WRONG = {
  'no https': ['--node', 'http://localhost:1', 2, /https:\/\/HOST:PORT/],
  'an authority that did not sign': ['--ca', script, 1, /cannot be reached/],
  'a port where nobody listens': ['--node', 'https://localhost:1', 1, /cannot be reached/],
  'another curve\'s key': ['--key', () => at('p256.pem'), 2, /no key of secp256k1/],
  'a file that is no key': ['--key', script, 2, /cannot be opened/],
  'another passphrase': ['--passphrase-file', () => at('other'), 2, /cannot be opened/],
  'a digest that is none': ['--genesis-digest', 'abc', 2, /64 lower-case/],
};

for (const [name, [option, value, status, expected]] of Object.entries(WRONG)) {
  test(`${name} is named`, options, async () => {
    respond = honest;
    const said = await register([option, typeof value === 'function' ? value() : value]);
    assert.equal(said.status, status, said.stdout + said.stderr);
    assert.match(said.stderr, expected);
  });
}
