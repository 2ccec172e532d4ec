// SPEC "Messages": the fields of every message, by number.

const scalar = (type) => (name) => ({ name, type });
const uint32 = scalar('uint32');
const uint64 = scalar('uint64');
const bool = scalar('bool');
const string = scalar('string');
const bytes = scalar('bytes');
const message = (name, schema) => ({ name, type: 'message', message: schema });
const repeated = (field) => ({ ...field, repeated: true });
const oneof = (group, field) => ({ ...field, oneof: group });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const define = (name, fields, reserved = []) => ({ name, fields, reserved });

const RecordName = define('RecordName', { 1: string('type'), 2: string('id') });
const LocalizedText = define('LocalizedText', { 1: string('language'), 2: string('text') });
const InlinePayload = define('InlinePayload', { 1: string('media_type'), 2: bytes('content') });
const Payload = define('Payload', { 1: oneof('kind', message('inline', InlinePayload)) }, [2, 3]);

const RecordLink = define('RecordLink', { 1: message('record', RecordName), 2: uint64('version') });

const RecordChange = define('RecordChange', {
  1: message('record', RecordName),
  2: uint64('expected_version'),
  3: message('payload', Payload),
  4: string('reason'),
  5: string('legal_basis'),
  6: string('effective_date'),
  7: repeated(message('links', RecordLink)),
  8: repeated(message('successors', RecordName)),
  9: uint64('approve_until_ms'),
  10: string('receiver'),
});

const ApproveSubmission = define('ApproveSubmission', {
  1: message('record', RecordName), 2: uint64('expected_version'), 3: bytes('submission'), 4: string('on_behalf_of'),
});

const RefuseSubmission = define('RefuseSubmission', {
  1: message('record', RecordName), 2: bytes('submission'), 3: string('reason'), 4: string('on_behalf_of'),
});

const DelegateApproval = define('DelegateApproval', { 1: string('officer_id'), 2: uint64('until_ms'), 3: string('reason') });

const RevokeDelegation = define('RevokeDelegation', { 1: string('delegator'), 2: string('officer_id'), 3: string('reason') });

const DefineType = define('DefineType', {
  1: string('type'),
  2: uint64('expected_version'),
  3: repeated(message('titles', LocalizedText)),
  4: bool('public_read'),
  5: string('schema'),
  7: repeated(string('approvers')),
  8: repeated(string('readers')),
  9: bool('four_eyes'),
  13: string('description'),
  14: bool('links_in_force'),
}, [6, ...range(10, 12)]);

const EnrolOfficer = define('EnrolOfficer', {
  1: string('officer_id'),
  2: bytes('public_key'),
  3: repeated(uint32('roles')),
  4: uint64('valid_from_ms'),
  5: uint64('valid_until_ms'),
});

const RevokeOfficer = define('RevokeOfficer', { 1: string('officer_id'), 2: string('reason') });

const RotateOfficerKey = define('RotateOfficerKey', { 1: string('officer_id'), 2: bytes('public_key'), 3: string('reason') });

const SignedViewChange = define('SignedViewChange', {
  1: bytes('signer'), 2: uint32('prepared'), 3: bytes('prepared_hash'), 4: bytes('signature'),
});

const SuspendLeader = define('SuspendLeader', {
  1: uint64('epoch'), 2: uint64('height'), 3: uint32('view'), 4: repeated(message('view_changes', SignedViewChange)),
});

const Accuse = define('Accuse', { 1: bytes('evidence') });

const PostReadRoot = define('PostReadRoot', {
  1: uint64('number'), 2: uint64('first_entry'), 3: uint64('last_entry'), 4: bytes('head'),
});

const FirstAdministrator = define('FirstAdministrator', { 1: string('officer_id'), 2: bytes('public_key') });

export const Parameters = define('Parameters', {
  1: uint64('block_bytes_max'),
  2: uint32('block_transactions_max'),
  3: uint64('expiry_horizon_ms'),
  4: uint32('leader_blocks_max'),
  5: uint32('suspension_heights'),
  6: uint64('base_timeout_ms'),
  7: uint64('timeout_cap_ms'),
  8: uint64('time_precision_ms'),
  9: uint64('message_delay_ms'),
  10: uint64('forward_timeout_ms'),
  11: uint64('complaint_timeout_ms'),
});

const ScheduledVersion = define('ScheduledVersion', { 1: uint32('version'), 2: uint64('from_ms') });

