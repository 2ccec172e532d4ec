// Every file of docs/vectors, computed again from SPEC.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { readCertificate, readHeader, requireCommitted, validatorSet, voteBytes } from '../lib/blocks.mjs';
import { sha256, tag, ZERO_HASH } from '../lib/bytes.mjs';
import { Chain } from '../lib/chain.mjs';
import { carriedVotes, readEvidence } from '../lib/evidence.mjs';
import { foundingBytes, readGenesis, requireFounded } from '../lib/genesis.mjs';
import { Log, leafHash, requireConsistency, rootOfInclusion } from '../lib/log-tree.mjs';
import { JoiningBody, SignedTransaction } from '../lib/messages.mjs';
import { verifyReceipt } from '../lib/receipt.mjs';
import { Refusal } from '../lib/refusal.mjs';
import { judge, readSchema, Violation } from '../lib/schema.mjs';
import { requireSignature } from '../lib/signatures.mjs';
import { endBesideOther, leafHash as stateLeafHash, rootOfPath, StateTree } from '../lib/state-tree.mjs';
import { readTransaction } from '../lib/transaction.mjs';
import { decode, encode } from '../lib/wire.mjs';
import { hex, vectors } from './vectors.mjs';

const show = (bytes) => bytes.toString('hex');
const set = () => validatorSet(vectors('validator-set').members.map(({ department, key }) => ({ department, key: hex(key) })));

test('every file of vectors is one that these tests read', () => {
  const files = readdirSync(new URL('../../../docs/vectors/', import.meta.url)).sort();
  assert.deepEqual(files, ['blocks', 'certificate', 'enrolments', 'epochs', 'evidence', 'genesis', 'genesis-version-2', 'header', 'joining', 'merkle-log', 'merkle-state', 'receipt', 'refused',
    'proposals', 'read-roots', 'read-token', 'records-version-2', 'reader-statement', 'schemas', 'submissions', 'transaction', 'validator-set', 'versions', 'vote'].map((name) => `${name}.json`).concat('ledger.ndjson').sort());
});

test('schemas: each payload has its verdict, and each schema outside the subset is refused at its keyword', () => {
  const { schemas, refused, bytes } = vectors('schemas');
  const verdictOf = (schema, content) => {
    const violation = judge(readSchema(Buffer.from(schema)), 'application/json', content);
    return violation && `${violation.keyword}${violation.pointer && ` ${violation.pointer}`}`;
  };
  for (const { name, schema, payloads } of schemas)
    for (const { payload, verdict } of payloads) assert.equal(verdictOf(schema, Buffer.from(payload)), verdict, `${name}: ${payload.slice(0, 100)}`);
  for (const { name, payload, verdict } of bytes) assert.equal(verdictOf('{}', hex(payload)), verdict, name);
  for (const { name, schema, keyword, pointer } of refused) {
    assert.throws(() => readSchema(Buffer.from(schema)), (e) => {
      assert.ok(e instanceof Violation, e.stack);
      assert.deepEqual([e.keyword, e.pointer], [keyword, pointer], name);
      return true;
    }, name);
  }
  assert.equal(judge(readSchema(Buffer.from('{}')), 'text/plain', Buffer.from('{}')).keyword, 'mediaType');
});

test('evidence: what proves something is read and verified, and what does not is nothing', () => {
  const { pairs, chainId, publicKey, epoch, height } = vectors('evidence');
  for (const { name, kind, evidence, id } of pairs) {
    if (kind === null) continue;
    const bytes = hex(evidence);
    const read = readEvidence(bytes);
    assert.deepEqual([read.kind, show(read.id), show(read.chainId), show(read.signer), read.epoch, read.height],
      [kind, id, chainId, publicKey, BigInt(epoch), BigInt(height)], name);
    for (const c of carriedVotes(read)) requireSignature(c.signer, c.message, c.signature, name);
    const swapped = Buffer.concat([bytes.subarray(0, 84), bytes.subarray(189), bytes.subarray(84, 189)]);
    assert.equal(readEvidence(swapped), null, `${name}, swapped`);
    assert.equal(readEvidence(bytes.subarray(1)), null);
    const twice = Buffer.concat([bytes.subarray(0, 84), bytes.subarray(84, 189), bytes.subarray(84, 189)]);
    assert.equal(readEvidence(twice), null, `${name}, one vote twice`);
  }
});

