// A ledger, block by block: SPEC "Header", "Log tree", "Execution" and "State values" together.
import { readCertificate, readHeader, requireCommitted } from './blocks.mjs';
import { ZERO_HASH } from './bytes.mjs';
import { execute, foundState } from './execution.mjs';
import { parametersHash } from './genesis.mjs';
import { countProposer } from './leaders.mjs';
import { Log } from './log-tree.mjs';
import { setAfter } from './membership.mjs';
import { Parameters } from './messages.mjs';
import { at, require } from './refusal.mjs';
import { KIND, State } from './state.mjs';
import { readTransaction } from './transaction.mjs';
import { endBlock, requireExecutable } from './versions.mjs';
import { encode } from './wire.mjs';

const NO_PROPOSER = 65_535;

export class Chain {
  #genesis;
  #state = new State();
  #log = new Log();
  #ids = new Map();
  #tip;
  #set;
  #epoch = 0n;

  /** Signatures verified so far. */
  signatures = 0;

  /** What the newest block changed in the state: [{ key, value }] by key. */
  changes;

  /** Begins with the genesis; header 0 follows from it. */
  constructor(genesis) {
    this.#genesis = genesis;
    this.#set = genesis.set;
    this.changes = foundState(this.#state, genesis);
    this.#log.append(genesis.leaf);
  }

  get tip() { return this.#tip; }
  /** As they stood before the block. */
  #parameters() { return this.#state.before(KIND.parameters, 'parameters'); }

  get logSize() { return this.#log.size; }

  /** Block 0: its header must be the one that follows from the genesis body. */
  found(headerBytes) {
    const { body, chainId, set } = this.#genesis;
    const header = readHeader(headerBytes, 'header');
    requireFields(header, {
      chainId, height: 0n, parentHash: ZERO_HASH, epoch: 0n, setHash: set.hash, nextSetHash: set.hash,
      timeMs: body.created_at_ms, proposer: NO_PROPOSER, logSizeBefore: 0n, logSizeAfter: 1n, logRoot: this.#log.root(),
      stateRoot: this.#state.root(), parametersHash: this.#genesis.parametersHash,
    });
    this.#tip = header;
  }

  /** The next block's header and certificate, before its transactions. */
  begin(headerBytes, certificateBytes, transactions) {
    const header = this.beginUncertified(headerBytes, transactions);
    const certificate = readCertificate(certificateBytes, 'certificate');
    requireCommitted(header, certificate, this.#set, 'certificate')();
    this.signatures += certificate.signatures.length;
  }

  /** The next header alone, for blocks whose certificate is not at hand. */
  beginUncertified(headerBytes, transactions) {
    requireExecutable(this.#state);
    const { chainId } = this.#genesis;
    const set = this.#set;
    const parameters = this.#parameters();
    const header = readHeader(headerBytes, 'header');
    const parent = this.#tip;
    // The next set is known at the block's end.
    requireFields(header, {
      chainId, height: parent.height + 1n, parentHash: parent.hash, epoch: this.#epoch, setHash: parent.nextSetHash,
      logSizeBefore: parent.logSizeAfter,
      logSizeAfter: parent.logSizeAfter + BigInt(transactions), parametersHash: parametersHash(encode(Parameters, parameters)),
    });
    require(header.timeMs > parent.timeMs, 'header, timeMs', () => `${header.timeMs}, not above the parent's ${parent.timeMs}`);
    require(header.proposer < set.members.length, 'header, proposer', () => `there is no validator ${header.proposer}`);
    const most = parameters.block_transactions_max;
    require(transactions >= 1 && transactions <= most, 'block', () => `${transactions} transactions; 1 to ${most} are allowed`);
    this.#tip = header;
    this.envelopeBytes = 0n;
    return header;
  }

  /** The block's next transaction. */
  add(envelope) {
    const parameters = this.#parameters();
    const transaction = readTransaction(envelope, this.#genesis.chainId);
    transaction.requireSigned();
    this.signatures += 1 + transaction.carried;
    const id = transaction.id.toString('latin1');
    const position = this.#log.size;
    require(!this.#ids.has(id), 'transaction id', () => `it stands at position ${this.#ids.get(id)} too`, 'DUPLICATE');
    this.#ids.set(id, position);
    this.envelopeBytes += BigInt(envelope.length);
    require(this.envelopeBytes <= parameters.block_bytes_max, 'block', `more than ${parameters.block_bytes_max} bytes of envelopes`);
    const block = { height: this.#tip.height, epoch: this.#tip.epoch, timeMs: this.#tip.timeMs, parameters };
    execute(this.#state, transaction, block, position);
    this.#log.append(envelope);
  }

  /** The block's end: log and state must have the header's roots. */
  end() {
    const { proposer, height } = this.#tip;
    const before = this.#state.before(KIND.membership, 'membership')?.changes ?? [];
    const now = this.#state.now(KIND.membership, 'membership')?.changes ?? [];
    const change = now.length > before.length ? now.at(-1) : null;
    const next = change ? setAfter(this.#set, change.department, change.new_key) : this.#set;
    countProposer(
      this.#state, this.#set.members[proposer].department, height, this.#parameters(), change ? next : null);
    endBlock(this.#state, this.#tip);
    this.changes = this.#state.commit();
    requireFields(this.#tip, { nextSetHash: next.hash, logSizeAfter: this.#log.size, logRoot: this.#log.root(), stateRoot: this.#state.root() });
    if (change) this.#epoch++;
    this.#set = next;
  }
}

function requireFields(header, expected) {
  for (const [name, value] of Object.entries(expected)) {
    const found = header[name];
    const same = Buffer.isBuffer(value) ? found.equals(value) : found === value;
    at('header', () => require(same, name, () => `${show(found)}; expected is ${show(value)}`));
  }
}

const show = (value) => (Buffer.isBuffer(value) ? value.toString('hex') : String(value));
