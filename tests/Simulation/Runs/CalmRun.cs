using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A run in which nothing goes wrong but what a plan says: all work takes a tenth of a millisecond, all messages one, and what
/// the plan does not let through is lost.
/// </summary>
internal abstract class CalmRun(Scenario scenario) : Stage(scenario)
{
    protected const ulong LatencyUs = 1_000;

    private const ulong StartingUs = 3_000_000;

    private readonly List<Transaction> _submitted = [];

    /// <summary>How long what is sent now travels.</summary>
    protected virtual ulong TravelUs => LatencyUs;

    public override ulong Duration(Work work) => 100;

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        foreach (SimulatedNode target in Of(to))
        {
            if (!Passes(from, target, frame))
                Chart?.Lost(from, target, frame, "lost");
            else
                After(TravelUs, () => Deliver(from, target, frame));
        }
    }

    public override void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus) => After(delayUs, action);

    public override void Died(SimulatedNode node)
    {
    }

    /// <summary>Whether what leaves one process now reaches another.</summary>
    protected virtual bool Passes(SimulatedNode from, SimulatedNode target, Frame frame) => true;

    /// <summary>All start, and are told by the others that they have forgotten nothing.</summary>
    protected void StartAll()
    {
        Nodes.ForEach(node => node.Start());
        RunUntil(StartingUs, () => Nodes.TrueForAll(n => !n.Core!.IsRecalling));
    }

    /// <summary>A transaction of a department that must commit; whoever it is given to does not pass it on.</summary>
    protected Transaction NewTransaction(int department)
    {
        Transaction transaction = Chain.Define(department, UtcMs, $"type-{_submitted.Count}", 0);
        _submitted.Add(transaction);
        Invariants.Submitted[transaction.Id] = Fate.Commits;
        return transaction;
    }

    /// <summary>A transaction comes into these pools.</summary>
    protected static void Give(Transaction transaction, IEnumerable<SimulatedNode> nodes)
    {
        foreach (SimulatedNode node in nodes)
            node.Receive(node.Index, new EnvelopesFrame([transaction.Envelope]));
    }

    /// <summary>Whether these hold all that was submitted.</summary>
    protected bool HoldAll(IEnumerable<SimulatedNode> nodes) =>
        nodes.All(n => n.IsUp && _submitted.TrueForAll(t => n.Ledger.Contains(t.Id)));

    /// <summary>I10: within so long all of these hold all that was submitted.</summary>
    protected void ExpectAllCommitted(IReadOnlyList<SimulatedNode> nodes, ulong withinUs)
    {
        RunUntil(NowUs + withinUs, () => HoldAll(nodes));
        if (!HoldAll(nodes))
            throw new InvariantException("I10", $"not all is committed {withinUs / 1_000} ms later: {string.Join("; ", Nodes)}");
    }

    private void Deliver(SimulatedNode from, SimulatedNode target, Frame frame)
    {
        Chart?.Delivered(from, target, frame);
        target.Receive(from.Index, frame);
    }
}
