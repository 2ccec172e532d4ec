// Makes ledgers for tests, with keys of its own: honest ones, and ones that a quorum signed against the rules.
import { createECDH, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { voteBytes } from '../lib/blocks.mjs';
import { sha256, tag, u64, ZERO_HASH } from '../lib/bytes.mjs';
import { execute, foundState } from '../lib/execution.mjs';
import { foundingBytes, parametersHash, readGenesis } from '../lib/genesis.mjs';
import { countProposer } from '../lib/leaders.mjs';
import { Log } from '../lib/log-tree.mjs';
import { setAfter } from '../lib/membership.mjs';
import { GenesisBody, MembershipChange, Parameters, SignedTransaction, TransactionBody } from '../lib/messages.mjs';
import { KIND, State } from '../lib/state.mjs';
import { readTransaction } from '../lib/transaction.mjs';
import { endBlock } from '../lib/versions.mjs';
import { empty, encode } from '../lib/wire.mjs';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const START_MS = 1_800_000_000_000n;
const number = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
const hashOf = (header) => sha256(tag('govchain/hdr/v1'), header);
const scalar = (value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** The other signature that ECDSA takes for the same message: n - s. */
export const twin = (signature) => Buffer.concat([signature.subarray(0, 32), scalar(ORDER - number(signature.subarray(32)))]);

export class Key {
  constructor() {
    const ecdh = createECDH('secp256k1');
    const point = ecdh.generateKeys();
    const part = (bytes) => bytes.toString('base64url');
    const d = scalar(number(ecdh.getPrivateKey()));
    this.public = ecdh.getPublicKey(null, 'compressed');
    this.private = createPrivateKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'secp256k1', x: part(point.subarray(1, 33)), y: part(point.subarray(33)), d: part(d) },
    });
  }

  /** 64 bytes r, s with low s, over SHA-256(message). */
  sign(message) {
    const signature = sign('sha256', message, { key: this.private, dsaEncoding: 'ieee-p1363' });
    return number(signature.subarray(32)) > ORDER / 2n ? twin(signature) : signature;
  }
}

/** Who signs certificates, by the number of departments. */
const QUORUMS = { 1: [0], 2: [0, 1], 3: [0, 1], 4: [0, 1, 3], 5: [0, 1, 2, 4] };

export const texts = (text) => [{ language: 'en', text }];

export class LedgerBuilder {
  /** Of the departments that act, by index. */
  validators;
  lines = [];
  epoch = 0n;
  /** From one block's time to the next. */
  stepMs = 1000n;
  #keys;
  #parameters;
  #state = new State();
  #log = new Log();

