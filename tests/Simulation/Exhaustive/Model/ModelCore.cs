using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>One thing that a core is given.</summary>
/// <param name="View">Of a timer: it runs out in this view, unless that has been left.</param>
internal readonly record struct Stimulus(MoveKind Kind, VerifiedMessage? Message = null, int View = 0);

/// <summary>
/// The production core of one honest validator behind a driver that answers at once, but for what the model wants to happen at
/// another time: a block being built, the signature of a Commit, the timer. What is late for its view - a block built, a Commit
/// signed - comes all the same, when the promise to leave it is out.
/// </summary>
internal sealed class ModelCore
{
    private readonly ModelWorld _world;
    private readonly List<byte[]> _journal = [];
    private readonly Queue<ConsensusInput> _inputs = new();
    private readonly SpokenVotes _spoken = new();
    private readonly List<ConsensusEffect> _effects = [];
    private ConsensusInput? _late;
    private RequestSignature? _commit;
    private BuildProposal? _build;
    private ConsensusCore _core = null!;
    private ulong _starts;

    /// <param name="self">An honest validator.</param>
    /// <param name="answersContent">Whoever is asked for a block's content has it, and answers at once.</param>
    public ModelCore(ModelWorld world, int self, bool answersContent = true)
    {
        (_world, Self, AnswersContent) = (world, self, answersContent);
        Start();
        Outbox.Clear();
    }

    public int Self { get; }

    public bool AnswersContent { get; set; }

    public ConsensusCore Core => _core;

    /// <summary>All that it has signed and sent, by what it says.</summary>
    public Dictionary<Said, ConsensusMessage> Sent { get; } = [];

    /// <summary>What it has sent since somebody cleared this.</summary>
    public List<Send> Outbox { get; } = [];

    /// <summary>The timer that runs; null: none was set.</summary>
    public SetTimer? Timer { get; private set; }

    /// <summary>The block that it stores; null: none yet.</summary>
    public CommitBlock? Stored { get; private set; }

    public bool IsBuilding => _build is not null;

    public bool IsSigning => _commit is not null;

    public bool HasProposal => RoundOf(_core).Proposal is not null;

    /// <exception cref="InvariantException">It breaks a promise.</exception>
    public void Apply(Stimulus stimulus)
    {
        switch (stimulus.Kind)
        {
            case MoveKind.Timer:
                if (Timer is { } timer && timer.View == stimulus.View && _core.View == timer.View)
                    Give(new TimerFired(timer.Height, timer.View, timer.Generation));
                break;
            case MoveKind.Restart:
                Start();
                break;
            case MoveKind.Built:
                if (_build is { } build)
                {
                    _build = null;
                    Give(new ProposalBuilt(build.Height, build.View, _world.Block(ModelWorld.OwnBlock(Self))));
                }
                break;
            case MoveKind.Signed:
                if (_commit is { } commit)
                {
                    _commit = null;
                    Give(new Signed(commit.RequestId, _world.Sign(Self, commit.Vote)));
                }
                break;
            default:
                Give(new MessageReceived(stimulus.Message!, ModelWorld.NowMs));
                break;
        }
    }

    public void Give(ConsensusInput first)
    {
        _inputs.Enqueue(first);
        while (_inputs.TryDequeue(out ConsensusInput? input) || (input = TakeLate()) is not null)
        {
            _effects.Clear();
            _core.Step(input, _effects);
            foreach (ConsensusEffect effect in _effects)
                Do(effect);
        }
    }

    /// <summary>
    /// All that bears on what the core may still do: its view, what it has sent, the proposal and what it holds prepared, what it
    /// waits for, and the view changes that it knows above its view, as leader also those of its view. Votes and view changes that
    /// it has besides only anticipate what can be delivered again at any time.
    /// </summary>
    public string Key()
    {
        Round round = RoundOf(_core);
        var key = new StringBuilder();
        key.Append(CultureInfo.InvariantCulture, $"{round.View} {(round.Proposal is { } p ? _world.NumberOf(p.Block.Hash) : -1)} ");
        key.Append(CultureInfo.InvariantCulture, $"{(round.Prepared is { } c ? $"{c.View}:{_world.NumberOf(c.BlockHash)}" : "-")} ");
        key.Append(IsBuilding ? 'b' : '-').Append(IsSigning ? 's' : '-').Append(round.Decision is null ? ' ' : 'd');
        foreach (Said said in Sent.Keys.OrderBy(static s => s.Bits))
            key.Append(CultureInfo.InvariantCulture, $" {said.Bits}");
        uint[] highest = HighestOf(round.ViewChanges);
        for (int other = 0; other < ModelWorld.Validators; other++)
        {
            uint view = highest[other];
            bool leads = view > 0 && _world.Order.Leader(view) == Self && (view > round.View || round.Proposal is null);
            if (other == Self || view < round.View || (view == round.View && !leads))
                continue;
            key.Append(CultureInfo.InvariantCulture, $" {other}@{view}");
            // What it claims to have prepared matters to the leader that it is for.
            if (leads && round.ViewChanges.For(view).Find(m => m.Payload.Signer == other) is { } known)
                key.Append(CultureInfo.InvariantCulture, $"={SaidIn(known).Bits}");
        }
        return key.ToString();
    }

