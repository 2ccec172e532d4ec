// SPEC "State tree". A node is null (no leaf below), a leaf { key, digest, hash } or an inner node { left, right, hash }, whose
// hash is null while something below it has changed.
import { sha256, ZERO_HASH } from './bytes.mjs';
import { require } from './refusal.mjs';

const LEAF = Buffer.from([0x10]);
const INNER = Buffer.from([0x11]);
const DEPTH_MAX = 256;

export const leafHash = (key, digest) => sha256(LEAF, key, digest);
const innerHash = (left, right) => sha256(INNER, left, right);
const bit = (key, depth) => (key[depth >> 3] >> (7 - (depth & 7))) & 1;

export class StateTree {
  #root = null;

  set(key, digest) {
    this.#root = put(this.#root, { key, digest, hash: null }, 0);
  }

  root() { return hashOf(this.#root); }
}

function put(node, leaf, depth) {
  if (node === null) return leaf;
  if (node.key) {
    if (node.key.equals(leaf.key)) return leaf;
    return put(put({ left: null, right: null, hash: null }, node, depth), leaf, depth);
  }
  const side = bit(leaf.key, depth) ? 'right' : 'left';
  node[side] = put(node[side], leaf, depth + 1);
  node.hash = null;
  return node;
}

function hashOf(node) {
  if (node === null) return ZERO_HASH;
  node.hash ??= node.key ? leafHash(node.key, node.digest) : innerHash(hashOf(node.left), hashOf(node.right));
  return node.hash;
}

/** The root that a path leads to. `end` is the hash at its end, `siblings` stand from the root downwards. */
export function rootOfPath(key, end, siblings, where) {
  require(siblings.length <= DEPTH_MAX, where, `${siblings.length} siblings`);
  require(!siblings.at(-1)?.equals(ZERO_HASH), where, 'the last sibling is empty');
  return siblings.reduceRight(
    (hash, sibling, depth) => (bit(key, depth) ? innerHash(sibling, hash) : innerHash(hash, sibling)), end);
}

/** What stands at the end of a path that shows that a key is absent beside another leaf. */
export function endBesideOther(key, siblings, otherKey, otherDigest, where) {
  require(!otherKey.equals(key), where, 'the other key is the key');
  for (let depth = 0; depth < siblings.length; depth++)
    require(bit(key, depth) === bit(otherKey, depth), where, 'the other leaf does not stand on the key\'s path');
  return leafHash(otherKey, otherDigest);
}
