// SPEC "Log tree": RFC 6962 section 2.1, RFC 9162 section 2.1.
import { sha256 } from './bytes.mjs';
import { require } from './refusal.mjs';

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
const PATH_MAX = 64;

export const leafHash = (leaf) => sha256(LEAF, leaf);
const nodeHash = (left, right) => sha256(NODE, left, right);

/** A log that only grows: the roots of its complete subtrees, the largest first. */
export class Log {
  size = 0n;
  #subtrees = [];

  append(leaf) {
    let hash = leafHash(leaf);
    for (let rest = this.size; rest & 1n; rest >>= 1n) hash = nodeHash(this.#subtrees.pop(), hash);
    this.#subtrees.push(hash);
    this.size++;
  }

  root() {
    if (this.size === 0n) return sha256();
    return this.#subtrees.reduceRight((right, left) => nodeHash(left, right));
  }

  /** The frontier's encoding. */
  frontier() {
    const size = Buffer.alloc(9, 1);
    size.writeBigUInt64BE(this.size, 1);
    return Buffer.concat([size, ...this.#subtrees]);
  }
}

/** The root that an inclusion path leads to: RFC 9162 section 2.1.3.2. */
export function rootOfInclusion(index, size, leaf, path, where) {
  require(index < size, where, `position ${index} is outside a log of ${size}`);
  require(path.length <= PATH_MAX, where, `${path.length} hashes`);
  let [fn, sn, hash] = [index, size - 1n, leaf];
  for (const sibling of path) {
    require(sn !== 0n, where, 'more hashes than the sizes call for');
    if (fn & 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  require(sn === 0n, where, 'fewer hashes than the sizes call for');
  return hash;
}

/** Whether a consistency path leads from one root to the other: RFC 9162 section 2.1.4.2. */
export function requireConsistency(oldSize, oldRoot, newSize, newRoot, path, where) {
  require(oldSize > 0n && oldSize <= newSize, where, `no path leads from size ${oldSize} to ${newSize}`);
  if (oldSize === newSize) {
    require(path.length === 0 && oldRoot.equals(newRoot), where, 'one size, and two roots or a path');
    return;
  }
  const hashes = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...path] : [...path];
  require(hashes.length > 0, where, 'no hashes');
  let [fn, sn] = [oldSize - 1n, newSize - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [oldHash, newHash] = [hashes[0], hashes[0]];
  for (const hash of hashes.slice(1)) {
    require(sn !== 0n, where, 'more hashes than the sizes call for');
    if (fn & 1n || fn === sn) {
      oldHash = nodeHash(hash, oldHash);
      newHash = nodeHash(hash, newHash);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      newHash = nodeHash(newHash, hash);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  require(sn === 0n, where, 'fewer hashes than the sizes call for');
  require(oldHash.equals(oldRoot), where, 'the path does not lead to the old root');
  require(newHash.equals(newRoot), where, 'the path does not lead to the new root');
}
