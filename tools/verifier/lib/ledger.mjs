// Audits an exported ledger: every line, from the genesis to the end.
import { Chain } from './chain.mjs';
import { bytesOf, FORMAT, hashOf, readExport, signatureOf } from './export.mjs';
import { readGenesis, requireFounded } from './genesis.mjs';
import { at, Refusal, require } from './refusal.mjs';

/**
 * Verifies the chunks of an export: { chainId, height, transactions, signatures, blockHash, logRoot, stateRoot }.
 * @param genesisDigest that the auditor trusts
 * @param progress told the height after each block
 */
export async function verifyLedger(chunks, genesisDigest, progress = () => {}) {
  const audit = new Audit(genesisDigest, progress);
  for await (const { where, kind, members } of readExport(chunks)) at(where, () => audit.line(kind, members));
  return audit.report();
}

class Audit {
  #digest;
  #progress;
  #chain = null;
  #genesis = null;
  #open = 0;
  #ended = false;

  constructor(digest, progress) {
    this.#digest = digest;
    this.#progress = progress;
  }

  line(kind, members) {
    require(!this.#ended, '', 'something follows the end');
    if (this.#chain === null) this.#begin(kind, members);
    else if (kind === 'height') this.#block(members);
    else if (kind === 'position') this.#transaction(members);
    else if (kind === 'end') this.#end(members);
    else throw new Refusal('', 'a second beginning');
  }

  #begin(kind, members) {
    require(kind === 'format' && members.format === FORMAT, 'format', `the first line has the format ${FORMAT}`);
    this.#genesis = at('genesisBody', () => readGenesis(bytesOf(members, 'genesisBody')));
    const { chainId } = this.#genesis;
    require(hashOf(members, 'chainId').equals(chainId), 'chainId', `${members.chainId}; the genesis body's is ${chainId.toString('hex')}`);
    require(chainId.equals(this.#digest), 'genesisBody', `of the ledger ${chainId.toString('hex')}, not of the trusted one`);
    requireFounded(this.#genesis, members.signatures.map(signatureOf));
    this.#chain = new Chain(this.#genesis);
  }

  #block(members) {
    const { height, transactions } = members;
    at(`block ${height}`, () => {
      this.#requireClosed();
      const header = bytesOf(members, 'header');
      if (this.#chain.tip === undefined) {
        require(height === 0 && members.certificate === '' && transactions === 0, '',
          'the ledger begins with block 0, which has neither certificate nor transactions');
        this.#chain.found(header);
        return;
      }
      require(BigInt(height) === this.#chain.tip.height + 1n, '', `block ${this.#chain.tip.height + 1n} is expected`);
      this.#chain.begin(header, bytesOf(members, 'certificate'), transactions);
      this.#open = transactions;
    });
  }

  #transaction(members) {
    const { height, logSizeBefore } = this.#chain.tip ?? {};
    const position = this.#chain.logSize;
    const place = `block ${height}, transaction ${height === undefined ? '?' : position - logSizeBefore} (position ${position})`;
    at(place, () => {
      require(this.#open > 0, '', 'the block has no further transaction');
      require(BigInt(members.position) === position, 'position', `${members.position}`);
      this.#chain.add(bytesOf(members, 'envelope'));
    });
    if (--this.#open > 0) return;
    at(`block ${height}`, () => this.#chain.end());
    this.#progress(height);
  }

  #requireClosed() {
    require(this.#open === 0, '', `the block before it lacks ${this.#open} transactions`);
  }

  #end(members) {
    at('end', () => {
      this.#requireClosed();
      require(this.#chain.tip !== undefined, '', 'there is no block');
      const { height, logSizeAfter, hash, logRoot, stateRoot } = this.#chain.tip;
      require(BigInt(members.height) === height, 'height', `${members.height}; the newest block is ${height}`);
      require(BigInt(members.logSize) === logSizeAfter, 'logSize', `${members.logSize}; the log has ${logSizeAfter}`);
      for (const [name, value] of Object.entries({ blockHash: hash, logRoot, stateRoot }))
        require(hashOf(members, name).equals(value), name, () => `${members[name]}; expected is ${value.toString('hex')}`);
      this.#ended = true;
    });
  }

  report() {
    require(this.#ended, 'file', 'it ends before its last line, "end"');
    const { height, hash, logRoot, stateRoot } = this.#chain.tip;
    return {
      chainId: this.#genesis.chainId.toString('hex'),
      height: Number(height),
      transactions: Number(this.#chain.logSize - 1n),
      signatures: this.#chain.signatures,
      blockHash: hash.toString('hex'),
      logRoot: logRoot.toString('hex'),
      stateRoot: stateRoot.toString('hex'),
    };
  }
}
