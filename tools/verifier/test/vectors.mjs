import { readFileSync } from 'node:fs';

/** A file of docs/vectors. */
export const vectorBytes = (name) => readFileSync(new URL(`../../../docs/vectors/${name}`, import.meta.url));

export const vectors = (name) => JSON.parse(vectorBytes(`${name}.json`).toString('utf8'));

export const hex = (text) => Buffer.from(text, 'hex');
