using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>A message that a validator sends in a run, by its place among those that it sends.</summary>
/// <param name="Earlier">All that anybody has sent by then, this one included: what later ones bear nobody has yet.</param>
internal sealed record SentMessage(
    int Sender, int Place, ConsensusMessage Message, IEnumerable<ConsensusMessage> Earlier);

/// <summary>
/// Four validators through all that a height can be: decided at once, prepared and proposed again, proposed anew in a later
/// view, caught up with, proposed again by a leader that lacks the block, and begun again after a restart. One of them is not to be trusted: in the
/// place of one of its messages, or before it, it sends other bytes. All else goes on by the rules, and in the end the others must
/// have decided everything.
/// </summary>
internal sealed class MutationRun : CalmRun
{
    public const int Validators = 4;
    private const int Latecomer = Validators - 1;
    private const ulong PhaseUs = 1_300_000;
    private const ulong SettlingUs = 60_000_000;

    private readonly SimulatedNode _hostile;
    private readonly List<SentMessage> _sent = [];
    private readonly List<ConsensusMessage> _all = [];
    private readonly List<SimulatedNode> _others;
    private Frame? _newest;
    private ConsensusFrame? _instead;
    private int _place = -1;
    private (int Place, ConsensusFrame Frame, bool Also)? _swap;
    private Func<int, int, ConsensusMessage, bool> _loses = static (_, _, _) => false;

    private MutationRun(int hostile)
        : base(Scenario.WithoutFaults(Validators) with
        {
            Faulty = new Dictionary<int, NodeKind> { [hostile] = NodeKind.Hostile },
            Parameters = new ConsensusParameters(BaseTimeoutMs: 200, TimeoutCapMs: 800, BlockTransactionsMax: 8),
        })
    {
        for (int i = 0; i < Validators; i++)
            Add(new SimulatedNode(this, i, i, Scenario.Faulty.GetValueOrDefault(i, NodeKind.Honest), new NodeClock(0, 0)));
        _hostile = Nodes[hostile];
        _others = [.. Nodes.Where(n => n != _hostile)];
    }

    /// <summary>All that every validator sends where nobody is hostile.</summary>
    public static IReadOnlyList<SentMessage> Record()
    {
        var all = new List<SentMessage>();
        for (int sender = 0; sender < Validators; sender++)
        {
            using var run = new MutationRun(sender);
            run.RunAll();
            all.AddRange(run._sent);
        }
        return all;
    }

    /// <summary>Runs it with other bytes for one message.</summary>
    /// <param name="message">The message that has its turn then.</param>
    /// <param name="bytes">What is sent to each of those who would get it.</param>
    /// <param name="also">The message itself follows.</param>
    /// <param name="chart">Where the run is drawn.</param>
    /// <exception cref="InvariantException">A promise is broken.</exception>
    public static void Send(SentMessage message, byte[] bytes, bool also, MessageChart? chart = null)
    {
        using var run = new MutationRun(message.Sender)
        {
            Chart = chart,
            _swap = (message.Place, new ConsensusFrame(bytes), also),
        };
        chart?.Begin(run);
        run.RunAll();
        if (run._place < message.Place)
            throw new InvalidOperationException("The run has become another before the message had its turn.");
    }

    /// <summary>Signs in the name of one validator of this ledger.</summary>
    public static Resigner Resigner(int signer)
    {
        var run = new MutationRun(signer);
        return new Resigner(run.Chain.ChainId, run.Keys, signer);
    }

    /// <summary>The rules that a receiver on this ledger holds a message against.</summary>
    public static MessageVerifier Verifier(int receiver)
    {
        var run = new MutationRun(receiver);
        return new MessageVerifier(
            new ConsensusConfig(run.Chain.ChainId, 0, run.Keys.Set, receiver, run.Scenario.Parameters), run.Keys);
    }

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        // A message to all is one frame that is sent to each.
        if (frame is ConsensusFrame sent && !ReferenceEquals(frame, _newest))
        {
            _newest = frame;
            _instead = null;
            _all.Add(sent.Message!);
            if (from == _hostile)
                Note(sent.Message!);
        }
        if (_instead is { } instead && ReferenceEquals(frame, _newest))
        {
            base.Send(from, to, instead);
            if (!_swap!.Value.Also)
                return;
        }
        base.Send(from, to, frame);
    }

    protected override bool Passes(SimulatedNode from, SimulatedNode target, Frame frame) =>
        frame is not ConsensusFrame { Message: { } message } || !_loses(from.Index, target.Index, message);

    private void Note(ConsensusMessage message)
    {
        _place++;
        _sent.Add(new SentMessage(_hostile.Index, _place, message, _all.Take(_all.Count)));
        _instead = _swap is { } swap && swap.Place == _place ? swap.Frame : null;
    }

    private void RunAll()
    {
        StartAll();
        Phase(static (_, _, _) => false);
        Phase(static (_, _, m) => m is VoteMessage { Type: VoteType.Commit, View: 0 });
        Phase(static (_, _, m) => m is ProposeMessage { View: 0 });
        Phase(static (from, to, _) => from == Latecomer || to == Latecomer);
        Phase((_, to, m) => m is VoteMessage { Type: VoteType.Commit, View: 0 }
            || (m is ProposeMessage { View: 0 } && to == _others[0].Core!.Leaders.Leader(1)));
        if (!IsSwapped)
            AccuseItself();
        Nodes[Latecomer].Crash();
        After(PhaseUs / 10, Nodes[Latecomer].Start);
        Give(NewTransaction(0), Nodes);
        RunUntil(NowUs + PhaseUs, () => false);
        ExpectAllCommitted(_others, SettlingUs);
        RunUntil(NowUs + PhaseUs, () => false);
        ExpectAllCommitted(_others, SettlingUs);
        Invariants.CheckEnd();
    }

    private bool IsSwapped => _swap is { } swap && _place >= swap.Place;

    /// <summary>
    /// A transaction for everyone, and such messages are lost until the phase is over. When what is to be shown has happened, no
    /// more is done than one transaction in the end.
    /// </summary>
    private void Phase(Func<int, int, ConsensusMessage, bool> loses)
    {
        if (IsSwapped)
            return;
        _loses = loses;
        Give(NewTransaction(0), Nodes);
        RunUntil(NowUs + PhaseUs, () => false);
        _loses = static (_, _, _) => false;
    }

    /// <summary>Evidence is sent by whoever holds any; this validator has made some against itself.</summary>
    private void AccuseItself()
    {
        SignedVote first = Vote(Chain.ChainId);
        SignedVote second = Vote(Keys.Set.Hash);
        _hostile.Transmit(Consensus.Send.ToAll, new ConsensusFrame(ConsensusMessageCodec.Encode(
            new EvidenceMessage(Evidence.Of(Chain.ChainId, Keys.Set[_hostile.Index].Key, first, second)!))));
    }

    private SignedVote Vote(Core.Cryptography.Digest hash) => new(VoteType.Prepare, 0, 1, 0, hash, -1,
        Keys.Sign(_hostile.Index, new Vote(VoteType.Prepare, Chain.ChainId, 0, 1, 0, hash).SigningDigest()));
}
