using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Proposals: what departments decide together by votes on the ledger. A department has one proposal open at a time; with the vote
/// that makes a quorum for it the change takes effect, by <see cref="MembershipRules"/>.
/// </summary>
/// <remarks>
/// A proposal stands in the epoch it was made in: those who vote on it are the same from its beginning to its end, and so is what
/// makes a quorum of them.
/// </remarks>
internal static class ProposalRules
{
    /// <summary>The proposal, on which nobody has voted yet. What it would break is refused at once, and judged again when it is
    /// decided.</summary>
    public static Outcome Propose(StateOverlay state, in TransactionContext at, Propose proposal)
    {
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Proposing a change")
            ?? CheckNoneOpen(state, at)
            ?? MembershipRules.CheckChange(state, proposal.Change, at.TimeMs);
        if (rejection is not null)
            return rejection;
        return Outcome.Accept(new StateWrite(StateKey.Proposal(at.Department), new ProposalState
        {
            Proposal = ByteString.CopyFrom(at.TransactionId.Span),
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            Change = proposal.Change,
            Status = (uint)ProposalStatus.Open,
            Position = at.Position,
        }));
    }

    /// <summary>The department's vote, in the place of an earlier one until the proposal is decided: what its node can reach, and so
    /// what it can answer for, may change in that time.</summary>
    public static Outcome Vote(StateOverlay state, in TransactionContext at, VoteOnProposal vote)
    {
        ProposalState? proposal = state.Current<ProposalState>(StateKey.Proposal(vote.Department));
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Voting on a proposal")
            ?? CheckOpen(state, at, vote.Department, vote.Proposal, proposal)
            ?? CheckNews(at, vote, proposal!);
        if (rejection is not null)
            return rejection;
        ProposalState next = With(at, proposal!, vote.InFavour);
        int voters = state.Leader.Departments.Count, quorum = Quorum.Size(voters), inFavour = next.Votes.Count(static v => v.InFavour);
        if (inFavour >= quorum)
        {
            return MembershipRules.CheckChange(state, next.Change, at.TimeMs) is { } obstacle
                ? obstacle
                : Outcome.Accept([Decided(at, next, ProposalStatus.Adopted), .. MembershipEffects.Of(state, at, next.Change)]);
        }
        return next.Votes.Count - inFavour > voters - quorum
            ? Outcome.Accept(Decided(at, next, ProposalStatus.Rejected))
            : Outcome.Accept(new StateWrite(StateKey.Proposal(next.Department), next));
    }

    /// <summary>Nothing comes of the proposal: the department that made it says so.</summary>
    public static Outcome Withdraw(StateOverlay state, in TransactionContext at, WithdrawProposal withdrawal)
    {
        ProposalState? proposal = state.Current<ProposalState>(StateKey.Proposal(at.Department));
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Withdrawing a proposal")
            ?? CheckOpen(state, at, at.Department, withdrawal.Proposal, proposal);
        return rejection is null
            ? Outcome.Accept(Decided(at, proposal!.Clone(), ProposalStatus.Withdrawn))
            : rejection;
    }

    private static Rejection? CheckNoneOpen(StateOverlay state, in TransactionContext at) =>
        state.Current<ProposalState>(StateKey.Proposal(at.Department)) is not { Status: (uint)ProposalStatus.Open } open
            || open.Change.Epoch != state.Epoch || at.TimeMs >= open.Change.ExpiresAtMs
            ? null
            : new Rejection(
                RejectionCode.ProposalOpen,
                $"The departments still vote on another proposal of {at.Department}. Withdraw it, or wait until it is decided.",
                Facts(at.Department, open.Proposal));

    private static Rejection? CheckOpen(
        StateOverlay state, in TransactionContext at, string department, ByteString meant, ProposalState? proposal)
    {
        if (proposal is null || proposal.Proposal != meant)
        {
            return new Rejection(
                RejectionCode.UnknownProposal,
                $"This is not the newest proposal of {department}, or there is none. Look at the proposals: govchain proposal list",
                Facts(department, meant));
        }
        if (proposal.Status != (uint)ProposalStatus.Open)
        {
            string decision = (ProposalStatus)proposal.Status switch
            {
                ProposalStatus.Adopted => "adopted",
                ProposalStatus.Rejected => "rejected",
                _ => "withdrawn",
            };
            return new Rejection(
                RejectionCode.ProposalDecided,
                $"The proposal of {department} was {decision} already. Nothing more is to be done.",
                [.. Facts(department, meant), ("decision", decision), ("position", FieldRules.Invariant(proposal.DecidedPosition))]);
        }
        if (proposal.Change.Epoch != state.Epoch)
        {
            return new Rejection(
                RejectionCode.OtherEpoch,
                $"The proposal of {department} is of epoch {proposal.Change.Epoch}, and this is {state.Epoch}: the departments that vote have "
                + "changed since. Whoever still wants it proposes it again.",
                ("approvedFor", FieldRules.Invariant(proposal.Change.Epoch)), ("epoch", FieldRules.Invariant(state.Epoch)));
        }
        return at.TimeMs < proposal.Change.ExpiresAtMs
            ? null
            : new Rejection(
                RejectionCode.ProposalExpired,
                $"The time in which the departments could vote on the proposal of {department} is over. Whoever still wants it proposes it again.",
                [.. Facts(department, meant), ("expiresAtMs", FieldRules.Invariant(proposal.Change.ExpiresAtMs))]);
    }

    private static Rejection? CheckNews(in TransactionContext at, VoteOnProposal vote, ProposalState proposal)
    {
        string department = at.Department;
        return proposal.Votes.FirstOrDefault(v => v.Department == department) is not { } cast || cast.InFavour != vote.InFavour
            ? null
            : new Rejection(
                RejectionCode.AlreadyVoted,
                $"Officer {cast.OfficerId} has voted so for {department} already. Until the proposal is decided it may vote otherwise.",
                [.. Facts(vote.Department, vote.Proposal), ("officer", cast.OfficerId), ("position", FieldRules.Invariant(cast.Position))]);
    }

    /// <summary>The proposal with one more vote, or another one of the department.</summary>
    private static ProposalState With(in TransactionContext at, ProposalState proposal, bool inFavour)
    {
        var cast = new ProposalVote
        {
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            InFavour = inFavour,
            Position = at.Position,
        };
        ProposalState next = proposal.Clone();
        next.Votes.Clear();
        next.Votes.AddRange(proposal.Votes.Where(v => v.Department != cast.Department).Append(cast)
            .OrderBy(static v => v.Department, StringComparer.Ordinal));
        return next;
    }

    private static StateWrite Decided(in TransactionContext at, ProposalState proposal, ProposalStatus status)
    {
        (proposal.Status, proposal.DecidedPosition) = ((uint)status, at.Position);
        return new StateWrite(StateKey.Proposal(proposal.Department), proposal);
    }

    private static (string, string)[] Facts(string department, ByteString proposal) =>
        [("department", department), ("proposal", Convert.ToHexStringLower(proposal.Span))];
}
