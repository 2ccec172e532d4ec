import { readFileSync } from 'node:fs';

/** A file of docs/vectors. */
export const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../../docs/vectors/${name}.json`, import.meta.url), 'utf8'));

export const hex = (text) => Buffer.from(text, 'hex');