test('merkle-log: leaves, roots of every size, frontier', () => {
  const { leafData, leafHashes, rootsBySize, frontierOfSize7 } = vectors('merkle-log');
  const log = new Log();
  assert.equal(show(log.root()), rootsBySize[0]);
  leafData.forEach((leaf, i) => {
    assert.equal(show(leafHash(hex(leaf))), leafHashes[i]);
    log.append(hex(leaf));
    assert.equal(show(log.root()), rootsBySize[i + 1]);
  });
  assert.equal(show(log.frontier()), frontierOfSize7);
});

test('merkle-log: inclusion paths lead to the root, and no other path does', () => {
  const { leafHashes, rootsBySize, inclusion } = vectors('merkle-log');
  for (const { index, size, path } of inclusion) {
    const lead = (hashes, at = index) => rootOfInclusion(BigInt(at), BigInt(size), hex(leafHashes[index]), hashes.map(hex), 'path');
    assert.equal(show(lead(path)), rootsBySize[size]);
    assert.throws(() => lead([...path, path[0] ?? rootsBySize[1]]), Refusal);
    if (path.length > 0) assert.throws(() => lead(path.slice(1)), Refusal);
    assert.throws(() => lead(path, size), Refusal);
  }
});

test('merkle-log: consistency paths hold, and altered ones do not', () => {
  const { rootsBySize, consistency } = vectors('merkle-log');
  for (const { oldSize, newSize, path } of consistency) {
    const check = (hashes) => requireConsistency(
      BigInt(oldSize), hex(rootsBySize[oldSize]), BigInt(newSize), hex(rootsBySize[newSize]), hashes, 'path');
    check(path.map(hex));
    assert.throws(() => check([...path.map(hex), ZERO_HASH]), Refusal);
    for (let i = 0; i < path.length; i++) assert.throws(() => check(path.map((p, j) => (i === j ? ZERO_HASH : hex(p)))), Refusal);
    const between = (from, fromRoot, to, toRoot) => () => requireConsistency(BigInt(from), fromRoot, BigInt(to), toRoot, path.map(hex), 'path');
    const [oldRoot, newRoot] = [hex(rootsBySize[oldSize]), hex(rootsBySize[newSize])];
    assert.throws(between(oldSize, ZERO_HASH, newSize, newRoot), Refusal);
    assert.throws(between(oldSize, oldRoot, newSize, ZERO_HASH), Refusal);
    assert.throws(between(0, hex(rootsBySize[0]), newSize, newRoot), /no path leads from size 0/);
    assert.throws(between(newSize + 1, newRoot, newSize, newRoot), /no path leads from size/);
    // A log of twice the size is a level higher: the same hashes, which lead to both roots, are too few for it.
    if (oldSize < newSize) assert.throws(between(oldSize, oldRoot, 2 * newSize, newRoot), Refusal);
    if (path.length > 0) assert.throws(() => check(path.slice(0, -1).map(hex)), Refusal);
  }
});