export const MembershipChange = define('MembershipChange', {
  1: uint32('kind'),
  2: uint64('epoch'),
  3: uint64('expires_at_ms'),
  4: string('department'),
  5: bytes('validator_key'),
  6: repeated(message('names', LocalizedText)),
  7: string('endpoint'),
  8: repeated(message('administrators', FirstAdministrator)),
  9: string('reason'),
  10: message('parameters', Parameters),
  11: message('protocol', ScheduledVersion),
});

const MembershipApproval = define('MembershipApproval', { 1: bytes('signer'), 2: bytes('signature') });

const ChangeMembership = define('ChangeMembership', {
  1: message('change', MembershipChange), 2: repeated(message('approvals', MembershipApproval)), 3: bytes('new_key_signature'),
});

const Propose = define('Propose', { 1: message('change', MembershipChange), 2: bytes('new_key_signature') });

const VoteOnProposal = define('VoteOnProposal', { 1: string('department'), 2: bytes('proposal'), 3: bool('in_favour'), 4: string('reason') });

const WithdrawProposal = define('WithdrawProposal', { 1: bytes('proposal'), 2: string('reason') });

export const TransactionBody = define('TransactionBody', {
  1: uint32('format_version'),
  2: uint32('algorithm'),
  3: bytes('chain_id'),
  4: bytes('signer'),
  5: bytes('nonce'),
  6: uint64('expires_at_ms'),
  16: oneof('action', message('register', RecordChange)),
  17: oneof('action', message('amend', RecordChange)),
  18: oneof('action', message('annul', RecordChange)),
  19: oneof('action', message('supersede', RecordChange)),
  20: oneof('action', message('reinstate', RecordChange)),
  21: oneof('action', message('transfer', RecordChange)),
  25: oneof('action', message('approve', ApproveSubmission)),
  26: oneof('action', message('delegate_approval', DelegateApproval)),
  27: oneof('action', message('revoke_delegation', RevokeDelegation)),
  28: oneof('action', message('refuse', RefuseSubmission)),
  40: oneof('action', message('define_type', DefineType)),
  48: oneof('action', message('enrol_officer', EnrolOfficer)),
  49: oneof('action', message('revoke_officer', RevokeOfficer)),
  50: oneof('action', message('rotate_officer_key', RotateOfficerKey)),
  64: oneof('action', message('propose', Propose)),
  65: oneof('action', message('vote_on_proposal', VoteOnProposal)),
  66: oneof('action', message('withdraw_proposal', WithdrawProposal)),
  67: oneof('action', message('change_membership', ChangeMembership)),
  80: oneof('action', message('accuse', Accuse)),
  81: oneof('action', message('suspend_leader', SuspendLeader)),
  82: oneof('action', message('post_read_root', PostReadRoot)),
}, [...range(22, 24), 83, 84]);

export const SignedTransaction = define('SignedTransaction', { 1: bytes('body'), 2: bytes('signature') });

const ProvenOffence = define('ProvenOffence', {
  1: uint64('epoch'), 2: uint64('height'), 3: uint32('kind'), 4: uint32('type'), 5: bytes('evidence_id'), 6: uint64('position'),
});

export const DepartmentState = define('DepartmentState', {
  1: string('id'),
  2: repeated(message('names', LocalizedText)),
  3: bytes('validator_key'),
  4: string('endpoint'),
  5: uint32('administrators'),
  6: uint64('admitted_height'),
  7: uint64('suspended_height'),
  8: uint64('removed_height'),
  11: repeated(message('offences', ProvenOffence)),
  12: uint64('read_roots'),
});

const OfficerInterval = define('OfficerInterval', {
  1: string('department'),
  2: string('officer_id'),
  3: repeated(uint32('roles')),
  4: uint64('first_height'),
  5: uint64('last_height'),
  6: uint64('valid_from_ms'),
  7: uint64('valid_until_ms'),
});

const ValidatorInterval = define('ValidatorInterval', {
  1: string('department'), 2: uint64('first_height'), 3: uint64('last_height'),
});

export const OfficerKeyState = define('OfficerKeyState', {
  1: bytes('public_key'),
  2: repeated(message('intervals', OfficerInterval)),
  3: repeated(message('validator_intervals', ValidatorInterval)),
});

export const OfficerState = define('OfficerState', {
  1: string('department'),
  2: string('officer_id'),
  3: bytes('current_key'),
  4: uint32('keys'),
  5: uint64('enrolled_height'),
});

