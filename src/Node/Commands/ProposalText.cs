using System.Text.Json.Nodes;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary>How <c>govchain proposal</c> says what is proposed, who has voted how, and what is missing.</summary>
internal static class ProposalText
{
    /// <summary>Prints a proposal and its votes.</summary>
    /// <param name="proposal">It.</param>
    /// <param name="status">Who votes, as the same node says.</param>
    public static void Print(Proposal proposal, GetStatusResponse status)
    {
        foreach (string line in Lines(proposal, status))
            Output.Line(line);
    }

    internal static IEnumerable<string> Lines(Proposal proposal, GetStatusResponse status)
    {
        ProposalState state = proposal.State;
        MembershipChange change = state.Change;
        yield return $"{state.Department} proposes: {MembershipFile.Describe(change)}";
        foreach (LocalizedText name in change.Names)
            yield return $"  name ({name.Language}) {Output.Value(name.Text)}";
        yield return $"  {Standing(proposal, status)}";
        if (proposal.KeyEnded > 0)
            yield return $"  proposed with a key that was {Ended(proposal.KeyEnded)}: whoever had it may have made this";
        if (Votes(proposal, inFavour: true) is { Length: > 0 } inFavour)
            yield return $"  for: {inFavour}";
        if (Votes(proposal, inFavour: false) is { Length: > 0 } against)
            yield return $"  against: {against}";
        if (IsOpen(proposal))
            yield return $"  no vote yet: {string.Join(", ", Missing(state, status))}";
        if (change.Reason.Length > 0)
            yield return $"  reason {Output.Value(change.Reason)}";
        yield return $"  by officer {state.OfficerId}, position {state.Position}"
            + (state.DecidedPosition > 0 ? $"; decided at position {state.DecidedPosition}" : "");
        yield return $"  proposal {IdOf(state)}";
    }

    /// <summary>The proposal for programs.</summary>
    public static JsonObject ToJson(Proposal proposal, GetStatusResponse status)
    {
        ProposalState state = proposal.State;
        return new JsonObject
        {
            ["proposal"] = IdOf(state),
            ["department"] = state.Department,
            ["officer"] = state.OfficerId,
            ["keyEnded"] = proposal.KeyEnded > 0 ? proposal.KeyEnded : null,
            ["change"] = MembershipFile.Describe(state.Change),
            ["epoch"] = state.Change.Epoch,
            ["expiresAt"] = UtcTime.Format(state.Change.ExpiresAtMs),
            ["reason"] = state.Change.Reason,
            ["standing"] = proposal.Standing,
            ["needed"] = IsOpen(proposal) ? status.Quorum : null,
            ["votes"] = new JsonArray([.. WithKeys(proposal).Select(static v => (JsonNode)new JsonObject
            {
                ["department"] = v.Vote.Department,
                ["officer"] = v.Vote.OfficerId,
                ["keyEnded"] = v.KeyEnded > 0 ? v.KeyEnded : null,
                ["inFavour"] = v.Vote.InFavour,
                ["position"] = v.Vote.Position,
            })]),
            ["missing"] = IsOpen(proposal) ? new JsonArray([.. Missing(state, status).Select(static d => (JsonNode)d)]) : null,
            ["position"] = state.Position,
            ["decidedPosition"] = state.DecidedPosition > 0 ? state.DecidedPosition : null,
        };
    }

    /// <summary>The proposal's id: 64 digits.</summary>
    public static string IdOf(ProposalState state) => Convert.ToHexStringLower(state.Proposal.Span);

    /// <summary>The departments may still vote on it.</summary>
    public static bool IsOpen(Proposal proposal) => proposal.Standing == "open";

    private static string Standing(Proposal proposal, GetStatusResponse status)
    {
        ProposalState state = proposal.State;
        return proposal.Standing switch
        {
            "open" => $"open until {UtcTime.Format(state.Change.ExpiresAtMs)}, in epoch {state.Change.Epoch}: "
                + $"{state.Votes.Count(static v => v.InFavour)} of {QuorumOutlook.Count((int)status.Departments, "department is", "departments are")} for it, and "
                + $"{status.Quorum} must be",
            "expired" => "over: not decided in its time",
            "epochOver" => $"over: of epoch {state.Change.Epoch}, and the departments that vote have changed since",
            _ => proposal.Standing,
        };
    }

    private static string Votes(Proposal proposal, bool inFavour) => string.Join(
        ", ", WithKeys(proposal).Where(v => v.Vote.InFavour == inFavour).Select(static v =>
            $"{v.Vote.Department} ({v.Vote.OfficerId}{(v.KeyEnded > 0 ? $", with a key that was {Ended(v.KeyEnded)}" : "")})"));

    /// <summary>The votes, each with the last block of its key where that was revoked or replaced since; else 0.</summary>
    private static IEnumerable<(ProposalVote Vote, ulong KeyEnded)> WithKeys(Proposal proposal) =>
        proposal.State.Votes.Select((vote, i) => (vote, proposal.VoteKeysEnded.ElementAtOrDefault(i)));

    private static string Ended(ulong height) => $"revoked or replaced after block {height}";

    private static IEnumerable<string> Missing(ProposalState state, GetStatusResponse status) =>
        status.Validators.Except(state.Votes.Select(static v => v.Department), StringComparer.Ordinal);
}
