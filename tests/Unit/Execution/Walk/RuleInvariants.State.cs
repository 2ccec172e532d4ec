using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Action = GovChain.Protos.V1.TransactionBody.ActionOneofCase;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <content>What the ledger has, and what it says of what it refuses.</content>
internal sealed partial class RuleInvariants
{
    /// <summary>What the ledger wrote against what was accepted.</summary>
    private void Compare(StateKey key, byte[] value)
    {
        switch (key.Kind)
        {
            case StateKind.Record:
                RecordState record = StateValue.Decode<RecordState>(key, value);
                RecordShadow held = shadow.Records[(record.Record.Type, record.Record.Id)];
                string owner = shadow.Types[record.Record.Type].Owner;
                Hold((record.Version, record.Status) == (held.Version, (uint)held.Status), "a record is what its accepted changes make of it");
                Hold((record.Custodian.Length > 0 ? record.Custodian : owner) == held.Custodian && record.Custodian != owner, "one custodian a record, named one way");
                Hold(record.Approval is not { } by || by.Department != record.Department || (by.OfficerId != record.OfficerId && by.OnBehalfOf != record.OfficerId),
                    "no version approved by its submitter");
                break;
            case StateKind.Department:
                DepartmentState department = StateValue.Decode<DepartmentState>(key, value);
                Hold(department.Administrators == shadow.AdministratorsOf(department.Id), "administrators are counted right");
                Hold(department.ReadRoots == shadow.ReadRoots.GetValueOrDefault(department.Id).Roots, "its roots are counted");
                Hold(department.SuspendedHeight == shadow.Suspended.GetValueOrDefault(department.Id), "a department is suspended where it was decided, until that is lifted");
                Hold(department.Offences.Select(static o => (new OffenceShadow(o.Epoch, o.Height, o.Kind, o.Type), o.Position))
                    .SequenceEqual(shadow.Offences.GetValueOrDefault(department.Id) ?? []), "of each what was proven, in order");
                Hold(department.RemovedHeight == (shadow.Departments[department.Id] ?? 0), "a department is removed where it was decided");
                break;
            case StateKind.Officer:
                OfficerState officer = StateValue.Decode<OfficerState>(key, value);
                Hold(officer.CurrentKey.IsEmpty
                    ? !shadow.Officers.ContainsKey((officer.Department, officer.OfficerId))
                    : shadow.Officers[(officer.Department, officer.OfficerId)].Span.SequenceEqual(officer.CurrentKey.Span), "an officer has the key that it was given");
                break;
            case StateKind.OfficerKey:
                OfficerKeyState keyState = StateValue.Decode<OfficerKeyState>(key, value);
                KeyLife life = shadow.Keys[RuleShadow.KeyOf(keyState.PublicKey.Span)];
                Hold(keyState.Intervals.Count + keyState.ValidatorIntervals.Count == 1, "a key has one life");
                Hold((keyState.Intervals.SingleOrDefault()?.LastHeight ?? keyState.ValidatorIntervals.Single().LastHeight) == (life.Last ?? 0), "it ends where it was ended");
                break;
            case StateKind.RecordType:
                RecordTypeState type = StateValue.Decode<RecordTypeState>(key, value);
                Hold((type.Owner, type.Version) == (shadow.Types[type.Type].Owner, shadow.Types[type.Type].Version), "a type is what was defined");
                break;
            case StateKind.Submission:
                SubmissionState submission = StateValue.Decode<SubmissionState>(key, value);
                Hold(shadow.Submissions.Values.Any(s => s.Id.Span.SequenceEqual(submission.Submission.Span) && (uint)s.Status == submission.Status), "a submission is what was decided");
                break;
            case StateKind.Proposal:
                ProposalState proposal = StateValue.Decode<ProposalState>(key, value);
                ProposalShadow decided = shadow.Proposals[proposal.Department];
                Hold((uint)decided.Status == proposal.Status && proposal.Votes.ToDictionary(v => v.Department, v => v.InFavour).OrderBy(v => v.Key)
                    .SequenceEqual(decided.Votes.OrderBy(v => v.Key)), "a proposal has one vote a department, and a quorum decides");
                break;
            case StateKind.ReadRoot:
                ReadRootState root = StateValue.Decode<ReadRootState>(key, value);
                Hold(key.Equals(StateKey.ReadRoot(root.Department, root.Number)) && (root.Number, root.LastEntry, root.RecordedAtMs) == shadow.ReadRoots[root.Department],
                    "a root is written once, as it was posted");
                break;
        }
    }

    /// <summary>What every block may have to write, whether it did or not.</summary>
    /// <exception cref="AssertionException">The ledger has another value than the shadow.</exception>
    public void Compare(ILedgerView ledger)
    {
        Hold(StateValue.Read<Parameters>(ledger, StateKey.Parameters)!.Equals(shadow.Parameters), "parameters are what was adopted");
        Hold(ProtocolVersions.Of(ledger).Equals(shadow.Protocol), "the protocol version goes on by one when it is time, and never else");
        LeaderState leader = shadow.Leaders.State(_height, shadow.Voters);
        Hold(StateValue.Read<LeaderState>(ledger, StateKey.Leader)!.Equals(leader), "leaders, those before, and those suspended are as they came");
        LeaderOrder next = StateValue.NextLeaders(ledger);
        string[] turns = shadow.Leaders.Turns(_height + 1, shadow.Voters, shadow.Parameters.LeaderBlocksMax);
        Hold(turns.Select((_, view) => leader.Departments[next.Leader((uint)view)]).SequenceEqual(turns), "nobody leads who is suspended, while others may");
        foreach (string department in shadow.Departments.Keys)
            Compare(StateKey.Department(department), ledger.GetState(StateKey.Department(department))!.Value.ToArray());
    }

    /// <summary>Whether the reason is there.</summary>
    private void Refuse(Transaction transaction, Rejection rejection)
    {
        TransactionBody body = transaction.Body;
        RejectionCode code = rejection.Code;
        RejectionCode? obstacle = code;
        switch (code)
        {
            case RejectionCode.NotActive:
                Hold(body.ActionCase == Action.PostReadRoot && _versionBefore < 2, "nothing is refused that the protocol version has");
                return;
            case RejectionCode.DepartmentSuspended when rejection.Facts.Any(static f => f.Name == "officer"):
                Hold(!transaction.IsProtocol && _suspendedBefore.Contains(shadow.Keys[transaction.Signer].Department), "officers of others sign, and validators of all");
                return;
            case RejectionCode.DepartmentSuspended or RejectionCode.NotSuspended or RejectionCode.QuorumSuspended or RejectionCode.NotNextVersion or RejectionCode.NotScheduled:
                obstacle = Obstacle(body.Propose?.Change ?? body.ChangeMembership?.Change ?? shadow.Proposals[body.VoteOnProposal.Department].Change);
                break;
            case RejectionCode.InvalidProof or RejectionCode.AlreadyProven when body.Accuse is not null:
                obstacle = Obstacle(new EvidenceReading(body.Accuse.Evidence.Span));
                break;
            case RejectionCode.InvalidProof or RejectionCode.ProofOutOfRange or RejectionCode.AlreadySuspended or RejectionCode.TooManySuspended when body.SuspendLeader is not null:
                obstacle = Obstacle(body.SuspendLeader);
                break;
        }
        Hold(obstacle == code, $"what is refused with {rejection.CodeName} has that against it, and not {obstacle?.ToString() ?? "nothing"}");
    }
}