test('merkle-state: leaves, roots in every order of insertion, paths', () => {
  const { leaves, rootsByNumberOfLeaves, paths } = vectors('merkle-state');
  const tree = new StateTree();
  assert.equal(show(tree.root()), rootsByNumberOfLeaves[0]);
  leaves.forEach(({ key, valueDigest, hash }, i) => {
    assert.equal(show(stateLeafHash(hex(key), hex(valueDigest))), hash);
    tree.set(hex(key), hex(valueDigest));
    assert.equal(show(tree.root()), rootsByNumberOfLeaves[i + 1]);
  });
  const backwards = new StateTree();
  for (const { key, valueDigest } of [...leaves].reverse()) {
    backwards.set(hex(key), ZERO_HASH);
    backwards.root();
    backwards.set(hex(key), hex(valueDigest));
  }
  assert.deepEqual(backwards.root(), tree.root());
  const kinds = new Set();
  for (const path of paths) {
    kinds.add(path.kind);
    const key = hex(path.key);
    const siblings = path.siblings.map(hex);
    const end = () => {
      if (path.kind === 'Presence') return hex(leaves.find((leaf) => leaf.key === path.key).hash);
      if (path.otherLeafKey === '') return ZERO_HASH;
      return endBesideOther(key, siblings, hex(path.otherLeafKey), hex(path.otherLeafValueDigest), 'path');
    };
    assert.equal(show(rootOfPath(key, end(), siblings, 'path')), rootsByNumberOfLeaves.at(-1), path.key);
  }
  assert.equal(kinds.size, 3);
});

