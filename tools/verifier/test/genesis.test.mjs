// The rules of a genesis body, each broken once in a body that is otherwise whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGenesis } from '../lib/genesis.mjs';
import { GenesisBody } from '../lib/messages.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { decode, encode } from '../lib/wire.mjs';
import { hex, vectors } from './vectors.mjs';

const whole = hex(vectors('genesis').body);
const text = (language, value) => ({ language, text: value });

const BROKEN = {
  'another format version': [(b) => { b.format_version = 2; }, /format_version/],
  'no protocol version': [(b) => { b.protocol_version = 0; }, /protocol_version: 0/],
  'a protocol version to come': [(b) => { b.protocol_version = 3; }, /protocol_version: 3/],
  'a network name with a space': [(b) => { b.network_name = 'my net'; }, /network_name/],
  'a network name of 65 characters': [(b) => { b.network_name = 'x'.repeat(65); }, /network_name/],
  'no time': [(b) => { b.created_at_ms = 0n; }, /created_at_ms/],
  'a nonce of 15 bytes': [(b) => { b.nonce = Buffer.alloc(15, 1); }, /nonce: 15 bytes/],
  'no departments': [(b) => { b.departments = []; }, /departments: 0/],
  '201 departments': [(b) => { b.departments = Array.from({ length: 201 }, () => b.departments[0]); }, /departments: 201/],
  'departments out of order': [(b) => b.departments.reverse(), /departments: they do not ascend/],
  'a department twice': [(b) => { b.departments[1] = b.departments[0]; }, /departments: they do not ascend/],
  'a department that begins with a digit': [(b) => { b.departments[0].id = '1pha'; }, /department "1pha", id/],
  'a department of 33 characters': [(b) => { b.departments[1].id = `z${'x'.repeat(32)}`; }, /, id: /],
  'no names': [(b) => { b.departments[0].names = []; }, /names: 0 texts/],
  '17 names': [(b) => { b.departments[0].names = Array.from({ length: 17 }, (_, i) => text(`l${i}`, 'x')); }, /names: 17 texts/],
  'a language twice': [(b) => { b.departments[0].names = [text('en', 'a'), text('en', 'b')]; }, /names\[1\]\.language: en stands twice/],
  'a language of one character': [(b) => { b.departments[0].names[0].language = 'e'; }, /names\[0\]\.language/],
  'a name of 257 bytes': [(b) => { b.departments[0].names[0].text = 'é'.repeat(128) + 'x'; }, /names\[0\]\.text: 257 bytes/],
  'a validator key off the curve': [(b) => { b.departments[0].validator_key = Buffer.from(`02${'00'.repeat(31)}05`, 'hex'); }, /validator_key/],
  'a validator key whose x is the field\'s prime': [(b) => {
    b.departments[0].validator_key = Buffer.from(`02${'ff'.repeat(27)}fefffffc2f`, 'hex');
  }, /validator_key/],
  'a key of a validator and an administrator': [(b) => {
    b.departments[0].administrators[0].public_key = b.departments[1].validator_key;
  }, /a key stands twice/],
  'no administrators': [(b) => { b.departments[0].administrators = []; }, /administrators: 0/],
  'administrators out of order': [(b) => { b.departments[0].administrators.push(b.departments[0].administrators[0]); }, /administrators: they do not ascend/],
  'an administrator with a space': [(b) => { b.departments[0].administrators[0].officer_id = 'a b'; }, /officer_id/],
  'an administrator without a key': [(b) => { b.departments[0].administrators[0].public_key = Buffer.alloc(0); }, /administrator admin/],
  'no parameters': [(b) => { b.parameters = null; }, /parameters: missing/],
};

for (const [name, [change, expected]] of Object.entries(BROKEN)) {
  test(`a genesis body against a rule: ${name}`, () => {
    const body = decode(GenesisBody, whole);
    change(body);
    assert.throws(() => readGenesis(encode(GenesisBody, body)), (e) => e instanceof Refusal && expected.test(e.message));
  });
}

test('a genesis body: parameters at their bounds stand, one further they do not', () => {
  const bounds = {
    block_bytes_max: [65_535n, 16_777_216n], block_transactions_max: [1, 10_000], expiry_horizon_ms: [60_000n, 604_800_000n],
    leader_blocks_max: [1, 1_000_000], suspension_heights: [1, 1_000_000], base_timeout_ms: [50n, 30_000n],
    timeout_cap_ms: [1000n, 60_000n], time_precision_ms: [1n, 60_000n], message_delay_ms: [1n, 60_000n],
    forward_timeout_ms: [1n, 4999n], complaint_timeout_ms: [2001n, 1_200_000n],
  };
  const read = (name, value) => {
    const body = decode(GenesisBody, whole);
    body.parameters[name] = value;
    return () => readGenesis(encode(GenesisBody, body));
  };
  for (const [name, [from, to]] of Object.entries(bounds)) {
    const step = typeof from === 'bigint' ? 1n : 1;
    read(name, from)();
    read(name, to)();
    const expected = (e) => e instanceof Refusal && e.message.includes('parameter ');
    assert.throws(read(name, from - step), expected, `${name} below`);
    assert.throws(read(name, to + step), expected, `${name} above`);
  }
});

test('a genesis body: endpoints', () => {
  const read = (endpoint) => {
    const body = decode(GenesisBody, whole);
    body.departments[0].endpoint = endpoint;
    return () => readGenesis(encode(GenesisBody, body));
  };
  for (const good of ['a:1', 'a.example:65535', '[::1]:7001', '10.0.0.1:80', `${'x'.repeat(258)}:1`]) read(good)();
  for (const bad of ['', 'a', ':1', 'a:0', 'a:01', 'a:65536', 'a:1x', '[]:1', '[::1:7001', 'a b:1', 'ä:1', '::1:7001', `${'x'.repeat(259)}:1`])
    assert.throws(read(bad), /endpoint/, bad);
});

test('a genesis body longer than 1 MiB is not read', () => {
  assert.throws(() => readGenesis(Buffer.alloc(1_048_577)), /1048577 bytes/);
});