  constructor(size = 4, version = 1) {
    this.validators = Array.from({ length: size }, () => new Key());
    this.administrators = Array.from({ length: size }, () => new Key());
    this.#keys = [...this.validators];
    const departments = ['alpha', 'beta', 'delta', 'gamma'].slice(0, size).map((id, i) => ({
      id,
      names: texts(id),
      validator_key: this.validators[i].public,
      endpoint: `${id}.example:7001`,
      administrators: [{ officer_id: 'admin', public_key: this.administrators[i].public }],
    }));
    this.body = encode(GenesisBody, {
      format_version: 1, network_name: 'test', created_at_ms: START_MS, nonce: Buffer.alloc(16, 1), departments,
      parameters: {
        block_bytes_max: 65_535n, block_transactions_max: 5, expiry_horizon_ms: 3_600_000n, leader_blocks_max: 256,
        suspension_heights: 1024, base_timeout_ms: 1000n, timeout_cap_ms: 30_000n, time_precision_ms: 500n,
        message_delay_ms: 5000n, forward_timeout_ms: 2000n, complaint_timeout_ms: 5000n,
      },
      protocol_version: version,
    });
    this.genesis = readGenesis(this.body);
    this.set = this.genesis.set;
    foundState(this.#state, this.genesis);
    this.#log.append(this.genesis.leaf);
    this.tip = {
      height: 0n, parentHash: ZERO_HASH, timeMs: START_MS, proposer: 65_535, logSizeBefore: 0n, logSizeAfter: 1n,
      logRoot: this.#log.root(), stateRoot: this.#state.root(),
    };
    this.line({
      format: 'govchain-ledger-1',
      chainId: this.digest.toString('hex'),
      genesisBody: this.body.toString('base64'),
      signatures: departments.map(({ id }, i) => ({
        department: id, signature: this.validators[i].sign(foundingBytes(this.digest)).toString('hex'),
      })),
    });
    const header = this.header(this.tip);
    this.tipHash = hashOf(header);
    this.line({ height: 0, header: header.toString('base64'), certificate: '', transactions: 0 });
  }

  get digest() { return this.genesis.chainId; }

  line(members) { this.lines.push(JSON.stringify(members)); }

  header(fields) {
    const { height, parentHash, timeMs, proposer, logSizeBefore, logSizeAfter, logRoot, stateRoot } = fields;
    const u16 = (value) => Buffer.from([value >> 8, value & 255]);
    const parametersOf = parametersHash(encode(Parameters, this.#parameters ?? this.genesis.body.parameters));
    const setHash = fields.setHash ?? this.set.hash;
    return Buffer.concat([
      u16(1), this.digest, u64(height), parentHash, u64(fields.epoch ?? this.epoch), setHash, fields.nextSetHash ?? setHash, u64(timeMs),
      u16(proposer), u64(logSizeBefore), u64(logSizeAfter), logRoot, stateRoot, parametersOf,
    ]);
  }

  certificate(hash, height, signers = QUORUMS[this.validators.length], type = 3) {
    const message = voteBytes({ type, chainId: this.digest, epoch: this.epoch, height, view: 0, blockHash: hash });
    const signatures = signers.map((i) => Buffer.concat([Buffer.from([0, i]), this.validators[i].sign(message)]));
    return Buffer.concat([
      Buffer.from([0, 1, type]), u64(this.epoch), u64(height), Buffer.alloc(4), hash, Buffer.from([0, signers.length]), ...signatures,
    ]);
  }

  /** An envelope. `fields` are the action's; those that are not named have their default. */
  sign(key, name, fields, { expiresAtMs = this.tip.timeMs + this.stepMs + 59_000n, nonce = randomBytes(16) } = {}) {
    const schema = Object.values(TransactionBody.fields).find((field) => field.name === name).message;
    const value = { ...empty(schema), ...fields };
    const body = encode(TransactionBody, {
      format_version: 1, algorithm: 1, chain_id: this.digest, signer: key.public, nonce, expires_at_ms: expiresAtMs,
      action: { name, value },
    });
    const signature = key.sign(Buffer.concat([tag('govchain/tx/v1'), body]));
    return encode(SignedTransaction, { body, signature });
  }

  /** The fields that suspend the leader of a view, by the view changes of some validators. */
  suspension(height, view, signers = [1, 2, 3], { epoch = 0n, prepared = 0, signedView = view + 1 } = {}) {
    const prepared_hash = prepared === 0 ? Buffer.alloc(0) : Buffer.alloc(32, 9);
    const message = voteBytes({
      type: 4, chainId: this.digest, epoch, height, view: signedView, blockHash: prepared === 0 ? ZERO_HASH : prepared_hash,
      preparedView: prepared - 1,
    });
    const view_changes = signers.map((i) => {
      const key = this.validators[i] ?? this.administrators[0];
      return { signer: key.public, prepared, prepared_hash, signature: key.sign(message) };
    });
    return { epoch, height, view, view_changes };
  }

  /**
   * The fields that change the validators.
   * @param fields of the change; `key` is the newcomer's or new one's
   * @param approvers keys that sign it
   * @param forged what others are to sign instead: { approvals: MembershipChange, newKey: MembershipChange }
   */
  change({ key, ...fields }, approvers = this.administrators.slice(0, 3), forged = {}) {
    const change = {
      ...empty(MembershipChange), epoch: this.epoch, expires_at_ms: this.tip.timeMs + 86_400_000n, validator_key: key?.public ?? Buffer.alloc(0), ...fields,
    };
    if (key) this.#keys.push(key);
    const message = (signed) => Buffer.concat([tag('govchain/mbr/v1'), this.digest, encode(MembershipChange, signed ?? change)]);
    const approvals = approvers.map((by) => ({ signer: by.public, signature: by.sign(message(forged.approvals)) }));
    return {
      change,
      approvals: approvals.sort((a, b) => a.signer.compare(b.signer)),
      new_key_signature: key ? (forged.newKeySigner ?? key).sign(message(forged.newKey)) : Buffer.alloc(0),
    };
  }

  /** Appends a block of valid envelopes. */
  commit(...envelopes) {
    const draft = this.draft(envelopes);
    const parameters = this.#state.before(KIND.parameters, 'parameters');
    const changed = () => (this.#state.now(KIND.membership, 'membership')?.changes ?? []);
    const before = changed().length;
    for (const envelope of envelopes) {
      execute(this.#state, readTransaction(envelope, this.digest), { ...draft, parameters }, this.#log.size);
      this.#log.append(envelope);
    }
    const change = changed().length > before ? changed().at(-1) : null;
    const next = change ? setAfter(this.set, change.department, change.new_key) : this.set;
    countProposer(this.#state, this.set.members[draft.proposer].department, draft.height, parameters, change ? next : null);
    endBlock(this.#state, draft);
    this.#state.commit();
    this.seal({ ...draft, nextSetHash: next.hash, logRoot: this.#log.root(), stateRoot: this.#state.root() }, envelopes);
    this.#parameters = this.#state.before(KIND.parameters, 'parameters');
    if (change) this.#begin(next);
    return this;
  }

  #begin(set) {
    this.epoch++;
    this.set = set;
    this.validators = set.members.map((m) => this.#keys.find((k) => k.public.equals(m.key)));
  }

  /** Appends a block as a quorum may sign it against the rules. Nothing can follow it. */
  collude(envelopes, changes = {}, certify = {}) {
    this.seal({ ...this.draft(envelopes), ...changes }, envelopes, certify);
    return this;
  }

  draft(envelopes) {
    const { height, logSizeAfter, timeMs } = this.tip;
    return {
      height: height + 1n, epoch: this.epoch, parentHash: this.tipHash, timeMs: timeMs + this.stepMs, proposer: Number(height % BigInt(this.validators.length)),
      logSizeBefore: logSizeAfter, logSizeAfter: logSizeAfter + BigInt(envelopes.length), logRoot: ZERO_HASH, stateRoot: ZERO_HASH,
    };
  }

  seal(fields, envelopes, { signers, type } = {}) {
    const header = this.header(fields);
    const hash = hashOf(header);
    this.line({
      height: Number(fields.height),
      header: header.toString('base64'),
      certificate: this.certificate(hash, fields.height, signers, type).toString('base64'),
      transactions: envelopes.length,
    });
    envelopes.forEach((envelope, i) => this.line({
      position: Number(fields.logSizeBefore) + i, envelope: envelope.toString('base64'),
    }));
    this.tip = fields;
    this.tipHash = hash;
  }

  /** The export, with its last line. */
  file() {
    const { height, logSizeAfter, logRoot, stateRoot } = this.tip;
    const end = {
      end: true, height: Number(height), logSize: Number(logSizeAfter), blockHash: this.tipHash.toString('hex'),
      logRoot: logRoot.toString('hex'), stateRoot: stateRoot.toString('hex'),
    };
    return Buffer.from([...this.lines, JSON.stringify(end), ''].join('\n'));
  }
}
