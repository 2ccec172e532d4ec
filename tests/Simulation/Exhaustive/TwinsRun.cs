using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What became of a scenario.</summary>
/// <param name="View">The view that decided the first height, by the certificate of an honest validator.</param>
/// <param name="Certificates">Views whose certificates honest validators hold for it: above 1, it was decided again.</param>
/// <param name="Accusations">Pieces of evidence against the twins.</param>
internal sealed record TwinsResult(uint View, int Certificates, int Accusations);

/// <summary>
/// Plays a scenario of twins over the production code: two processes with the key of validator 0 that know nothing of each other
/// and have different transactions, and three honest ones. Whatever the network is, all invariants hold; when it is healed, all is
/// decided.
/// </summary>
internal sealed class TwinsRun : CalmRun
{
    private const int Twin = 0;
    private const ulong TimeoutMs = 200;
    private const ulong StatusUs = 1_000_000;
    private const ulong SettlingUs = 60_000_000;

    private readonly TwinsScenario _scenario;
    private readonly LeaderOrder _leaders;
    private bool _begun;
    private bool _healed;

    private TwinsRun(TwinsScenario scenario)
        : base(Scenario.WithoutFaults(TwinsScenario.Validators) with
        {
            Faulty = new Dictionary<int, NodeKind> { [Twin] = NodeKind.Twin },
            Parameters = new ConsensusParameters(BaseTimeoutMs: TimeoutMs, TimeoutCapMs: TimeoutMs, BlockTransactionsMax: 8),
        })
    {
        _scenario = scenario;
        _leaders = new LeaderOrder([.. scenario.Leaders, 1, 2, 3, Twin], 0);
        for (int slot = 0; slot < TwinsScenario.Processes; slot++)
        {
            int validator = slot % TwinsScenario.Validators;
            NodeKind kind = validator == Twin ? NodeKind.Twin : NodeKind.Honest;
            Add(new SimulatedNode(this, slot, validator, kind, new NodeClock(0, 0)));
        }
    }

    /// <exception cref="InvariantException">A promise is broken.</exception>
    public static TwinsResult Play(TwinsScenario scenario, MessageChart? chart = null)
    {
        using var run = new TwinsRun(scenario) { Chart = chart };
        chart?.Begin(run);
        return run.RunAll();
    }

    /// <summary>The first height is led as the scenario says, the others by the ledger.</summary>
    public override LeaderOrder LeadersAfter(StoredBlock tip) => tip.Height == 0 ? _leaders : base.LeadersAfter(tip);

    /// <summary>While the scenario lasts no status is due.</summary>
    public override void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus) =>
        After(isStatus ? StatusUs : delayUs, action);

    protected override bool Passes(SimulatedNode from, SimulatedNode target, Frame frame)
    {
        if (!_begun || _healed)
            return true;
        ConsensusMessage? message = (frame as ConsensusFrame)?.Message;
        uint view = message switch
        {
            ProposeMessage { Height: 1 } m => m.View,
            VoteMessage { Height: 1 } m => m.View,
            ViewChangeMessage { Height: 1 } m => m.View,
            _ => Nodes.Max(n => n.Core!.Height == 1 ? n.Core.View : 0),
        };
        return view >= _scenario.Views.Count
            || _scenario.Views[(int)view].Passes(from.Slot, target.Slot, message is VoteMessage { Type: VoteType.Commit });
    }

    private TwinsResult RunAll()
    {
        StartAll();
        _begun = true;
        Give(NewTransaction(1), Nodes.Where(n => n.Slot != TwinsScenario.Validators));
        Give(NewTransaction(2), Nodes.Where(n => n.Slot != Twin));
        RunUntil(NowUs + (ulong)(_scenario.Views.Count + 1) * TimeoutMs * 1_000, () => false);
        _healed = true;
        Chart?.Note("healed");
        SimulatedNode[] honest = [.. Nodes.Where(n => n.Kind == NodeKind.Honest)];
        ExpectAllCommitted(honest, SettlingUs);
        RunUntil(NowUs + StatusUs, () => false); // every process has its status due, and is asked for evidence
        ExpectAllCommitted(honest, SettlingUs);
        // A late report of a leader may have made another block meanwhile; a twin asked for it may be the one that lacks it, too.
        RunUntil(NowUs + SettlingUs, () => honest.All(n => n.Ledger.Height == honest.Max(static m => m.Ledger.Height)));
        Invariants.CheckEnd();
        uint[] views = [.. honest.Select(n => n.Ledger.Blocks[1].Certificate!.View).Distinct()];
        return new TwinsResult(views.Min(), views.Length, Invariants.Accusations);
    }
}
