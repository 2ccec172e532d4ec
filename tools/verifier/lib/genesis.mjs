// SPEC "Genesis".
import { validatorSet } from './blocks.mjs';
import { sha256, tag } from './bytes.mjs';
import {
  ascends, requireEndpoint, requireIdentifier, requireLength, requirePublicKey, requireTexts,
} from './fields.mjs';
import { GenesisBody, Parameters } from './messages.mjs';
import { at, require } from './refusal.mjs';
import { requireSignature } from './signatures.mjs';
import { NEWEST } from './versions.mjs';
import { decode, encode } from './wire.mjs';

const BODY_BYTES_MAX = 1_048_576;
const GENESIS_TAG = tag('govchain/gen/v1');
const LEAF_TAG = tag('govchain/lf0/v1');
const FOUNDING_TAG = tag('govchain/gsg/v1');
const PARAMETERS_TAG = tag('govchain/prm/v1');

const BOUNDS = {
  block_bytes_max: [65_535, 16_777_216],
  block_transactions_max: [1, 10_000],
  expiry_horizon_ms: [60_000, 604_800_000],
  leader_blocks_max: [1, 1_000_000],
  suspension_heights: [1, 1_000_000],
  base_timeout_ms: [50, 60_000],
  timeout_cap_ms: ['base_timeout_ms', 60_000],
  time_precision_ms: [1, 60_000],
  message_delay_ms: [1, 60_000],
  forward_timeout_ms: [1, 600_000],
  complaint_timeout_ms: ['forward_timeout_ms', 1_200_000],
};

export const parametersHash = (value) => sha256(PARAMETERS_TAG, value);

/** What is signed to found a ledger; the digest is its SHA-256. */
export const foundingBytes = (chainId) => Buffer.concat([FOUNDING_TAG, chainId]);

/** Checks a genesis body: { body, bytes, chainId, leaf, set, parametersHash }. */
export function readGenesis(bytes) {
  require(bytes.length <= BODY_BYTES_MAX, '', `${bytes.length} bytes; at most ${BODY_BYTES_MAX}`);
  const body = decode(GenesisBody, bytes, 'body');
  require(body.format_version === 1, 'format_version', `${body.format_version}`);
  requireIdentifier('network', body.network_name, 'network_name');
  require(body.created_at_ms > 0n, 'created_at_ms', 'missing');
  requireLength(body.nonce, 16, 'nonce');
  requireDepartments(body.departments);
  require(body.parameters !== null, 'parameters', 'missing');
  requireParameters(body.parameters);
  require(body.protocol_version >= 1 && body.protocol_version <= NEWEST, 'protocol_version', `${body.protocol_version}; 1 to ${NEWEST} are executed`);
  const chainId = sha256(GENESIS_TAG, bytes);
  return {
    body,
    chainId,
    leaf: Buffer.concat([LEAF_TAG, chainId]),
    set: validatorSet(body.departments.map((d) => ({ department: d.id, key: d.validator_key }))),
    parametersHash: parametersHash(encode(Parameters, body.parameters)),
  };
}

function requireDepartments(departments) {
  require(departments.length >= 1 && departments.length <= 200, 'departments', `${departments.length}; 1 to 200 are allowed`);
  require(ascends(departments.map((d) => d.id)), 'departments', 'they do not ascend');
  departments.forEach((department) => at(`department ${JSON.stringify(department.id)}`, () => requireDepartment(department)));
  const keys = departments.flatMap((d) => [d.validator_key, ...d.administrators.map((a) => a.public_key)]);
  require(new Set(keys.map((k) => k.toString('hex'))).size === keys.length, 'departments', 'a key stands twice');
}

function requireDepartment(department) {
  requireIdentifier('department', department.id, 'id');
  requireTexts(department.names, 'names');
  requirePublicKey(department.validator_key, 'validator_key');
  requireEndpoint(department.endpoint, 'endpoint');
  const officers = department.administrators;
  require(officers.length >= 1 && officers.length <= 16, 'administrators', `${officers.length}; 1 to 16 are allowed`);
  require(ascends(officers.map((o) => o.officer_id)), 'administrators', 'they do not ascend');
  for (const officer of officers) {
    requireIdentifier('officer', officer.officer_id, 'officer_id');
    requirePublicKey(officer.public_key, `administrator ${officer.officer_id}`);
  }
}

/** Each within its bounds, and beside the others. */
export function requireParameters(parameters, code = null) {
  for (const [name, [from, to]] of Object.entries(BOUNDS)) {
    const value = BigInt(parameters[name]);
    // T2 is above T1; a cap may equal its base.
    const least = typeof from === 'number' ? BigInt(from) : parameters[from] + (name === 'complaint_timeout_ms' ? 1n : 0n);
    require(value >= least && value <= BigInt(to), `parameter ${name}`, () => `${value}; ${least} to ${to} are allowed`, code);
  }
}

/** All departments that the body names have signed, none else, in their order. */
export function requireFounded(genesis, signatures) {
  const { members } = genesis.set;
  require(signatures.length === members.length && members.every((m, i) => m.department === signatures[i].department),
    'founding signatures', 'not exactly those of the departments, ascending');
  members.forEach(({ department, key }, i) =>
    requireSignature(key, foundingBytes(genesis.chainId), signatures[i].signature, `founding signature of ${department}`));
}
