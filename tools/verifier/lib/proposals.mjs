// SPEC "Execution", 16 to 18: what departments decide together by votes on the ledger.
import { requireIdentifier, requireLength, requireText } from './fields.mjs';
import { quorumOf, requireStanding, takeEffect } from './membership.mjs';
import { require } from './refusal.mjs';
import { KIND } from './state.mjs';

const OPEN = 1;
const ADOPTED = 2;
const REJECTED = 3;
const WITHDRAWN = 4;

/** SPEC "Actions", fields of action 65. */
export function requireVoteOnProposal({ department, proposal, reason }, action) {
  requireIdentifier('department', department, `${action}.department`);
  requireLength(proposal, 32, `${action}.proposal`);
  requireText(reason, 0, 1024, `${action}.reason`);
}

/** SPEC "Actions", fields of action 66. */
export function requireWithdrawProposal({ proposal, reason }, action) {
  requireLength(proposal, 32, `${action}.proposal`);
  requireText(reason, 0, 1024, `${action}.reason`);
}

export function propose(state, { change }, block) {
  const { epoch, timeMs, position, signer, id } = block;
  const { department, officer_id } = signer;
  const before = state.now(KIND.proposal, department);
  const open = before?.status === OPEN && before.change.epoch === epoch && timeMs < before.change.expires_at_ms;
  require(!open, 'signer', () => `${department} has a proposal that is open`, 'PROPOSAL_OPEN');
  requireStanding(state, change, block);
  state.set(KIND.proposal, department, { proposal: id, department, officer_id, change, status: OPEN, position });
}

export function voteOnProposal(state, { department: of, proposal, in_favour }, block) {
  const { position, signer } = block;
  const { department, officer_id } = signer;
  const found = openProposal(state, of, proposal, block);
  require(found.votes.find((v) => v.department === department)?.in_favour !== in_favour, 'in_favour', 'voted so already', 'ALREADY_VOTED');
  const others = found.votes.filter((v) => v.department !== department);
  const votes = [...others, { department, officer_id, in_favour, position }].sort((a, b) => (a.department < b.department ? -1 : 1));
  const voters = state.before(KIND.leader, 'leader').departments.length;
  const quorum = quorumOf(voters);
  const inFavour = votes.filter((v) => v.in_favour).length;
  const decided = (status) => state.set(KIND.proposal, of, { ...found, votes, status, decided_position: position });
  if (inFavour >= quorum) {
    requireStanding(state, found.change, block);
    takeEffect(state, found.change, block);
    decided(ADOPTED);
  } else if (votes.length - inFavour > voters - quorum) decided(REJECTED);
  else state.set(KIND.proposal, of, { ...found, votes });
}

export function withdrawProposal(state, { proposal }, block) {
  const { department } = block.signer;
  const found = openProposal(state, department, proposal, block);
  state.set(KIND.proposal, department, { ...found, status: WITHDRAWN, decided_position: block.position });
}

function openProposal(state, department, proposal, { epoch, timeMs }) {
  const found = state.now(KIND.proposal, department);
  require(found?.proposal.equals(proposal), 'proposal', () => `not the newest of ${department}`, 'UNKNOWN_PROPOSAL');
  require(found.status === OPEN, 'proposal', 'decided', 'PROPOSAL_DECIDED');
  require(found.change.epoch === epoch, 'proposal', () => `of epoch ${found.change.epoch}`, 'OTHER_EPOCH');
  require(timeMs < found.change.expires_at_ms, 'proposal', () => `open until ${found.change.expires_at_ms}`, 'PROPOSAL_EXPIRED');
  return found;
}
