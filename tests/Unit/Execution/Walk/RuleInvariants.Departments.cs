using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <content>What departments decide together.</content>
internal sealed partial class RuleInvariants
{
    private void Govern(Transaction transaction, KeyLife signer)
    {
        TransactionBody body = transaction.Body;
        if (body.Propose is { } propose)
        {
            Hold(shadow.Proposals.GetValueOrDefault(signer.Department) is not { Status: ProposalStatus.Open } open
                || open.Change.Epoch != _epochBefore || open.Change.ExpiresAtMs <= _timeMs, "a department has one proposal open");
            Hold(Obstacle(propose.Change) is null, $"{(MembershipKind)propose.Change.Kind} is proposed where nothing stands against it");
            shadow.Proposals[signer.Department] = new ProposalShadow(transaction.Id, propose.Change, ProposalStatus.Open, new Dictionary<string, bool>());
            return;
        }
        string department = body.VoteOnProposal?.Department ?? signer.Department;
        ProposalShadow proposal = shadow.Proposals[department];
        Hold((body.VoteOnProposal?.Proposal ?? body.WithdrawProposal.Proposal).Span.SequenceEqual(proposal.Id.Span)
            && proposal.Status == ProposalStatus.Open && _timeMs < proposal.Change.ExpiresAtMs, "what is decided is open");
        if (body.VoteOnProposal is not { } vote)
        {
            shadow.Proposals[department] = proposal with { Status = ProposalStatus.Withdrawn };
            return;
        }
        Hold(_votersBefore.Contains(signer.Department), "who votes had a vote before the block");
        var votes = new Dictionary<string, bool>(proposal.Votes) { [signer.Department] = vote.InFavour };
        bool isAdopted = votes.Values.Count(static v => v) >= _quorumBefore, isRejected = votes.Values.Count(static v => !v) > _votersBefore.Count - _quorumBefore;
        shadow.Proposals[department] = proposal with
        {
            Votes = votes,
            Status = isAdopted ? ProposalStatus.Adopted : isRejected ? ProposalStatus.Rejected : ProposalStatus.Open,
        };
        if (isAdopted)
            Adopt(proposal.Change);
    }

    /// <summary>Whoever hands it in: what counts are the approvals that it carries.</summary>
    private void Approved(ChangeMembership action)
    {
        KeyLife[] approvers = [.. action.Approvals.Select(a => shadow.Keys[RuleShadow.KeyOf(a.Signer.Span)])];
        Hold(approvers.All(a => a.Has(OfficerRole.Administrator) && a.Signs(_height, _timeMs)
                && _votersBefore.Contains(a.Department) && !_suspendedBefore.Contains(a.Department))
            && approvers.Select(static a => a.Department).Distinct().Count() == approvers.Length && approvers.Length >= _quorumBefore,
            "administrators of a quorum of departments approve a change of the validators");
        Adopt(action.Change);
    }

    private void Adopt(MembershipChange change)
    {
        Hold(change.Epoch == _epochBefore && _timeMs < change.ExpiresAtMs, "a change is made in its epoch and its time");
        Hold((MembershipKind)change.Kind >= MembershipKind.MoveEndpoint || shadow.Epoch == _epochBefore, "the validators change once a block");
        Hold(Obstacle(change) is null, $"{(MembershipKind)change.Kind} is decided where nothing stands against it");
        Adopted.Add((MembershipKind)change.Kind);
        switch ((MembershipKind)change.Kind)
        {
            case MembershipKind.SetParameters:
                Hold(change.Parameters.ExpiryHorizonMs == 0 || change.Parameters.ExpiryHorizonMs >= shadow.Parameters.ExpiryHorizonMs, "the horizon does not shrink");
                shadow.Parameters.MergeFrom(change.Parameters);
                return;
            case MembershipKind.MoveEndpoint:
                return;
            case MembershipKind.Suspend:
                shadow.Suspended.Add(change.Department, _height);
                return;
            case MembershipKind.LiftSuspension:
                shadow.Suspended.Remove(change.Department);
                return;
            case MembershipKind.ScheduleVersion:
                Hold(change.Protocol.FromMs > _timeMs, "no version holds from a time that is past");
                (shadow.Protocol.Scheduled, shadow.Protocol.Position) = (change.Protocol, _position);
                return;
            case MembershipKind.CallOffVersion:
                (shadow.Protocol.Scheduled, shadow.Protocol.Position) = (null, 0);
                return;
            case MembershipKind.Admit:
                Hold(!shadow.Departments.ContainsKey(change.Department), "a department's id serves once, ever");
                shadow.Found(change.Department, change.ValidatorKey.Span, _height + 1);
                foreach (FirstAdministrator administrator in change.Administrators)
                    Give(change.Department, administrator.OfficerId, administrator.PublicKey.Span, [(uint)OfficerRole.Administrator], 0, 0);
                break;
            default:
                Hold(shadow.Departments[change.Department] is null, "only who has a vote loses it, or gets another key");
                shadow.Keys.Values.Single(k => k.Department == change.Department && k.Officer is null && k.Last is null).Last = _height;
                if ((MembershipKind)change.Kind == MembershipKind.Remove)
                    shadow.Departments[change.Department] = _height;
                else
                    shadow.Keys.Add(RuleShadow.KeyOf(change.ValidatorKey.Span), new KeyLife(change.Department, null, [], _height + 1));
                break;
        }
        shadow.Epoch++;
    }

    /// <summary>What stands against suspensions, removals and versions as the block so far leaves the ledger; null for nothing.</summary>
    private RejectionCode? Obstacle(MembershipChange change)
    {
        bool isSuspended = shadow.Suspended.ContainsKey(change.Department);
        switch ((MembershipKind)change.Kind)
        {
            case MembershipKind.Suspend or MembershipKind.LiftSuspension when !_votersBefore.Contains(change.Department):
                return RejectionCode.UnknownDepartment;
            case MembershipKind.Suspend when isSuspended:
                return RejectionCode.DepartmentSuspended;
            case MembershipKind.LiftSuspension:
                return isSuspended ? null : RejectionCode.NotSuspended;
            case MembershipKind.Suspend or MembershipKind.Remove:
                string[] voters = [.. _votersBefore.Where(d => shadow.Departments[d] is null && !(change.Kind == (uint)MembershipKind.Remove && d == change.Department))];
                bool canDecide = voters.Count(d => d != change.Department && !shadow.Suspended.ContainsKey(d)) >= RuleShadow.QuorumOf(voters.Length);
                return canDecide ? null : RejectionCode.QuorumSuspended;
            case MembershipKind.ScheduleVersion:
                return change.Protocol.Version == shadow.Protocol.Version + 1 ? null : RejectionCode.NotNextVersion;
            case MembershipKind.CallOffVersion:
                return shadow.Protocol.Scheduled is null ? RejectionCode.NotScheduled : null;
            default:
                return null;
        }
    }
}