export const RecordTypeState = define('RecordTypeState', {
  1: string('type'),
  2: uint64('version'),
  3: string('owner'),
  4: repeated(message('titles', LocalizedText)),
  5: bool('public_read'),
  6: string('description'),
  7: uint64('defined_height'),
  8: uint64('defined_position'),
  9: string('schema'),
  10: bool('links_in_force'),
  11: repeated(string('approvers')),
  12: bool('four_eyes'),
  13: repeated(string('readers')),
});

const Approval = define('Approval', {
  1: string('department'), 2: string('officer_id'), 3: uint64('submission_position'), 4: string('on_behalf_of'),
});

export const RecordState = define('RecordState', {
  1: message('record', RecordName),
  2: uint64('version'),
  3: uint32('status'),
  4: bytes('payload_digest'),
  5: string('media_type'),
  6: uint64('payload_bytes'),
  7: string('department'),
  8: string('officer_id'),
  9: string('reason'),
  10: string('legal_basis'),
  11: string('effective_date'),
  12: uint64('recorded_at_ms'),
  13: uint64('height'),
  14: uint64('position'),
  15: uint64('payload_position'),
  16: repeated(message('successors', RecordName)),
  17: repeated(message('links', RecordLink)),
  18: message('approval', Approval),
  19: string('custodian'),
  20: bytes('transaction'),
});

const ProposalVote = define('ProposalVote', {
  1: string('department'), 2: string('officer_id'), 3: bool('in_favour'), 4: uint64('position'),
});

export const ProposalState = define('ProposalState', {
  1: bytes('proposal'),
  2: string('department'),
  3: string('officer_id'),
  4: message('change', MembershipChange),
  5: uint32('status'),
  6: repeated(message('votes', ProposalVote)),
  7: uint64('position'),
  8: uint64('decided_position'),
});

export const SubmissionState = define('SubmissionState', {
  1: bytes('submission'),
  2: uint32('status'),
  3: uint64('approve_until_ms'),
  4: message('proposed', RecordState),
  5: string('department'),
  6: string('officer_id'),
  7: string('reason'),
  8: uint64('position'),
  9: string('on_behalf_of'),
});

export const DelegationState = define('DelegationState', {
  1: string('department'), 2: string('delegator'), 3: string('officer_id'), 4: uint64('until_ms'), 5: uint64('position'),
  6: uint64('height'),
});

export const ReadRootState = define('ReadRootState', {
  1: string('department'),
  2: uint64('number'),
  3: uint64('log'),
  4: uint64('first_entry'),
  5: uint64('last_entry'),
  6: bytes('head'),
  7: uint64('recorded_at_ms'),
  8: uint64('height'),
  9: uint64('position'),
});

const LeaderSuspension = define('LeaderSuspension', {
  1: string('department'),
  2: uint64('first_height'),
  3: uint64('last_height'),
  4: uint64('blamed_height'),
  5: uint32('blamed_view'),
  6: uint64('position'),
});

export const LeaderState = define('LeaderState', {
  1: string('last_proposer'),
  2: uint32('run'),
  3: repeated(uint32('first_leaders')),
  4: repeated(string('departments')),
  5: repeated(message('suspensions', LeaderSuspension)),
});

const MembershipEntry = define('MembershipEntry', {
  1: string('department'), 2: bytes('old_key'), 3: bytes('new_key'), 4: uint64('height'), 5: uint64('position'),
});

export const ProtocolState = define('ProtocolState', {
  1: uint32('version'), 2: uint64('first_height'), 3: message('scheduled', ScheduledVersion), 4: uint64('position'),
});

export const MembershipState = define('MembershipState', { 1: repeated(message('changes', MembershipEntry)) });

const GenesisOfficer = define('GenesisOfficer', { 1: string('officer_id'), 2: bytes('public_key') });

const GenesisDepartment = define('GenesisDepartment', {
  1: string('id'),
  2: repeated(message('names', LocalizedText)),
  3: bytes('validator_key'),
  4: string('endpoint'),
  5: repeated(message('administrators', GenesisOfficer)),
});

export const JoiningBody = define('JoiningBody', {
  1: uint32('format_version'), 2: string('network_name'), 3: message('department', GenesisDepartment),
});

export const GenesisBody = define('GenesisBody', {
  1: uint32('format_version'),
  2: string('network_name'),
  3: uint64('created_at_ms'),
  4: bytes('nonce'),
  5: repeated(message('departments', GenesisDepartment)),
  6: message('parameters', Parameters),
  7: uint32('protocol_version'),
});