    public Said SaidIn(ConsensusMessage message) => message switch
    {
        ProposeMessage m => new Said(VoteType.Propose, m.Signer, (int)m.View, _world.NumberOf(m.Block.Hash)),
        VoteMessage m => new Said(m.Type, m.Signer, (int)m.View, _world.NumberOf(m.BlockHash)),
        ViewChangeMessage m => new Said(VoteType.ViewChange, m.Payload.Signer, (int)m.View,
            _world.NumberOf(m.Payload.PreparedHash), (int)m.Payload.PreparedView),
        _ => default,
    };

    /// <summary>From the journal, which holds all that was sent; the others say what they have seen of it.</summary>
    private void Start()
    {
        (_commit, _build, Timer) = (null, null, null);
        _core = new ConsensusCore(_world.ConfigOf(Self), _world.Tip, null, _world.Order, _journal.Count == 0
            ? JournalContents.None
            : new JournalContents(JournalCondition.Sound, [.. _journal], (ulong)_journal.Count + 1));
        Give(new Start(++_starts));
        for (int peer = 0; peer < ModelWorld.Validators && _core.IsRecalling; peer++)
        {
            if (peer == Self)
                continue;
            VerifiedMessage answer = _world.Verify(peer, new RecallResponse(_starts, _spoken.Newest), Self)
                ?? throw new InvariantException("codec", $"{Self} has sent what its own signature is not on");
            Give(new MessageReceived(answer, ModelWorld.NowMs));
        }
        if (_core.IsRecalling || _core.Abstaining != AbstainReason.None)
            throw new InvariantException("return", $"{Self} does not come back able to vote: {_core.Abstaining}");
        Give(new WorkChanged(true));
    }

    private ConsensusInput? TakeLate()
    {
        ConsensusInput? late = _late;
        _late = null;
        return late;
    }

    private void Do(ConsensusEffect effect)
    {
        switch (effect)
        {
            case AppendJournal e:
                _journal.Add(e.Record);
                break;
            case RequestSignature { Vote.Type: VoteType.Commit } e:
                _commit = e;
                break;
            case RequestSignature e:
                _inputs.Enqueue(new Signed(e.RequestId, _world.Sign(Self, e.Vote)));
                break;
            case BuildProposal e:
                _build = e;
                break;
            case CheckBlock e:
                _inputs.Enqueue(new BlockChecked(e.Block.Hash, BlockFault.None));
                break;
            case SetTimer e:
                Timer = e;
                break;
            case ViewLeft:
                Leave();
                break;
            case CommitBlock e:
                Stored = e;
                break;
            case Send { Message: ProposalRequest m } e when AnswersContent:
                var response = new ProposalResponse(_world.Block(_world.NumberOf(m.BlockHash)));
                _inputs.Enqueue(new MessageReceived(_world.Verify(e.To, response)!, ModelWorld.NowMs));
                break;
            case Send e:
                Note(e);
                break;
            case Fatal e:
                throw new InvariantException("fatal", $"{Self} stops: {e.Reason}");
        }
    }

    /// <summary>What was for the view that is left still comes.</summary>
    private void Leave()
    {
        if (_commit is { } commit)
            _late = new Signed(commit.RequestId, _world.Sign(Self, commit.Vote));
        else if (_build is { } build)
            _late = new ProposalBuilt(build.Height, build.View, _world.Block(ModelWorld.OwnBlock(Self)));
        _commit = null;
        _build = null;
    }

    private void Note(Send send)
    {
        Outbox.Add(send);
        foreach (SignedVote vote in SpokenVotes.In(send.Message))
        {
            if (_spoken.Against(vote) is { } said)
            {
                throw new InvariantException(vote.Type == said.Type && vote.View == said.View ? "I6" : "I7",
                    $"{Self} says {Describe(vote)} after {Describe(said)}");
            }
            _spoken.Add(vote);
            Sent.TryAdd(SaidIn(send.Message), send.Message);
        }
    }

    private Said Describe(SignedVote vote) =>
        new(vote.Type, Self, (int)vote.View, _world.NumberOf(vote.BlockHash), (int)vote.PreparedView);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_round")]
    private static extern ref Round RoundOf(ConsensusCore core);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_highest")]
    private static extern ref uint[] HighestOf(ViewSynchroniser viewChanges);
}
