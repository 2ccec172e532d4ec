using GovChain.Consensus;

namespace GovChain.Node.Consensus;

/// <summary>Where the core stands, for those who only look.</summary>
/// <param name="Height">The height in progress.</param>
/// <param name="View">Its view.</param>
/// <param name="Leader">The index of the view's leader.</param>
/// <param name="Abstention">Why this node does not vote, and until when; none when it does, or will after
/// <paramref name="IsRecalling"/>.</param>
/// <param name="IsRecalling">It waits for the others to say what they have seen of it.</param>
/// <param name="IsObserver">It has no vote in this epoch.</param>
internal sealed record ConsensusStanding(
    ulong Height, uint View, int Leader, Abstention Abstention, bool IsRecalling, bool IsObserver = false)
{
    /// <summary>This node votes.</summary>
    public bool IsVoting => !IsObserver && Abstention.IsNone && !IsRecalling;

    /// <summary>The core's standing now; only on the thread that owns it, or before it runs.</summary>
    public static ConsensusStanding Of(ConsensusCore core) =>
        new(core.Height, core.View, core.Leader, new Abstention(core.Abstaining, core.VotesAgainAt), core.IsRecalling, core.IsObserver);
}
