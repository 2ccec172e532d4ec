using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What only takes the time of those who ask: it says that it is ahead, answers late, and gives one thing at a time.</content>
internal sealed partial class Adversary
{
    private const int ClaimMax = 1_000;

    /// <summary>What its clients hand in it keeps to itself, so that others must ask it for the bodies of its blocks.</summary>
    public bool Hoards => _habits.Contains(FaultKind.Dripping);

    /// <summary>It is asked for blocks: while it is waited for, it says again that it has more.</summary>
    public void OnAsked(int by)
    {
        if (Dares(FaultKind.ClaimedAhead, 900))
            ClaimAhead(by);
    }

    /// <summary>How late it answers, in time for one who waits so long; microseconds.</summary>
    public ulong LateUs(ulong timeoutUs) =>
        Dares(FaultKind.Dawdling, 700) ? timeoutUs * (ulong)_stage.Rng.Between(500, 950) / 1_000 : 0;

    /// <summary>Of what it holds and was asked for, what it gives.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Drip(IReadOnlyList<ReadOnlyMemory<byte>> held) =>
        held.Count > 1 && Dares(FaultKind.Dripping, 900) ? [held[0]] : held;

    /// <summary>A vote of the next epoch for a height that nobody has come to: what it is worth nobody can prove.</summary>
    private void ClaimAhead(int to)
    {
        ulong height = _node.Ledger.Height + (ulong)_stage.Rng.Between(2, ClaimMax);
        Digest hash = Sha256.Hash("no block"u8);
        var vote = new Vote(VoteType.Prepare, Config.ChainId, Config.Epoch + 1, height, 0, hash);
        Send(to, new VoteMessage(VoteType.Prepare, vote.Epoch, height, 0, hash, (ushort)_node.Index, Sign(vote)));
    }
}
