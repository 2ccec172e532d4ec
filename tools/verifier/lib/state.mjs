// SPEC "State values": the authenticated state, before a block and within it.
import { sha256 } from './bytes.mjs';
import {
  DelegationState, DepartmentState, LeaderState, MembershipState, OfficerKeyState, OfficerState, Parameters, ProposalState, ProtocolState, ReadRootState, RecordState,
  RecordTypeState, SubmissionState,
} from './messages.mjs';
import { StateTree } from './state-tree.mjs';
import { decode, empty, encode } from './wire.mjs';

export const KIND = {
  parameters: 1, department: 2, key: 3, officer: 4, type: 5, record: 6, leader: 7, proposal: 8, submission: 9, delegation: 10, membership: 12, protocol: 13,
  readRoot: 14,
};
const SCHEMAS = [
  null, Parameters, DepartmentState, OfficerKeyState, OfficerState, RecordTypeState, RecordState, LeaderState,
  ProposalState, SubmissionState, DelegationState, null, MembershipState, ProtocolState, ReadRootState,
];

export const officerId = (department, officer) => `${department}\0${officer}`;
export const delegationId = (department, delegator, officer) => `${department}\0${delegator}\0${officer}`;
export const readRootId = (department, number) => `${department}\0${number.toString().padStart(20, '0')}`;
export const recordId = (type, id) => `${type}\0${id}`;

/** The place of a state value in the tree. `id` is text in ASCII, or bytes. */
export const stateKey = (kind, id) => Buffer.concat([Buffer.from([kind]), Buffer.from(id)]);

const nameOf = (kind, id) => stateKey(kind, id).toString('latin1');

export class State {
  #values = new Map();
  #changes = new Map();
  #tree = new StateTree();

  /** A value as it stood before the block, or null. */
  before(kind, id) {
    return parsed(kind, this.#values.get(nameOf(kind, id)));
  }

  /** A value as the block's earlier transactions left it, or null. */
  now(kind, id) {
    const name = nameOf(kind, id);
    return parsed(kind, this.#changes.get(name) ?? this.#values.get(name));
  }

  /** Sets a value within the block; fields that are not named have their default. */
  set(kind, id, fields) {
    this.#changes.set(nameOf(kind, id), encode(SCHEMAS[kind], { ...empty(SCHEMAS[kind]), ...fields }));
  }

  /** Ends the block: [{ key, value }] that it changed, by key. */
  commit() {
    const changes = [...this.#changes].map(([name, value]) => ({ key: Buffer.from(name, 'latin1'), value }));
    for (const { key, value } of changes) {
      this.#values.set(key.toString('latin1'), value);
      this.#tree.set(sha256(key), sha256(value));
    }
    this.#changes.clear();
    return changes.sort((a, b) => a.key.compare(b.key));
  }

  root() { return this.#tree.root(); }
}

const parsed = (kind, value) => (value === undefined ? null : decode(SCHEMAS[kind], value));
