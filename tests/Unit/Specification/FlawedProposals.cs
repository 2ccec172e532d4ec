using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Specification;

/// <summary>Proposals, votes and withdrawals, each with one field that breaks its rule.</summary>
internal static class FlawedProposals
{
    private static readonly TestKey NewKey = new(205);

    /// <param name="field">Makes the envelope of an action after it was edited.</param>
    public static IEnumerable<(string Name, byte[] Envelope)> Of(Func<TransactionBody, Action<TransactionBody>?, byte[]> field)
    {
        byte[] Propose(MembershipChange change, Action<MembershipChange> edit, TestKey? newKey = null) =>
            field(Proposals.Propose(Digest.Zero, change, newKey), b => edit(b.Propose.Change));
        var set = new Parameters { LeaderBlocksMax = 7 };
        yield return ("proposal without a change", field(Proposals.Propose(Digest.Zero, Proposals.Set(set)), b => b.Propose.Change = null));
        yield return ("proposal of kind 0", Propose(Proposals.Set(set), c => c.Kind = 0));
        yield return ("proposal of kind 10", Propose(Proposals.Set(set), c => c.Kind = 10));
        yield return ("proposal without an end", Propose(Proposals.Set(set), c => c.ExpiresAtMs = 0));
        yield return ("parameters of a department", Propose(Proposals.Set(set), c => c.Department = "beta"));
        yield return ("parameters left out", Propose(Proposals.Set(set), c => c.Parameters = null));
        yield return ("no parameter", Propose(Proposals.Set(set), c => c.Parameters = new Parameters()));
        yield return ("parameters with an endpoint", Propose(Proposals.Set(set), c => c.Endpoint = "beta.example:7001"));
        yield return ("parameters with a name", Propose(Proposals.Set(set), c => c.Names.Add(new LocalizedText { Language = "en", Text = "x" })));
        yield return ("endpoint of no department", Propose(Proposals.Move("beta", "beta.example:7001"), c => c.Department = ""));
        yield return ("endpoint without a port", Propose(Proposals.Move("beta", "beta.example:7001"), c => c.Endpoint = "beta.example"));
        yield return ("endpoint with a key", Propose(Proposals.Move("beta", "beta.example:7001"), c => c.ValidatorKey = ByteString.CopyFrom(NewKey.Public.Span)));
        yield return ("endpoint with parameters", Propose(Proposals.Move("beta", "beta.example:7001"), c => c.Parameters = set));
        yield return ("removal with parameters that are empty", Propose(MembershipChanges.Remove("beta"), c => c.Parameters = new Parameters()));
        yield return ("removal with an endpoint", Propose(MembershipChanges.Remove("beta"), c => c.Endpoint = "beta.example:7001"));
        yield return ("protocol version left out", Propose(Proposals.Schedule(2), c => c.Protocol = null));
        yield return ("protocol version 1", Propose(Proposals.Schedule(1), static _ => { }));
        yield return ("protocol version of a department", Propose(Proposals.Schedule(2), c => c.Department = "beta"));
        yield return ("protocol version before the vote ends", Propose(Proposals.Schedule(2), c => c.Protocol.FromMs--));
        yield return ("protocol version a year and more after it", Propose(Proposals.Schedule(2), c => c.Protocol.FromMs += 31_622_400_001));
        yield return ("protocol version called off by its number", Propose(Proposals.CallOff(), c => c.Protocol = Proposals.Schedule(2).Protocol));
        yield return ("new key that did not sign", Propose(MembershipChanges.Replace("beta", NewKey), static _ => { }));
        yield return ("removal that a key signed", Propose(MembershipChanges.Remove("beta"), static _ => { }, NewKey));
        yield return ("vote on the proposal of nobody", field(Proposals.Vote("", Digest.Zero, true), null));
        yield return ("vote on a proposal of 31 bytes", field(Proposals.Vote("beta", Digest.Zero, true), b => b.VoteOnProposal.Proposal = ByteString.CopyFrom(new byte[31])));
        yield return ("vote for a reason of 1,025 bytes", field(Proposals.Vote("beta", Digest.Zero, true), b => b.VoteOnProposal.Reason = new string('x', 1_025)));
        yield return ("withdrawal of no proposal", field(Proposals.Withdraw(Digest.Zero), b => b.WithdrawProposal.Proposal = ByteString.Empty));
        yield return ("withdrawal for a reason of 1,025 bytes", field(Proposals.Withdraw(Digest.Zero), b => b.WithdrawProposal.Reason = new string('x', 1_025)));
    }
}
