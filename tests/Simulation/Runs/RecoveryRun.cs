using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What a bad leader cost.</summary>
/// <param name="NextBlockMs">From then until every other validator has stored the next block, milliseconds.</param>
/// <param name="TimedOut">Views that the timer of some other one ended from then on, over all heights that followed.</param>
internal sealed record LeaderCost(ulong NextBlockMs, int TimedOut);

/// <summary>How long decisions take to come back, in a network of one millisecond with the timeouts of real ledgers.</summary>
internal sealed class RecoveryRun : CalmRun
{
    private const ulong StepUs = 100;
    private const ulong MinuteUs = 60_000_000;
    private const ulong PatienceUs = 5 * MinuteUs;

    private readonly SortedSet<(ulong Height, uint View)> _timedOut = [];
    private Func<SimulatedNode, SimulatedNode, Frame, bool> _passes = static (_, _, _) => true;
    private ulong _travelUs = LatencyUs;
    private SimulatedNode? _hostile;
    private SimulatedNode? _keepsFrom;

    private RecoveryRun(int validators, uint leaderBlocksMax = 256)
        : base(Scenario.WithoutFaults(validators) with
        {
            Parameters = Parameters,
            LeaderBlocksMax = leaderBlocksMax,
        })
    {
        for (int i = 0; i < validators; i++)
            Add(new SimulatedNode(this, i, i, NodeKind.Honest, new NodeClock(0, 0)));
        StartAll();
    }

    /// <summary>Timeouts as they are by default.</summary>
    public static ConsensusParameters Parameters { get; } = new();

    private IEnumerable<SimulatedNode> Living => Nodes.Where(n => n.IsUp);

    private ulong Height => Living.Max(n => n.Ledger.Height);

    private SimulatedNode Leader => Nodes[Living.First().Core!.Leader];

    /// <summary>The leader dies so long after its fourth transaction came in, and never returns; so many heights follow.</summary>
    public static LeaderCost LeaderDies(int validators, ulong afterUs, ulong heights)
    {
        using var run = new RecoveryRun(validators);
        run.Decide(3);
        SimulatedNode leader = run.Leader;
        run.Submit();
        run.RunUntil(run.NowUs + afterUs, static () => false);
        leader.Crash();
        run._timedOut.Clear();
        ulong diedUs = run.NowUs;
        run.Decide(1);
        ulong nextUs = run.NowUs - diedUs;
        run.Decide(heights);
        return new LeaderCost(nextUs / 1_000, run._timedOut.Count);
    }

    /// <summary>
    /// The worst that one can do as leader: its proposal reaches just a quorum, it neither commits nor tells. So its block is proposed
    /// again by the next one, and names it as the last proposer once more.
    /// </summary>
    public static LeaderCost LeaderIsHostile(int validators, uint leaderBlocksMax, ulong heights)
    {
        using var run = new RecoveryRun(validators, leaderBlocksMax);
        run._hostile = run.Nodes[0];
        run._passes = (from, target, frame) => from != run._hostile || (frame as ConsensusFrame)?.Message switch
        {
            ProposeMessage { View: 0 } or VoteMessage { Type: VoteType.Prepare, View: 0 } => target.Index < Quorum.Size(validators),
            VoteMessage { Type: VoteType.Commit } or DecidedMessage or StatusMessage => false,
            _ => true,
        };
        ulong beganUs = run.NowUs;
        run.Decide(1);
        ulong nextUs = run.NowUs - beganUs;
        run.Decide(heights - 1);
        return new LeaderCost(nextUs / 1_000, run._timedOut.Count);
    }

    /// <summary>
    /// The leader is honest and hears all votes, but no transaction comes through to it, and so it has nothing to propose.
    /// </summary>
    /// <returns>What that cost, and whether it is suspended at the end.</returns>
    public static (LeaderCost Cost, bool IsSuspended) LeaderHearsOfNothing(int validators, ulong heights)
    {
        using var run = new RecoveryRun(validators);
        run.Decide(2);
        SimulatedNode leader = run.Leader;
        run._passes = (_, target, frame) => target != leader || frame is not EnvelopesFrame;
        run._keepsFrom = leader;
        run._timedOut.Clear();
        ulong beganUs = run.NowUs;
        run.Decide(1);
        ulong nextUs = run.NowUs - beganUs;
        run.Decide(heights - 1);
        bool isSuspended = !run.Nodes.First(n => n != leader).Core!.Leaders.Order.Contains(leader.Index);
        return (new LeaderCost(nextUs / 1_000, run._timedOut.Count), isSuspended);
    }

