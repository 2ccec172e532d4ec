using GovChain.Consensus;

namespace GovChain.Node.Consensus;

/// <summary>Where the core stands, for those who only look.</summary>
/// <param name="View">The view of the height in progress.</param>
/// <param name="Leader">The index of its leader.</param>
/// <param name="Abstaining">Why this node does not vote; None when it does, or will after <paramref name="IsRecalling"/>.
/// </param>
/// <param name="IsRecalling">It waits for the others to say that it has forgotten no vote.</param>
internal sealed record ConsensusStanding(uint View, int Leader, AbstainReason Abstaining, bool IsRecalling)
{
    /// <summary>The core's standing now; only on the thread that owns it, or before it runs.</summary>
    public static ConsensusStanding Of(ConsensusCore core) =>
        new(core.View, core.Leader, core.Abstaining, core.IsRecalling);
}
