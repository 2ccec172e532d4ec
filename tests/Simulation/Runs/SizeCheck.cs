using System.Diagnostics;
using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What a number of validators send for a block, and for a view change, when nothing else happens.</summary>
/// <param name="Validators">n.</param>
/// <param name="Blocks">Blocks decided in view 0.</param>
/// <param name="Block">What was sent for these, by type of message.</param>
/// <param name="ViewChange">What was sent for one block whose leader died after all had prepared it.</param>
/// <param name="CoreMsPerBlock">Time in the core of one validator, milliseconds of this machine.</param>
internal sealed record SizeReport(int Validators, int Blocks, Traffic Block, Traffic ViewChange, double CoreMsPerBlock);

/// <summary>
/// Many validators, a network that neither loses nor reorders, no faults but one: the leader dies when all hold a prepared
/// certificate. For sizes, against the arithmetic of docs/PROTOCOL.md, "Messages".
/// </summary>
internal sealed class SizeCheck : Stage
{
    private const int Blocks = 4;
    private const ulong LatencyUs = 1_000;
    private const ulong HourUs = 3_600_000_000;

    private readonly Stopwatch _core = new();
    private bool _withholdsCommits;

    private SizeCheck(int validators)
        : base(Scenario.WithoutFaults(validators))
    {
        for (int i = 0; i < validators; i++)
            Add(new SimulatedNode(this, i, i, NodeKind.Honest, new NodeClock(0, 0)));
    }

    public static SizeReport Run(int validators)
    {
        using var run = new SizeCheck(validators);
        foreach (SimulatedNode node in run.Nodes)
            node.Start();
        run.RunUntil(3_000_000, () => run.Nodes.TrueForAll(n => !n.Core!.IsRecalling));
        Traffic blocks = run.Measure(Blocks);
        double coreMs = run._core.Elapsed.TotalMilliseconds / Blocks / validators;
        run._withholdsCommits = true;
        run.Submit();
        run.RunUntil(run.NowUs + 400_000, () => false);
        run.Nodes[run.Nodes[0].Core!.Leader].Crash();
        run._withholdsCommits = false;
        Traffic viewChange = run.Measure(0);
        return new SizeReport(validators, Blocks, blocks, viewChange, coreMs);
    }

    public override ulong Duration(Work work) => 100;

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        if (!_withholdsCommits || frame is not ConsensusFrame { Message: VoteMessage { Type: VoteType.Commit } })
            After(LatencyUs, () => Of(to)[0].Receive(from.Index, frame));
    }

    /// <summary>Status ticks would be counted as if they belonged to the blocks.</summary>
    public override void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus) =>
        After(isStatus ? HourUs : delayUs, action);

    public override void Died(SimulatedNode node)
    {
    }

    public override void Step(ConsensusCore core, ConsensusInput input, List<ConsensusEffect> effects)
    {
        _core.Start();
        core.Step(input, effects);
        _core.Stop();
    }

    /// <summary>Decides so many new blocks, or the one under way, and gives what was sent meanwhile.</summary>
    private Traffic Measure(int blocks)
    {
        Traffic.Clear();
        _core.Reset();
        ulong height = Nodes[0].Ledger.Height;
        for (int i = 0; i < Math.Max(1, blocks); i++)
        {
            if (blocks > 0)
                Submit();
            height++;
            RunUntil(NowUs + HourUs / 2, () => Nodes.TrueForAll(n => !n.IsUp || n.Ledger.Height == height));
            if (Nodes.Exists(n => n.IsUp && n.Ledger.Height != height))
                throw new InvariantException("I10", $"block {height} is not decided: {string.Join("; ", Nodes)}");
        }
        return Traffic.Copy();
    }

    private void Submit()
    {
        Transaction transaction = Chain.Define(0, UtcMs, $"type-{EventsSoFar}", 0);
        Invariants.Submitted[transaction.Id] = Fate.Commits;
        foreach (SimulatedNode node in Nodes)
            node.Receive(node.Index, new EnvelopesFrame([transaction.Envelope]));
    }
}
