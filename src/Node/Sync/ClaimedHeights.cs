using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Node.Sync;

/// <summary>
/// How far the ledger goes by the word of those whom this node follows into a later epoch, which it cannot prove yet. One of them may say
/// anything: alone it is credited with one answer's blocks more. Of f + 1 departments with a vote one is honest.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
/// <param name="validators">Departments that vote here: sources below this number are theirs.</param>
internal sealed class ClaimedHeights(int validators)
{
    private readonly Dictionary<int, ulong> _said = []; // its lock, too

    /// <summary>A source said where it is.</summary>
    public void Say(int source, ulong height)
    {
        if (source >= validators)
            return;
        lock (_said)
            _said[source] = height;
    }

    /// <summary>As much of what a source says as may be counted.</summary>
    /// <param name="said">The height that it says it has.</param>
    /// <param name="tip">This node's own.</param>
    public ulong Credit(ulong said, ulong tip)
    {
        int faulty = Quorum.Faulty(validators);
        lock (_said)
        {
            ulong credible = _said.Values.OrderDescending().Skip(faulty).FirstOrDefault();
            return Math.Min(said, Math.Max(credible, tip + CatchUp.RangeBlocks));
        }
    }
}