    /// <summary>
    /// A time in which transactions come in and no quorum is to be had; then all is well again, but that the leader of the view that
    /// the others are in may be dead.
    /// </summary>
    /// <param name="isSplit">The network is in halves; else all proposals and votes are lost, so that views go by at the longest
    /// timeout.</param>
    /// <param name="minutes">How long, in steps of five.</param>
    /// <returns>Milliseconds until all that live have stored the next block, and the highest view before.</returns>
    public static (ulong NextBlockMs, uint View) NoQuorum(int validators, bool isSplit, bool leaderDies, int minutes)
    {
        using var run = new RecoveryRun(validators);
        run.Decide(2);
        run._passes = isSplit
            ? (from, target, _) => from.Index < validators / 2 == target.Index < validators / 2
            : static (_, _, frame) => frame is not ConsensusFrame { Message: VoteMessage or ProposeMessage };
        ulong height = run.Height;
        for (int passed = 0; passed < minutes; passed += 5)
        {
            run.Submit();
            run.RunUntil(run.NowUs + 5 * MinuteUs, static () => false);
        }
        if (run.Height != height)
            throw new InvariantException("I10", "there was a quorum after all");
        uint view = run.Living.Max(n => n.Core!.View);
        // The worst moment: a view has just begun that its leader does not survive.
        while (leaderDies && run.Living.Any(n => n.Core!.View == view))
            run.RunUntil(run.NowUs + StepUs, static () => false);
        view = run.Living.Max(n => n.Core!.View);
        run._passes = static (_, _, _) => true;
        if (leaderDies)
            run.Leader.Crash();
        ulong healedUs = run.NowUs;
        run.Decide(1);
        return ((run.NowUs - healedUs) / 1_000, view);
    }

    /// <summary>Every message takes so long from now on.</summary>
    /// <returns>Milliseconds until all have stored the next block, and how many views that took.</returns>
    public static (ulong NextBlockMs, int TimedOut) NetworkIsSlow(int validators, ulong travelMs)
    {
        using var run = new RecoveryRun(validators);
        run.Decide(2);
        run._travelUs = travelMs * 1_000;
        ulong slowUs = run.NowUs;
        run.Decide(1);
        return ((run.NowUs - slowUs) / 1_000, run._timedOut.Count);
    }

    protected override ulong TravelUs => _travelUs;

    public override void Step(ConsensusCore core, ConsensusInput input, List<ConsensusEffect> effects)
    {
        core.Step(input, effects);
        foreach (ConsensusEffect effect in effects)
        {
            if (effect is ViewLeft { Cause: ViewCause.Timeout } left && core != _hostile?.Core)
                _timedOut.Add((left.Height, left.View));
        }
    }

    protected override bool Passes(SimulatedNode from, SimulatedNode target, Frame frame) => _passes(from, target, frame);

    private void Submit()
    {
        Transaction transaction = Chain.Define(0, UtcMs, $"type-{EventsSoFar}", 0);
        Invariants.Submitted[transaction.Id] = Fate.MayCommit;
        Give(transaction, Living.Where(n => n != _keepsFrom));
    }

    /// <summary>So many more heights, each with a transaction that comes in when all that live have the one before.</summary>
    private void Decide(ulong heights)
    {
        for (ulong i = 0; i < heights; i++)
        {
            ulong height = Height + 1;
            ulong patienceUs = NowUs + PatienceUs;
            Submit();
            while (Living.Any(n => n.Ledger.Height < height))
            {
                if (NowUs > patienceUs)
                    throw new InvariantException("I10", $"block {height} is not decided: {string.Join("; ", Nodes)}");
                RunUntil(NowUs + StepUs, static () => false);
            }
        }
    }
}
