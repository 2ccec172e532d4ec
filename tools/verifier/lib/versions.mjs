// SPEC "Protocol versions": whose rules a block obeys, and how departments go on to the next.
import { Refusal, require } from './refusal.mjs';
import { KIND } from './state.mjs';

const FIRST = 1;
/** The newest version that this program executes. */
export const NEWEST = 2;
const AHEAD_MS = 366n * 86_400_000n;
const INVALID = 'INVALID_FIELD';

/** Actions and rules that came after the first version. */
const SINCE = { post_read_root: 2, delegations_end_with_enrolments: 2, administrators_have_no_end: 2, named_records_are_read: 2, records_name_their_transaction: 2 };

const NONE = { version: FIRST, first_height: 0n, scheduled: null, position: 0n };
const now = (state) => state.now(KIND.protocol, 'protocol') ?? NONE;

/** SPEC "Genesis", first state: the first version has no value. */
export function foundVersion(state, version) {
  if (version > FIRST) state.set(KIND.protocol, 'protocol', { ...NONE, version });
}

/** The next block must be of a version that this program executes. */
export function requireExecutable(state) {
  const { version } = state.before(KIND.protocol, 'protocol') ?? NONE;
  if (version > NEWEST)
    throw new Refusal('protocol version', `${version}, and this program executes 1 to ${NEWEST}; all blocks before hold. Use a newer one`);
}

/** Whether a rule is one of the block's version. */
export function hasRule(state, rule) {
  const { version } = state.before(KIND.protocol, 'protocol') ?? NONE;
  return version >= SINCE[rule];
}

/** An action must be one of the block's version. */
export function requireActive(state, action) {
  const { version } = state.before(KIND.protocol, 'protocol') ?? NONE;
  const since = SINCE[action] ?? FIRST;
  require(version >= since, action, () => `of version ${since}, and the ledger is of version ${version}`, 'NOT_ACTIVE');
}

/** The fields of a change that schedules a version. */
export function requireSchedule({ protocol, expires_at_ms: expires }, at) {
  require(protocol !== null, at, 'missing', INVALID);
  require(protocol.version >= 2, `${at}.version`, () => `${protocol.version}`, INVALID);
  const { from_ms: from } = protocol;
  require(from >= expires && from - expires <= AHEAD_MS, `${at}.from_ms`, () => `${from}, and the vote ends at ${expires}`, INVALID);
}

/** A version could be scheduled, or called off, now. */
export function requireNext(state, { protocol }) {
  const { version, scheduled } = now(state);
  if (protocol === null) require(scheduled !== null, 'change', 'no version is scheduled', 'NOT_SCHEDULED');
  else require(protocol.version === version + 1, 'change.protocol', () => `version ${protocol.version} after ${version}`, 'NOT_NEXT_VERSION');
}

/** What was decided: scheduled, or called off. */
export function schedule(state, { protocol }, position) {
  state.set(KIND.protocol, 'protocol', { ...now(state), scheduled: protocol, position: protocol === null ? 0n : position });
}

/** After a block's transactions: what is due holds from the next block on. */
export function endBlock(state, { height, timeMs }) {
  const { scheduled } = now(state);
  if (scheduled !== null && timeMs >= scheduled.from_ms)
    state.set(KIND.protocol, 'protocol', { ...NONE, version: scheduled.version, first_height: height + 1n });
}
