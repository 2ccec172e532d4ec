using GovChain.Consensus;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <content>One hostile neighbour costs an answer, and not what is waited for (docs/PROTOCOL.md, "Catch-up").</content>
internal sealed partial class Invariants
{
    private const ulong NotFollowedUs = 10_000_000;
    private const ulong ClockTickUs = 1_000; // nodes count milliseconds

    private readonly Dictionary<(int Slot, int Source), ulong> _gaveNothingUs = [];
    private readonly Dictionary<(int Slot, int Source), ulong> _passedOverUs = [];

    /// <summary>How long at most a node in an earlier epoch still waits for one that is not hostile, whose answers were lost while things
    /// went wrong; microseconds from now.</summary>
    /// <remarks>
    /// docs/PROTOCOL.md, "Catch-up": who kept silent is not followed for ten seconds, whatever it says; that it was the network nobody can
    /// know. Where the last question was lost just before the network settled, and nobody else is ahead, nothing of the next epoch comes
    /// before they are over. From there on it is as if the network settled then: the next status says again who is ahead, one answer
    /// brings blocks, and both are in <see cref="LivenessBound"/>. A node in the newest epoch waits for nobody so: what is proven
    /// is asked of those passed over, too, after the others.
    /// </remarks>
    public ulong NotFollowedForUs
    {
        get
        {
            ulong until = stage.NowUs;
            foreach (((int slot, int source), ulong sinceUs) in _passedOverUs)
            {
                if (stage.Nodes[slot].Config.Epoch < History.Epoch && stage.Scenario.Faulty.GetValueOrDefault(source) != NodeKind.Hostile)
                    until = Math.Max(until, sinceUs + NotFollowedUs);
            }
            return until - stage.NowUs;
        }
    }

    /// <summary>A node follows one that says that it is ahead.</summary>
    public void OnFollows(SimulatedNode node, int source)
    {
        if (_gaveNothingUs.TryGetValue((node.Slot, source), out ulong sinceUs) && stage.NowUs - sinceUs < NotFollowedUs - ClockTickUs)
            throw new InvariantException("neighbour", $"node {node.Index} follows {source} again, which gave nothing {stage.NowUs - sinceUs} us ago");
    }

    /// <summary>The one that was followed has answered, or not in time.</summary>
    public void OnFollowed(SimulatedNode node, BlocksQuestion asked, ulong said)
    {
        if (asked.Answer is not { } answer
            || (answer.Blocks.Count == 0 && answer.WholeFrom <= asked.FirstHeight && said >= asked.FirstHeight))
            _gaveNothingUs[(node.Slot, asked.Source)] = stage.NowUs;
    }

    /// <summary>Nobody is asked again for the bodies of a block, unless its answer was as long as one may be.</summary>
    public IEnumerable<LedgerQuestion> Watch(SimulatedNode node, IEnumerable<LedgerQuestion> questions)
    {
        var done = new HashSet<int>();
        foreach (BodiesQuestion question in questions.Cast<BodiesQuestion>())
        {
            if (done.Contains(question.Source))
                throw new InvariantException("neighbour", $"node {node.Index} lets {question.Source} give bodies piece by piece");
            yield return question;
            if ((question.Answer ?? []).Sum(static e => (long)e.Length) < SimulatedNode.AnswerBytesMax)
                done.Add(question.Source);
        }
    }

    /// <summary>Who breaks an answer off before it is as long as one may be is asked for nothing more of that snapshot.</summary>
    public IEnumerable<LedgerQuestion> WatchParts(SimulatedNode node, IEnumerable<LedgerQuestion> questions)
    {
        var done = new HashSet<int>();
        foreach (LedgerQuestion question in questions)
        {
            if (question is PartQuestion again && done.Contains(again.Source))
                throw new InvariantException("neighbour", $"node {node.Index} lets {again.Source} give a snapshot piece by piece");
            yield return question;
            if (question is PartQuestion { Answer: { } answer } part && IsCutShort(part.Request, answer))
                done.Add(part.Source);
        }
    }

    private static bool IsCutShort(SnapshotRequest request, SnapshotResponse answer) =>
        (request.Pages is { } wanted && answer.Pages.Count > 0 && answer.Pages.Count < wanted.Keys.Count
            && answer.Pages.Sum(static p => p.Length) <= SimulatedNode.AnswerBytesMax)
        || (request.Rows is not null && answer.Rows.Count > 0 && !answer.LastRows
            && answer.Rows.Sum(static r => r.Key.Length + r.Value.Length) <= SimulatedNode.AnswerBytesMax);
}
