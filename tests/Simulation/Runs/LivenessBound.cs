using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// How long the next block, or one node's next step of catching up, may take once the network has settled (I10),
/// from the timeouts alone.
/// </summary>
/// <remarks>
/// All honest nodes come to one view within the longest timer that may still run: that of the highest view. From there
/// at most f hostile leaders, and one that lacks the block and asks for it, cost a timeout each, every one in a higher
/// view, before an honest one has its turn; its own view may run nearly to its end. Timers may be a tenth slow. Between
/// the views lie at most four status periods: for a message lost before to be asked for again, for a starting node to ask
/// what it has forgotten, for the block's content, and for the decision to be told. A node that catches up waits for each
/// hostile peer in vain once, and pauses. What a node in an earlier epoch waits for besides, since it does not follow
/// those whose answers were lost before the network settled, is <see cref="Invariants.NotFollowedForUs"/>.
/// </remarks>
internal sealed class LivenessBound(Scenario scenario)
{
    private const ulong StatusPeriodUs = 1_000_000;
    private const ulong StatusPeriods = 4;

    /// <summary>min(base * 2^view, cap), milliseconds: the rule of docs/PROTOCOL.md, not the code under test.</summary>
    public static ulong TimeoutMs(ConsensusParameters parameters, uint view) =>
        view < 32 ? Math.Min(parameters.BaseTimeoutMs << (int)view, parameters.TimeoutCapMs) : parameters.TimeoutCapMs;

    /// <summary>Microseconds to the next decision when the highest view of an honest node is <paramref name="view"/>.
    /// </summary>
    public ulong NextDecisionUs(uint view)
    {
        uint views = (uint)Quorum.Faulty(scenario.Validators) + 3;
        ulong timeoutsMs = 0;
        for (uint v = 0; v < views; v++)
            timeoutsMs += TimeoutMs(scenario.Parameters, view + v);
        ulong catchUpUs = ((ulong)Quorum.Faulty(scenario.Validators) + 1) * SimulatedNode.BlocksTimeoutUs
            + CatchUp.PauseMs * 1_000;
        return timeoutsMs * 1_100 + StatusPeriods * StatusPeriodUs + catchUpUs;
    }
}
