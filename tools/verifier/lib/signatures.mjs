// secp256k1 through node:crypto: keys as compressed points, signatures as 64 bytes r, s with low s.
import { createPublicKey, verify } from 'node:crypto';
import { require } from './refusal.mjs';

const ORDER = Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex');
const HALF_ORDER = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex');
const ZERO = Buffer.alloc(32);

/** SubjectPublicKeyInfo of a secp256k1 key, up to the 33 bytes of the compressed point. */
const SPKI = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex');

const KEYS_KEPT = 10_000;
const keys = new Map();

/** The key object of a compressed point, or null if it is no point of the curve. */
function keyOf(point) {
  const name = point.toString('latin1');
  let key = keys.get(name);
  if (key === undefined) {
    if (keys.size >= KEYS_KEPT) keys.clear();
    keys.set(name, key = load(point));
  }
  return key;
}

function load(point) {
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI, point]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** Whether these are the 33 bytes of a compressed point on the curve (SEC 1, 2.3.3). */
export const isPublicKey = (point) => keyOf(point) !== null;

/** Whether these are 64 bytes with 0 < r < n and 0 < s <= (n - 1) / 2. */
export function isSignature(signature) {
  try {
    requireSignatureForm(signature, '');
    return true;
  } catch {
    return false;
  }
}

/** 0 < r < n and 0 < s <= (n - 1) / 2. */
export function requireSignatureForm(signature, where) {
  require(signature.length === 64, where, () => `a signature of ${signature.length} bytes`, 'INVALID_FIELD');
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  require(r.compare(ZERO) > 0 && r.compare(ORDER) < 0 && s.compare(ZERO) > 0 && s.compare(ORDER) < 0, where,
    'a signature with r or s out of range', 'INVALID_SIGNATURE');
  require(s.compare(HALF_ORDER) <= 0, where, 'a signature with high s', 'HIGH_S');
}

/** Whether the signature over SHA-256(message) is the key's and has the one form. */
export function requireSignature(point, message, signature, where) {
  requireSignatureForm(signature, where);
  const key = keyOf(point);
  require(key !== null, where, 'the key is no point of the curve', 'INVALID_PUBLIC_KEY');
  require(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature), where,
    `the signature is not made by the key ${point.toString('hex')}`, 'INVALID_SIGNATURE');
}
