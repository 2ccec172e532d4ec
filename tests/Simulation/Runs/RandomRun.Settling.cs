using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>The liveness phase: all is healed but the hostile, and within a bound all must be decided everywhere.</content>
internal sealed partial class RandomRun
{
    private const ulong StaysSettledUs = 2_500_000;

    // A snapshot is some thirty parts here, and blocks come by fives.
    private const long PartsMax = 500;

    private long _partsBefore;

    private void Heal()
    {
        Chart?.Note("healed: no faults from here on but hostile validators");
        _chaos = false;
        _network.Heal();
        _clients.Stop();
        _director.Stop();
        _absent.Clear();
        _partsBefore = Nodes.Sum(static n => (long)n.PartsTaken);
        foreach (SimulatedNode node in Nodes)
        {
            node.Heal();
            node.Start();
        }
    }

    /// <summary>
    /// I10 and I12: each next decision in time while there is work, and in the end all hold the same. It stays so, or, where
    /// a late report of a leader has made another block meanwhile, becomes so again.
    /// </summary>
    private void Settle()
    {
        WaitUntilSettled();
        RunUntil(NowUs + StaysSettledUs, () => false);
        WaitUntilSettled();
        Invariants.CheckEnd();
    }

    private void WaitUntilSettled()
    {
        ulong height = Progress();
        ulong deadline = Deadline();
        while (!IsSettled())
        {
            ulong before = NowUs;
            RunUntil(deadline, () => IsSettled() || Progress() > height);
            if (IsSettled())
                break;
            if (Progress() > height)
            {
                height = Progress();
                deadline = Deadline();
                continue;
            }
            string what = _clients.AreAllServed ? "I12" : "I10";
            throw new InvariantException(
                what, $"nothing was decided for {(NowUs - before) / 1_000} ms, {Describe()}");
        }
    }

    /// <summary>
    /// Who abstains votes again some blocks later, and its vote counts: with it, as many of the others can be away as may ever
    /// be.
    /// </summary>
    private void LetAllVote()
    {
        List<SimulatedNode> forgetful = Nodes.FindAll(
            static n => n.Kind == NodeKind.Forgetful && !n.Config.IsObserver);
        if (forgetful.Count == 0)
            return;
        for (int more = 0; forgetful.Exists(static n => n.Core!.Abstaining != AbstainReason.None); more++)
        {
            if (more > 2 * (int)Abstention.Heights)
                throw new InvariantException("return", $"{more} blocks later somebody abstains still: {Describe()}");
            _clients.SubmitOneMore();
            Settle();
        }
        ValidatorSet acting = Invariants.History.Acting;
        int spare = acting.Count - acting.QuorumSize - (Nodes.Where(n => n.Kind != NodeKind.Honest && !n.Config.IsObserver).DistinctBy(n => n.Index).Count() - forgetful.Count);
        foreach (SimulatedNode away in Nodes.Where(static n => n.Kind == NodeKind.Honest && !n.Config.IsObserver).Take(spare))
            _network.Isolate(away);
        _clients.SubmitOneMore();
        RunUntil(NowUs + 2 * _bound.NextDecisionUs(HighestView()), () => _clients.AreAllServed);
        if (!_clients.AreAllServed)
            throw new InvariantException("return", $"the votes of those who returned do not count: {Describe()}");
        _network.Join();
        Settle();
    }

    /// <summary>Blocks decided by honest nodes, filled in and parts of snapshots fetched.</summary>
    private ulong Progress()
    {
        ulong height = 0;
        foreach (SimulatedNode node in Nodes)
        {
            if (node.Kind == NodeKind.Honest)
                height += node.Ledger.Height;
            if (Scenario.Snapshots)
                height += node.PartsTaken;
        }
        if (Scenario.Snapshots && Nodes.Sum(static n => (long)n.PartsTaken) - _partsBefore > PartsMax * Nodes.Count)
            throw new InvariantException("I10", $"snapshots are asked for without end, {Describe()}");
        return height;
    }

    private ulong Deadline() => NowUs + _bound.NextDecisionUs(HighestView()) + Invariants.NotFollowedForUs;

    private uint HighestView()
    {
        uint view = 0;
        foreach (SimulatedNode node in Nodes)
        {
            if (node.Kind == NodeKind.Honest && node.Core is { } core)
                view = Math.Max(view, core.View);
        }
        return view;
    }

    private bool IsSettled()
    {
        Digest? tip = null;
        foreach (SimulatedNode node in Nodes)
        {
            if (node.Kind is NodeKind.Hostile or NodeKind.Twin)
                continue;
            if (!node.IsUp || node.Ledger.Base is not null || (tip is { } known && known != node.Ledger.Tip.Block.Hash))
                return false;
            tip = node.Ledger.Tip.Block.Hash;
        }
        return _clients.AreAllServed;
    }

    private string Describe() => string.Join("; ", Nodes) + $"; {_clients}";
}
