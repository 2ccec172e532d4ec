using Google.Protobuf;
using Google.Protobuf.Reflection;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: a number that stands on disk, on the wire or in an interface keeps its meaning for ever. The lists only grow.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FrozenNumbersTest
{
    [Test]
    public void RejectionCodes_KeepTheirNumbers() => Expect<RejectionCode>(
        "MalformedEnvelope=1 TooLarge=2 UnsupportedVersion=3 UnsupportedAlgorithm=4 WrongChain=5 InvalidPublicKey=6 "
        + "InvalidSignature=7 HighS=8 NotActive=9 InvalidField=10 Expired=20 ExpiryTooFar=21 UnknownSigner=30 "
        + "SignerNotYetValid=31 SignerExpired=32 SignerRevoked=33 NotPermitted=34 VersionConflict=40 VersionAhead=41 "
        + "UnknownType=42 RecordAnnulled=43 RecordInForce=44 OfficerExists=45 UnknownOfficer=46 KeyInUse=47 "
        + "LastAdministrator=48 DepartmentExists=49 InvalidProof=50 ProofOutOfRange=51 AlreadySuspended=52 TooManySuspended=53 AlreadyProven=54 "
        + "UnknownDepartment=55 OtherEpoch=56 MembershipLimit=57 InvalidSchema=58 InvalidPayload=59 Duplicate=60 RecordSuperseded=61 UnknownRecord=62 RecordNotInForce=63 "
        + "ApprovalRequired=64 ApprovalPending=65 UnknownSubmission=66 SubmissionDecided=67 SubmissionExpired=68 OwnSubmission=69 PoolFull=70 NodeNotReady=71 UnknownDelegation=72 "
        + "UnknownProposal=73 ProposalDecided=74 ProposalExpired=75 ProposalOpen=76 AlreadyVoted=77 ParameterOutOfBounds=78 UnknownReceiver=79 AlreadyCustodian=80 ReceiverCannotRead=81 RateExceeded=82 DepartmentSuspended=83 NotSuspended=84 QuorumSuspended=85 NotNextVersion=86 NotScheduled=87 ReadRootNotNext=88 ReadRootTooSoon=89");

    [Test]
    public void StateKinds_KeepTheirNumbers() => Expect<StateKind>(
        "Parameters=1 Department=2 OfficerKey=3 Officer=4 RecordType=5 Record=6 Leader=7 Proposal=8 Submission=9 Delegation=10 Membership=12 Protocol=13 ReadRoot=14");

    [Test]
    public void VoteTypes_KeepTheirNumbers() => Expect<VoteType>("Propose=1 Prepare=2 Commit=3 ViewChange=4");

    [Test]
    public void AbstainReasons_KeepTheirNumbers() => Expect<AbstainReason>(
        "None=0 JournalMissing=1 JournalDamaged=2 JournalOlderThanLedger=3 LedgerOlderThanJournal=4 LedgerRestored=5 "
        + "Amnesia=6 JournalOfAnother=7");

    [Test]
    public void EvidenceKinds_KeepTheirNumbers() => Expect<EvidenceKind>("DoubleVote=1 BrokenCommit=2");

    [Test]
    public void OfficerRoles_KeepTheirNumbers() => Expect<OfficerRole>(
        "Clerk=1 Approver=2 RecordsOfficer=3 Administrator=4 Auditor=5");

    [Test]
    public void RecordStatus_KeepsItsNumbers() => Expect<RecordStatus>("InForce=1 Annulled=2 Superseded=3");

    [Test]
    public void SubmissionStatus_KeepsItsNumbers() => Expect<SubmissionStatus>("Waiting=1 Approved=2 Refused=3");

    [Test]
    public void Fields_KeepTheirNumbers()
    {
        Expect<SignedTransaction>("body=1 signature=2");
        Expect<TransactionBody>(
            "format_version=1 algorithm=2 chain_id=3 signer=4 nonce=5 expires_at_ms=6 register=16 amend=17 annul=18 supersede=19 reinstate=20 transfer=21 approve=25 delegate_approval=26 revoke_delegation=27 refuse=28 "
            + "define_type=40 enrol_officer=48 revoke_officer=49 rotate_officer_key=50 propose=64 vote_on_proposal=65 withdraw_proposal=66 change_membership=67 accuse=80 suspend_leader=81 post_read_root=82");
        Expect<RecordName>("type=1 id=2");
        Expect<RecordChange>(
            "record=1 expected_version=2 payload=3 reason=4 legal_basis=5 effective_date=6 links=7 successors=8 approve_until_ms=9 receiver=10");
        Expect<ApproveSubmission>("record=1 expected_version=2 submission=3 on_behalf_of=4");
        Expect<RefuseSubmission>("record=1 submission=2 reason=3 on_behalf_of=4");
        Expect<DelegateApproval>("officer_id=1 until_ms=2 reason=3");
        Expect<RevokeDelegation>("delegator=1 officer_id=2 reason=3");
        Expect<DelegationState>("department=1 delegator=2 officer_id=3 until_ms=4 position=5 height=6");
        Expect<RecordLink>("record=1 version=2");
        Expect<Payload>("inline=1");
        Expect<InlinePayload>("media_type=1 content=2");
        Expect<LocalizedText>("language=1 text=2");
        Expect<DefineType>("type=1 expected_version=2 titles=3 public_read=4 schema=5 approvers=7 readers=8 four_eyes=9 description=13 links_in_force=14");
        Expect<EnrolOfficer>("officer_id=1 public_key=2 roles=3 valid_from_ms=4 valid_until_ms=5");
        Expect<RevokeOfficer>("officer_id=1 reason=2");
        Expect<RotateOfficerKey>("officer_id=1 public_key=2 reason=3");
        Expect<SuspendLeader>("epoch=1 height=2 view=3 view_changes=4");
        Expect<ChangeMembership>("change=1 approvals=2 new_key_signature=3");
        Expect<MembershipChange>(
            "kind=1 epoch=2 expires_at_ms=3 department=4 validator_key=5 names=6 endpoint=7 administrators=8 reason=9 parameters=10 protocol=11");
        Expect<ScheduledVersion>("version=1 from_ms=2");
        Expect<ProtocolState>("version=1 first_height=2 scheduled=3 position=4");
        Expect<FirstAdministrator>("officer_id=1 public_key=2");
        Expect<MembershipApproval>("signer=1 signature=2");
        Expect<MembershipState>("changes=1");
        Expect<MembershipEntry>("department=1 old_key=2 new_key=3 height=4 position=5");
        Expect<MembershipKind>("Admit=1 Remove=2 ReplaceKey=3 MoveEndpoint=4 SetParameters=5 Suspend=6 LiftSuspension=7 ScheduleVersion=8 CallOffVersion=9");
        Expect<Propose>("change=1 new_key_signature=2");
        Expect<VoteOnProposal>("department=1 proposal=2 in_favour=3 reason=4");
        Expect<WithdrawProposal>("proposal=1 reason=2");
        Expect<ProposalState>("proposal=1 department=2 officer_id=3 change=4 status=5 votes=6 position=7 decided_position=8");
        Expect<ProposalVote>("department=1 officer_id=2 in_favour=3 position=4");
        Expect<ProposalStatus>("Open=1 Adopted=2 Rejected=3 Withdrawn=4");
        Expect<Accuse>("evidence=1");
        Expect<PostReadRoot>("number=1 first_entry=2 last_entry=3 head=4");
        Expect<ReadRootState>("department=1 number=2 log=3 first_entry=4 last_entry=5 head=6 recorded_at_ms=7 height=8 position=9");
        Expect<ProvenOffence>("epoch=1 height=2 kind=3 type=4 evidence_id=5 position=6");
        Expect<SignedViewChange>("signer=1 prepared=2 prepared_hash=3 signature=4");
        Expect<Parameters>(
            "block_bytes_max=1 block_transactions_max=2 expiry_horizon_ms=3 leader_blocks_max=4 suspension_heights=5 "
            + "base_timeout_ms=6 timeout_cap_ms=7 time_precision_ms=8 message_delay_ms=9 forward_timeout_ms=10 "
            + "complaint_timeout_ms=11");
        Expect<DepartmentState>("id=1 names=2 validator_key=3 endpoint=4 administrators=5 admitted_height=6 suspended_height=7 removed_height=8 offences=11 read_roots=12");
        Expect<OfficerKeyState>("public_key=1 intervals=2 validator_intervals=3");
        Expect<ValidatorInterval>("department=1 first_height=2 last_height=3");
        Expect<OfficerInterval>(
            "department=1 officer_id=2 roles=3 first_height=4 last_height=5 valid_from_ms=6 valid_until_ms=7");
        Expect<OfficerState>("department=1 officer_id=2 current_key=3 keys=4 enrolled_height=5");
        Expect<RecordTypeState>(
            "type=1 version=2 owner=3 titles=4 public_read=5 description=6 defined_height=7 defined_position=8 schema=9 links_in_force=10 "
            + "approvers=11 four_eyes=12 readers=13");
        Expect<RecordState>(
            "record=1 version=2 status=3 payload_digest=4 media_type=5 payload_bytes=6 department=7 officer_id=8 reason=9 "
            + "legal_basis=10 effective_date=11 recorded_at_ms=12 height=13 position=14 payload_position=15 successors=16 links=17 approval=18 custodian=19 transaction=20");
        Expect<Approval>("department=1 officer_id=2 submission_position=3 on_behalf_of=4");
        Expect<SubmissionState>(
            "submission=1 status=2 approve_until_ms=3 proposed=4 department=5 officer_id=6 reason=7 position=8 on_behalf_of=9");
        Expect<LeaderState>("last_proposer=1 run=2 first_leaders=3 departments=4 suspensions=5");
        Expect<LeaderSuspension>(
            "department=1 first_height=2 last_height=3 blamed_height=4 blamed_view=5 position=6");
        Expect<GenesisBody>(
            "format_version=1 network_name=2 created_at_ms=3 nonce=4 departments=5 parameters=6 protocol_version=7");
        Expect<GenesisDepartment>("id=1 names=2 validator_key=3 endpoint=4 administrators=5");
        Expect<GenesisOfficer>("officer_id=1 public_key=2");
    }

    private static void Expect<T>(string frozen)
    {
        string found = typeof(T).IsEnum
            ? string.Join(' ', Enum.GetValues(typeof(T)).Cast<object>().Select(v => $"{v}={Convert.ToInt64(v)}"))
            : string.Join(' ', Descriptor<T>().Fields.InFieldNumberOrder().Select(f => $"{f.Name}={f.FieldNumber}"));
        Assert.That(found, Is.EqualTo(frozen), typeof(T).Name);
    }

    private static MessageDescriptor Descriptor<T>() => ((IMessage)Activator.CreateInstance<T>()!).Descriptor;
}