test('state paths that prove nothing: an empty last sibling, the key beside itself, a leaf of another path', () => {
  const [key, near, far] = ['00', '01', '80'].map((first) => hex(first.padEnd(64, '0')));
  const sibling = sha256(key);
  assert.throws(() => rootOfPath(key, sibling, [sibling, ZERO_HASH], 'path'), /the last sibling is empty/);
  const beside = (other) => endBesideOther(key, [sibling], other, sibling, 'path');
  assert.deepEqual(beside(near), stateLeafHash(near, sibling));
  assert.throws(() => beside(key), /the other key is the key/);
  assert.throws(() => beside(far), /does not stand on the key's path/);
});

test('header', () => {
  const expected = vectors('header');
  const header = readHeader(hex(expected.encoding), 'header');
  const found = {
    chainId: show(header.chainId), height: Number(header.height), parentHash: show(header.parentHash), epoch: Number(header.epoch),
    validatorSetHash: show(header.setHash), nextValidatorSetHash: show(header.nextSetHash), timestampMs: Number(header.timeMs),
    proposer: header.proposer, logSizeBefore: Number(header.logSizeBefore), logSizeAfter: Number(header.logSizeAfter),
    logRoot: show(header.logRoot), stateRoot: show(header.stateRoot), parametersHash: show(header.parametersHash),
    encoding: expected.encoding, hash: show(header.hash),
  };
  assert.deepEqual(found, expected);
  assert.throws(() => readHeader(hex(`${expected.encoding}00`), 'header'), Refusal);
  assert.throws(() => readHeader(hex(`0002${expected.encoding.slice(4)}`), 'header'), Refusal);
});

test('validator-set: hash and quorum', () => {
  const { hash, quorum } = vectors('validator-set');
  assert.equal(show(set().hash), hash);
  assert.equal(set().quorum, quorum);
});

test('vote: sign bytes, digest, signature', () => {
  const { chainId, publicKey, votes } = vectors('vote');
  for (const vote of votes) {
    const bytes = voteBytes({
      ...vote, chainId: hex(chainId), blockHash: hex(vote.blockHash), preparedView: vote.type === 4 ? vote.preparedView : null,
    });
    assert.equal(show(bytes), vote.signBytes);
    assert.equal(show(sha256(bytes)), vote.digest);
    requireSignature(hex(publicKey), bytes, hex(vote.signature), 'vote');
    assert.throws(() => requireSignature(hex(publicKey), Buffer.concat([bytes, ZERO_HASH]), hex(vote.signature), 'vote'), Refusal);
  }
  assert.deepEqual([...new Set(votes.map((v) => v.type))], [1, 2, 3, 4]);
});

test('certificate: read, and verified over its header', () => {
  const expected = vectors('certificate');
  const certificate = readCertificate(hex(expected.encoding), 'certificate');
  assert.deepEqual([certificate.type, Number(certificate.epoch), Number(certificate.height), certificate.view],
    [expected.type, expected.epoch, expected.height, expected.view]);
  assert.deepEqual(certificate.signatures.map((s) => ({ validator: s.validator, signature: show(s.signature) })), expected.signatures);
  const header = readHeader(hex(vectors('header').encoding), 'header');
  requireCommitted(header, certificate, set(), 'certificate')();
  assert.throws(() => requireCommitted(header, { ...certificate, view: 2 }, set(), 'certificate')(), /signature of/);
  const fewer = { ...certificate, signatures: certificate.signatures.slice(1) };
  assert.throws(() => requireCommitted(header, fewer, set(), 'certificate'), /2 signatures; exactly 3 are expected/);
});

test('certificate: each field of it, and of the header, is looked at', () => {
  const bytes = hex(vectors('certificate').encoding);
  const header = readHeader(hex(vectors('header').encoding), 'header');
  const altered = (at, ...values) => {
    const copy = Buffer.from(bytes);
    copy.set(values, at);
    return copy;
  };
  const check = (encoding, of = header) => requireCommitted(of, readCertificate(encoding, 'certificate'), set(), 'certificate')();
  check(bytes);
  assert.throws(() => check(altered(1, 2)), /format version 2/);
  assert.throws(() => check(altered(2, 4)), /type 4/);
  assert.throws(() => check(altered(2, 2)), /not a commit certificate/);
  assert.throws(() => check(altered(10, 4)), /of epoch 4, height 7; the header's are 3, 7/);
  assert.throws(() => check(altered(18, 8)), /of epoch 3, height 8; the header's are 3, 7/);
  assert.throws(() => check(altered(23, 0)), /of another block hash/);
  assert.throws(() => check(altered(55 + 2 + 2 * 66, 0, 4)), /there is no validator 4/);
  assert.throws(() => check(bytes.subarray(0, -1)), /more are needed/);
  assert.throws(() => check(Buffer.concat([bytes, Buffer.alloc(1)])), /1 bytes too many/);
  assert.throws(() => check(Buffer.concat([altered(55, 0, 201), Buffer.alloc(201 * 66)])), /201 signatures/);
  assert.throws(() => check(bytes, { ...header, setHash: ZERO_HASH }), /the header names another validator set/);
});

for (const name of ['genesis', 'genesis-version-2']) test(`${name}: chain id, leaf, validator set, first state, header 0, founding signatures`, () => {
  const expected = vectors(name);
  const genesis = readGenesis(hex(expected.body));
  assert.equal(show(genesis.chainId), expected.chainId);
  assert.equal(show(genesis.leaf), expected.leaf);
  assert.equal(show(leafHash(genesis.leaf)), expected.leafHash);
  assert.equal(show(genesis.set.hash), expected.validatorSetHash);
  assert.equal(show(sha256(foundingBytes(genesis.chainId))), expected.signingDigest);
  const chain = new Chain(genesis);
  assert.deepEqual(changesOf(chain), sorted(expected.state));
  chain.found(hex(expected.header));
  assert.equal(show(chain.tip.hash), expected.headerHash);
  const { signatures } = JSON.parse(expected.file);
  const founding = signatures.map((s) => ({ department: s.department, signature: hex(s.signature) }));
  requireFounded(genesis, founding);
  assert.throws(() => requireFounded(genesis, founding.slice(1)), Refusal);
});

test('joining: every key that the body names signs it, in the one form of the file', () => {
  const expected = vectors('joining');
  const body = hex(expected.body);
  const { network_name: network, department } = decode(JoiningBody, body, 'body');
  assert.equal(network, 'test');
  assert.equal(department.id, 'alpha');
  const signed = Buffer.concat([tag('govchain/jng/v1'), body]);
  assert.equal(show(sha256(signed)), expected.signingDigest);
  const { signatures } = JSON.parse(expected.file);
  const keys = [department.validator_key, ...department.administrators.map((a) => a.public_key)].map(show).sort();
  assert.deepEqual(signatures.map((s) => s.key), keys);
  for (const { key, signature } of signatures) requireSignature(hex(key), signed, hex(signature), key);
  const lines = signatures.map(({ key, signature }) => `    { "key": "${key}", "signature": "${signature}" }`).join(',\n');
  assert.equal(expected.file,
    `{\n  "format": "govchain-joining-1",\n  "body": "${body.toString('base64')}",\n  "signatures": [\n${lines}\n  ]\n}\n`);
});

test('reader statement: an officer vouches for a TLS key, at one ledger, for its time', () => {
  const { chainId, publicKey, subjectPublicKeyInfo, nowMs, statements } = vectors('reader-statement');
  const now = BigInt(nowMs);
  let good = 0;
  for (const { name, extension, id, refusal } of statements) {
    const bytes = hex(extension);
    const from = bytes.readBigUInt64BE(69), to = bytes.readBigUInt64BE(77);
    const wellFormed = bytes.length === 149 && bytes.subarray(0, 4).equals(hex('04819201')) && (bytes[36] === 2 || bytes[36] === 3)
      && from < to && to - from <= 366n * 86_400_000n;
    const expected = !wellFormed ? 'CERTIFICATE_MALFORMED' : from > now + 30_000n ? 'CERTIFICATE_NOT_YET_VALID' : now >= to ? 'CERTIFICATE_EXPIRED' : null;
    assert.equal(refusal, expected, name);
    if (!wellFormed) continue;
    const signed = Buffer.concat([tag('govchain/rst/v1'), bytes.subarray(3, -64), sha256(hex(subjectPublicKeyInfo))]);
    assert.equal(show(sha256(signed)), id, name);
    requireSignature(bytes.subarray(36, 69), signed, bytes.subarray(-64), name);
    assert.deepEqual([show(bytes.subarray(4, 36)), show(bytes.subarray(36, 69))], [chainId, publicKey], name);
    good += refusal === null ? 1 : 0;
  }
  assert.equal(good, 4);
});

test('read token: its id is what the officer signed, in one text, at one node, within its time', () => {
  const { chainId, publicKey, node, nowMs, tokens } = vectors('read-token');
  const now = BigInt(nowMs);
  for (const { name, token, text, id, refusal } of tokens) {
    const bytes = hex(token);
    if (text === null) {
      assert.equal(refusal, 'TOKEN_MALFORMED', name);
      continue;
    }
    const signed = Buffer.concat([tag('govchain/rdt/v1'), bytes.subarray(0, -64)]);
    assert.equal(show(sha256(signed)), id, name);
    requireSignature(bytes.subarray(33, 66), signed, bytes.subarray(-64), name);
    assert.equal(bytes.toString('base64url'), text, name);
    assert.deepEqual([bytes[0], show(bytes.subarray(1, 33)), show(bytes.subarray(33, 66))], [1, chainId, publicKey], name);
    const issued = bytes.readBigUInt64BE(66), lifetime = BigInt(bytes.readUInt32BE(74));
    const expected = bytes.subarray(94, -64).toString() !== node ? 'TOKEN_WRONG_NODE'
      : issued > now + 30_000n ? 'TOKEN_NOT_YET_VALID' : now >= issued + lifetime ? 'TOKEN_EXPIRED' : null;
    assert.equal(refusal, expected, name);
  }
  assert.equal(tokens.filter((t) => t.refusal === null).length, 3);
});

const sorted = (state) => [...state].sort((a, b) => (a.key < b.key ? -1 : 1));
const changesOf = (chain) => chain.changes.map(({ key, value }) => ({
  key: show(key), treeKey: show(sha256(key)), value: show(value), valueDigest: show(sha256(value)),
}));

const ofBlocks = (name, what, of = 'genesis') => test(`${name}: headers, log roots, state changes and state roots of ${what}`, () => {
  const { chainId, blocks } = vectors(name);
  const genesisVector = vectors(of);
  const genesis = readGenesis(hex(genesisVector.body));
  assert.equal(show(genesis.chainId), chainId);
  const chain = new Chain(genesis);
  chain.found(hex(genesisVector.header));
  for (const { header, hash, envelopes, state } of blocks) {
    chain.beginUncertified(hex(header), envelopes.length);
    for (const envelope of envelopes) chain.add(hex(envelope));
    chain.end();
    assert.equal(show(chain.tip.hash), hash);
    assert.deepEqual(changesOf(chain), sorted(state));
  }
});

ofBlocks('blocks', 'executed transactions');
ofBlocks('submissions', 'what was approved, what was refused and what waits');
ofBlocks('proposals', 'what departments proposed and voted on');
ofBlocks('read-roots', 'how far read logs had come, and which were begun anew', 'genesis-version-2');
ofBlocks('records-version-2', 'records that name their transactions', 'genesis-version-2');
ofBlocks('enrolments', 'who was enrolled anew, and what it had delegated', 'genesis-version-2');
ofBlocks('versions', 'how they went on to the next protocol version');

test('transaction: ids, leaf hashes, signatures', () => {
  const { chainId, publicKey, transactions } = vectors('transaction');
  for (const expected of transactions) {
    const transaction = readTransaction(hex(expected.envelope), hex(chainId));
    assert.equal(show(transaction.id), expected.transactionId, expected.name);
    assert.equal(show(transaction.signer), publicKey);
    assert.equal(show(leafHash(transaction.envelope)), expected.leafHash);
    transaction.requireSigned();
  }
});

test('refused: code, field and offset of each envelope', () => {
  const { chainId, envelopes } = vectors('refused');
  for (const { name, envelope, code, facts } of envelopes) {
    assert.throws(() => readTransaction(hex(envelope), hex(chainId)), (e) => {
      assert.equal(e.code, code, name);
      if (facts.offset !== undefined) {
        const { field, offset, rule } = e;
        assert.deepEqual({ field, offset: String(offset), ...(code !== 'NOT_ACTIVE' && { rule }) }, facts, name);
      } else if (facts.field !== undefined) assert.equal(e.where, facts.field, name);
      return true;
    });
  }
});

test('an envelope of 65,536 bytes is too large before anything of it is read', () => {
  const { chainId } = vectors('refused');
  assert.throws(() => readTransaction(Buffer.alloc(65_536), hex(chainId)), (e) => e.code === 'TOO_LARGE' && e.where === 'envelope');
});

test('a body without its format version or its algorithm is refused for that', () => {
  const { chainId, transactions } = vectors('transaction');
  const { body, signature } = decode(SignedTransaction, hex(transactions[0].envelope), 'envelope');
  const without = (from) => encode(SignedTransaction, { body: Buffer.concat([body.subarray(0, from), body.subarray(from + 2)]), signature });
  for (const [from, field] of [[0, 'format_version'], [2, 'algorithm']]) {
    assert.throws(() => readTransaction(without(from), hex(chainId)),
      (e) => e.where === field && e.code === 'INVALID_FIELD');
  }
});

test('receipt: whole ones are valid, each edited one is refused', () => {
  const { genesisDigest, receipts, refusedEditsOfTheSecond } = vectors('receipt');
  for (const { name, file } of receipts) {
    const summary = verifyReceipt(Buffer.from(file), hex(genesisDigest));
    assert.equal(summary.chainId, genesisDigest, name);
    assert.throws(() => verifyReceipt(Buffer.from(file), ZERO_HASH), /not of the trusted one/);
  }
  const refuse = (text, expected) => assert.throws(() => verifyReceipt(Buffer.from(text), hex(genesisDigest)), expected);
  refuse(' '.repeat(2 * 1024 * 1024 + 1), /file: 2097153 bytes/);
  refuse(receipts[0].file.replace('receipt-1', 'receipt-2'), /^Refusal: format: /);
  const { file } = receipts[1];
  for (const { name, replace, with: by } of refusedEditsOfTheSecond) {
    assert.ok(file.includes(replace), name);
    assert.throws(() => verifyReceipt(Buffer.from(file.replace(replace, by)), hex(genesisDigest)), Refusal, name);
  }
});
