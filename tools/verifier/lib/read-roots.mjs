// SPEC "Actions" and "Execution", action 82: roots of the departments' read logs.
import { requireLength } from './fields.mjs';
import { require } from './refusal.mjs';
import { KIND, readRootId } from './state.mjs';

const INVALID = 'INVALID_FIELD';
const LEAST_INTERVAL_MS = 3_600_000n;

export function requirePostReadRoot({ number, first_entry: first, last_entry: last, head }, action) {
  require(number > 0n, `${action}.number`, 'missing', INVALID);
  require(first > 0n, `${action}.first_entry`, 'missing', INVALID);
  require(last >= first, `${action}.last_entry`, () => `${last}, before first_entry`, INVALID);
  requireLength(head, 32, `${action}.head`);
}

export function postReadRoot(state, { number, first_entry, last_entry, head }, { height, timeMs, position, signer }, requireVersion) {
  const { department: id } = signer;
  const department = state.now(KIND.department, id);
  requireVersion(number - 1n, department.read_roots);
  const newest = department.read_roots === 0n ? null : state.now(KIND.readRoot, readRootId(id, department.read_roots));
  const covered = newest?.last_entry ?? 0n;
  require(first_entry === 1n || first_entry === covered + 1n, 'first_entry', () => `covered up to ${covered}`, 'READ_ROOT_NOT_NEXT');
  require(newest === null || timeMs - newest.recorded_at_ms >= LEAST_INTERVAL_MS, 'number',
    () => `the one before is of ${newest.recorded_at_ms}`, 'READ_ROOT_TOO_SOON');
  state.set(KIND.department, id, { ...department, read_roots: number });
  state.set(KIND.readRoot, readRootId(id, number), {
    department: id, number, log: (newest?.log ?? 0n) + (first_entry === 1n ? 1n : 0n), first_entry, last_entry, head,
    recorded_at_ms: timeMs, height, position,
  });
}
