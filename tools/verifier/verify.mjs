#!/usr/bin/env node
// Verifies GovChain's receipts and exported ledgers. Written from docs/SPEC.md alone.
import { createReadStream, fstatSync, openSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { verifyLedger } from './lib/ledger.mjs';
import { RECEIPT_BYTES_MAX, verifyReceipt } from './lib/receipt.mjs';
import { Refusal } from './lib/refusal.mjs';

const WHOLE = 0;
const REFUSED = 1;
const USAGE = 2;
const FAULT = 70;

const HELP = `Verifies GovChain's receipts and exported ledgers, trusting the genesis digest and nothing else.

  node verify.mjs receipt FILE --genesis-digest HEX [--json]
  node verify.mjs ledger FILE --genesis-digest HEX [--json]

  FILE              a receipt, or what "govchain audit --export" wrote; - is standard input
  --genesis-digest  64 hexadecimal digits, from a source you trust
  --json            print one JSON object
  --help            print this

Exit codes: 0 everything holds, 1 refused (the place and the reason are printed), 2 the command line or a file is
wrong, 70 a fault of this program.`;

class UsageError extends Error {}

function parse(args) {
  const options = { 'genesis-digest': { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (e) {
    throw new UsageError(e.message);
  }
  const { values, positionals: [what, file, ...rest] } = parsed;
  if (values.help) return { help: true };
  if (!['receipt', 'ledger'].includes(what)) throw new UsageError('Say what to verify: receipt or ledger.');
  if (file === undefined || rest.length > 0) throw new UsageError('Name one file.');
  const digest = values['genesis-digest'];
  if (!/^[0-9a-fA-F]{64}$/.test(digest ?? '')) throw new UsageError('--genesis-digest: 64 hexadecimal digits are expected.');
  return { what, file, digest: Buffer.from(digest, 'hex'), json: values.json };
}

function open(file) {
  try {
    const descriptor = file === '-' ? 0 : openSync(file, 'r');
    if (fstatSync(descriptor).isDirectory()) throw new Error('it is a folder');
    return descriptor;
  } catch (e) {
    throw new UsageError(`${file} cannot be read: ${e.message}`);
  }
}

/** Reads a receipt, and not much more than the longest one allowed. */
async function receiptBytes(descriptor) {
  const chunks = [];
  let length = 0;
  for await (const chunk of createReadStream(null, { fd: descriptor })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > RECEIPT_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}

const PROGRESS_MS = 500;

function showProgress() {
  if (!process.stderr.isTTY) return { tell: () => {}, clear: () => {} };
  let last = 0;
  return {
    tell(height) {
      if (Date.now() - last < PROGRESS_MS) return;
      last = Date.now();
      process.stderr.write(`\rblock ${height}`);
    },
    clear: () => process.stderr.write('\r\x1b[K'),
  };
}

async function verify({ what, file, digest }) {
  const descriptor = open(file);
  if (what === 'receipt') return verifyReceipt(await receiptBytes(descriptor), digest);
  const progress = showProgress();
  try {
    return await verifyLedger(createReadStream(null, { fd: descriptor, highWaterMark: 1 << 20 }), digest, progress.tell);
  } finally {
    progress.clear();
  }
}

function print(what, file, findings) {
  console.log(what === 'receipt' ? `VALID: ${file}` : `WHOLE: ${file}`);
  for (const [name, value] of Object.entries(findings)) console.log(`  ${name.padEnd(14)} ${value}`);
}

async function main(args) {
  let command;
  try {
    command = parse(args);
    if (command.help) {
      console.log(HELP);
      return WHOLE;
    }
    const findings = await verify(command);
    if (command.json) console.log(JSON.stringify({ ok: true, ...findings }, null, 2));
    else print(command.what, command.file, findings);
    return WHOLE;
  } catch (e) {
    if (e instanceof Refusal) {
      if (command.json) console.log(JSON.stringify({ ok: false, where: e.where, what: e.what, code: e.code }, null, 2));
      else console.log(`REFUSED: ${command.file}\n  where  ${e.where}\n  what   ${e.what}${e.code ? ` (${e.code})` : ''}`);
      return REFUSED;
    }
    if (e instanceof UsageError) console.error(`${e.message}\nSee: node verify.mjs --help`);
    else if (e.syscall !== undefined) console.error(`The file cannot be read: ${e.message}`);
    else console.error(`This is a fault of the verifier: ${e.message}\nNothing is said about the file. Please report it.`);
    return e instanceof UsageError || e.syscall !== undefined ? USAGE : FAULT;
  }
}

process.exitCode = await main(process.argv.slice(2));
