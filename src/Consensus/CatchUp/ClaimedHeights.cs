using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// How far the ledger goes by the word of those whom this node follows into a later epoch, which it cannot prove yet. One of them may say
/// anything: alone it makes nobody seem too far behind for anything. Of f + 1 departments with a vote one is honest.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="validators">Departments that vote here: sources below this number are theirs.</param>
public sealed class ClaimedHeights(int validators)
{
    private readonly Dictionary<int, ulong> _said = [];

    /// <summary>A source said where it is.</summary>
    public void Say(int source, ulong height)
    {
        if (source < validators)
            _said[source] = height;
    }

    /// <summary>Where one that is honest says it is; 0 where too few have spoken.</summary>
    public ulong Credible => _said.Values.OrderDescending().Skip(Quorum.Faulty(validators)).FirstOrDefault();

    /// <summary>As much of what a source says as may be counted.</summary>
    /// <param name="said">The height that it says it has.</param>
    /// <param name="tip">This node's own.</param>
    public static ulong Credit(ulong said, ulong tip) => Math.Min(said, tip + CatchUp.LagMax);
}
