// SPEC "Leaders" and action 81: who leads, and who may not for a while.
import { require } from './refusal.mjs';
import { KIND } from './state.mjs';

const HEIGHTS_KEPT = 64;

/** The leader's value before the first block. */
export const foundedLeader = (set) => ({ departments: set.members.map(({ department }) => department) });

/** The leader's value after a block that a department proposed; `nextSet` is given where the block names another one. */
export function countProposer(state, proposer, height, parameters, nextSet = null) {
  const before = state.before(KIND.leader, 'leader');
  const { departments, suspensions } = state.now(KIND.leader, 'leader');
  const first = next(before, height, parameters.leader_blocks_max).first;
  const oldest = height < HEIGHTS_KEPT ? 0n : height - BigInt(HEIGHTS_KEPT - 1);
  state.set(KIND.leader, 'leader', {
    last_proposer: proposer,
    run: before.last_proposer === proposer ? before.run + 1 : 1,
    // What is kept of the heights before names places in the old set.
    first_leaders: nextSet ? [] : [...before.first_leaders, first].slice(-HEIGHTS_KEPT),
    departments: nextSet ? nextSet.members.map(({ department }) => department) : departments,
    suspensions: suspensions.filter((s) => s.last_height >= oldest
      && (!nextSet || nextSet.members.some(({ department }) => department === s.department))),
  });
}

/** Suspends the leader of a view that a quorum left. */
export function suspendLeader(state, action, { height, epoch, position, parameters }) {
  const leader = state.now(KIND.leader, 'leader');
  const { departments, first_leaders: firsts, suspensions } = leader;
  const age = height - 1n - action.height;
  require(action.epoch === epoch && age >= 0n && age < BigInt(firsts.length), 'height',
    () => `${action.height} of epoch ${action.epoch}, of which the state does not know who led`, 'PROOF_OUT_OF_RANGE');
  requireQuorum(state, action.view_changes, departments, height);
  const order = orderAt(leader, action.height);
  const first = firsts[firsts.length - 1 - Number(age)];
  const blamed = order[(first + action.view) % order.length];
  const again = suspensions.some((s) => s.department === blamed && action.height < s.first_height);
  require(!again, 'height', () => `${blamed} was suspended for this or later`, 'ALREADY_SUSPENDED');
  const suspended = departments.filter((d) => isSuspended(leader, d, height + 1n)).length;
  const most = Math.floor((departments.length - 1) / 3);
  require(suspended < most, 'height', () => `${suspended} are suspended, of at most ${most}`, 'TOO_MANY_SUSPENDED');
  const suspension = {
    department: blamed,
    first_height: height + 1n,
    last_height: height + BigInt(parameters.suspension_heights),
    blamed_height: action.height,
    blamed_view: action.view,
    position,
  };
  state.set(KIND.leader, 'leader', { ...leader, suspensions: [...suspensions, suspension] });
}

function requireQuorum(state, changes, departments, height) {
  const faulty = Math.floor((departments.length - 1) / 3);
  const quorum = Math.ceil((departments.length + faulty + 1) / 2);
  const unproven = (kept, what) => require(kept, 'view_changes', what, 'INVALID_PROOF');
  unproven(changes.length === quorum, `${changes.length}; exactly ${quorum} are a proof`);
  let last = -1;
  for (const { signer } of changes) {
    const department = validatorAt(state, signer, height);
    const index = departments.indexOf(department);
    unproven(index >= 0, 'a signer that is no department that votes');
    unproven(index > last, 'not ascending by department');
    last = index;
  }
}

/** The department whose validator key this is at a height, or undefined. */
export function validatorAt(state, key, height) {
  const intervals = state.before(KIND.key, key)?.validator_intervals ?? [];
  return intervals.find((i) => i.first_height <= height && (i.last_height === 0n || height <= i.last_height))?.department;
}

/** The order of the next height and b, of a value after the height before. */
function next(leader, height, blocksMax) {
  const order = orderAt(leader, height);
  const { last_proposer: last, run } = leader;
  const first = order.findIndex((department) => department > last || (department === last && run < blocksMax));
  return { order, first: Math.max(first, 0) };
}

function orderAt(leader, height) {
  const order = leader.departments.filter((department) => !isSuspended(leader, department, height));
  return order.length > 0 ? order : leader.departments;
}

const isSuspended = ({ suspensions }, department, height) =>
  suspensions.some((s) => s.department === department && s.first_height <= height && height <= s.last_height);
