// docs/vectors/epochs.json: a ledger whose validators change three times, and receipts of every epoch, made by the node's own code.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chain } from '../lib/chain.mjs';
import { readGenesis } from '../lib/genesis.mjs';
import { verifyReceipt } from '../lib/receipt.mjs';
import { vectors as read } from './vectors.mjs';

const vectors = read('epochs');
const bytes = (text) => Buffer.from(text, 'base64');
const digest = Buffer.from(vectors.genesisDigest, 'hex');

function replay(blocks) {
  const chain = new Chain(readGenesis(bytes(vectors.genesisBody)));
  chain.found(bytes(blocks[0].header));
  for (const { header, certificate, envelopes } of blocks.slice(1)) {
    chain.begin(bytes(header), bytes(certificate), envelopes.length);
    for (const envelope of envelopes) chain.add(bytes(envelope));
    chain.end();
  }
  return chain.tip;
}

test('a ledger across three changes is executed to the same roots, every block under its own set', () => {
  const tip = replay(vectors.blocks);
  assert.equal(tip.epoch, 3n);
  assert.equal(tip.height, BigInt(vectors.blocks.length - 1));
});

test('a block certified by another epoch\'s set is refused', () => {
  for (const { height, certificate } of vectors.wrongCertificates) {
    const blocks = vectors.blocks.map((block, i) => (i === height ? { ...block, certificate } : block));
    assert.throws(() => replay(blocks), /certificate/, `height ${height}`);
  }
});

test('a second use of the same approvals is refused', () => {
  const [change] = vectors.blocks[2].envelopes;
  const blocks = vectors.blocks.map((block, i) => (i === 3 ? { ...block, envelopes: [change] } : block));
  assert.throws(() => replay(blocks), /DUPLICATE|stands at position/);
});

test('receipts of every epoch hold from the genesis digest alone', () => {
  for (const { file, height } of vectors.receipts) assert.equal(verifyReceipt(bytes(file), digest).height, height);
});

test('a block of a set whose epoch had ended, or not begun, is refused', () => {
  for (const file of vectors.outsideTheirEpoch) assert.throws(() => verifyReceipt(bytes(file), digest), /block, header: (epoch 0 has no such block|height 1 is before)/);
});

test('a receipt whose chain of epochs was tampered with is refused', () => {
  const file = bytes(vectors.receipts.at(-1).file);
  const tampered = (name, change, expected) => {
    const receipt = JSON.parse(file);
    change(receipt.epochs);
    assert.throws(() => verifyReceipt(Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`), digest), expected, name);
  };
  tampered('one is missing', (e) => e.splice(1, 1), /epochs 1/);
  tampered('the last is missing', (e) => e.pop(), /epoch/);
  tampered('one twice', (e) => e.push(e.at(-1)), /epochs 3/);
  tampered('another department', (e) => { e[0].department = 'delta'; }, /epochs 0: not the change/);
  tampered('no department', (e) => { e[0].department = 'Delta'; }, /epochs 0, department/);
  tampered('no key', (e) => { delete e[0].newKey; }, /epochs 0: not the change/);
  tampered('another key', (e) => { e[0].newKey = e[1].newKey; }, /epochs 0: not the change/);
  tampered('no point of the curve', (e) => { e[0].newKey = `02${'f'.repeat(64)}`; }, /epochs 0, newKey/);
  tampered('another block', (e) => { e[0].lastBlock = e[1].lastBlock; }, /epochs 0, lastBlock/);
  tampered('another certificate', (e) => { e[0].lastBlock.certificate = e[1].lastBlock.certificate; }, /epochs 0, lastBlock, certificate/);
  tampered('a member more', (e) => { e[0].note = 'genuine'; }, /canonical/);
});
