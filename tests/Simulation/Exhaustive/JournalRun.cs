using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What restarting at every journal record gave.</summary>
/// <param name="Blocks">The height of the ledgers in the end.</param>
/// <param name="Records">Records in all four journals.</param>
/// <param name="Restarts">Validators started again from a saved prefix.</param>
/// <param name="Votes">What these signed, none of it against what had been said.</param>
/// <param name="ViewsLeft">Promises to leave a view that were sent in the run.</param>
internal sealed record JournalReport(ulong Blocks, long Records, long Restarts, long Votes, long ViewsLeft);

/// <summary>
/// Four validators decide so many blocks, some of them in later views. At every journal record of each of them the journal as the
/// disk has it is saved, and the validator started again from it beside the run: killed before the record's sync, with the record
/// lost; in its middle, with the record torn; and after it, before anything that waited for it was sent.
/// </summary>
internal sealed class JournalRun : CalmRun
{
    private const int Validators = 4;
    private const ulong BlockUs = 20_000_000;

    private readonly SpokenVotes[] _said = [.. Enumerable.Range(0, Validators).Select(_ => new SpokenVotes())];
    private readonly byte[]?[] _synced = new byte[]?[Validators];
    private Func<ConsensusMessage, bool> _loses = static _ => false;
    private long _records;
    private long _restarts;
    private long _votes;

    private JournalRun()
        : base(Scenario.WithoutFaults(Validators) with
        {
            LeaderBlocksMax = 16,
            Parameters = new ConsensusParameters(BaseTimeoutMs: 200, TimeoutCapMs: 800, BlockTransactionsMax: 8),
        })
    {
        for (int i = 0; i < Validators; i++)
            Add(new SimulatedNode(this, i, i, NodeKind.Honest, new NodeClock(0, 0)));
    }

    /// <param name="blocks">At least so many blocks.</param>
    /// <param name="progress">Told of blocks that are decided, and of how many there will be.</param>
    /// <exception cref="InvariantException">A promise is broken.</exception>
    public static JournalReport Run(int blocks, Action<int, int>? progress = null)
    {
        using var run = new JournalRun();
        run.StartAll();
        for (int i = 0; i < blocks; i++)
        {
            run.Decide(i);
            progress?.Invoke(i + 1, blocks);
        }
        return new JournalReport(
            run.Nodes.Min(n => n.Ledger.Height), run._records, run._restarts, run._votes,
            run._said.Sum(said => said.Promises));
    }

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        if (frame is ConsensusFrame { Message: { } message })
        {
            foreach (SignedVote vote in SpokenVotes.In(message))
                _said[from.Index].Add(vote);
        }
        base.Send(from, to, frame);
    }

    public override void OnAppended(SimulatedNode node, ulong record)
    {
        _records++;
        Restart(node, _synced[node.Index] = node.Disk.Copy());
    }

    public override void OnSynced(SimulatedNode node)
    {
        byte[] after = node.Disk.Copy()!;
        if (_synced[node.Index] is { } before && before.Length < after.Length)
            Restart(node, after[..((before.Length + after.Length) / 2)]);
        Restart(node, after);
    }

    protected override bool Passes(SimulatedNode from, SimulatedNode target, Frame frame) =>
        frame is not ConsensusFrame { Message: { } message } || !_loses(message);

    /// <summary>One transaction in one block; now and then its Commits or its proposal are lost until its leader is left.</summary>
    private void Decide(int number)
    {
        _loses = (number % 10) switch
        {
            2 => static m => m is VoteMessage { Type: VoteType.Commit, View: 0 },
            5 => static m => m is ProposeMessage { View: 0 },
            8 => static m => m is VoteMessage { Type: VoteType.Commit, View: < 2 } or ProposeMessage { View: 1 },
            _ => static _ => false,
        };
        Give(NewTransaction(number % Validators), Nodes);
        ExpectAllCommitted(Nodes, BlockUs);
    }

    private void Restart(SimulatedNode node, byte[]? journal)
    {
        _restarts++;
        _votes += RestartedCore.Try(this, node.Index, node.Ledger.Tip, journal, _said[node.Index]);
    }
}
