using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// The protocol of one validator as a deterministic state machine: inputs in, effects out (docs/PROTOCOL.md). No clock,
/// no I/O, no waiting; one thread owns it. Nothing that came from outside makes it throw; an input that the driver
/// should never give does.
/// </summary>
/// <remarks>
/// Effects are appended in the order in which the driver must begin them. A journal record always precedes the sends
/// that need it, and those name it.
/// </remarks>
public sealed partial class ConsensusCore
{
    // A mark makes all earlier records needless; pruning every so many keeps the journal short and the rewriting rare.
    private const ulong PruneEveryHeights = 64;

    private readonly ConsensusConfig _config;
    private readonly ValidatorSet _set;
    private readonly int _self;
    private readonly int _quorum;
    private readonly Dictionary<ulong, Action<Signature>> _signing = [];
    private readonly PeerTick[] _answered;

    private List<ConsensusEffect> _effects = [];
    private Abstention _abstention;
    private bool _started;
    private bool _draining;
    private bool _halted;
    private BlockHeader _tip;
    private Certificate? _tipCertificate;
    private LeaderOrder _leaders;
    private Round _round;
    private Inbox _next;
    private ulong _journalNext;
    private ulong _lastRequest;
    private ulong _timerGeneration;
    private bool _timerArmed;
    private bool _hasWork;
    private ulong _syncTarget;
    private uint _hint;

    /// <summary>A core that goes on from what is durable.</summary>
    /// <param name="config">Chain, validators, own index, parameters.</param>
    /// <param name="tip">The newest header in the ledger.</param>
    /// <param name="tipCertificate">Its certificate; null only at genesis.</param>
    /// <param name="nextLeaders">Who leads the height after it.</param>
    /// <param name="journal">The vote journal as found.</param>
    /// <param name="evidence">All that earlier starts reported; null for none.</param>
    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    public ConsensusCore(
        ConsensusConfig config, BlockHeader tip, Certificate? tipCertificate, LeaderOrder nextLeaders, JournalContents journal,
        IReadOnlyList<Evidence>? evidence = null)
    {
        if (config.Self < ConsensusConfig.Observer || config.Self >= config.Validators.Count)
            throw new ArgumentException("No index of the validator set, nor an observer's.", nameof(config));
        if (tip.NextEpoch != config.Epoch)
            throw new ArgumentException("The tip belongs to another epoch.", nameof(tip));
        if (tip.ChainId != config.ChainId || tip.NextValidatorSetHash != config.Validators.Hash)
            throw new ArgumentException("The tip belongs to another chain or validator set.", nameof(tip));
        if ((tipCertificate is null) != (tip.Height == 0))
            throw new ArgumentException("Every header but the first has a certificate.", nameof(tipCertificate));
        _config = config;
        _set = config.Validators;
        _self = config.Self;
        _quorum = _set.QuorumSize;
        _answered = new PeerTick[_set.Count];
        _tip = tip;
        _tipCertificate = tipCertificate;
        _leaders = nextLeaders;
        _journalNext = journal.NextIndex;
        _next = new Inbox(config);
        _round = new Round(tip.Height + 1, new Inbox(config), _set.Count);
        _found = JournalReplay.Apply(journal, tip, config, _round);
        _askedAbove = _found.OpenRecall ?? tip.Height;
        _abstention = _found.Abstention;
        _seen = new SignedVote?[_set.Count];
        _book = new EvidenceBook(config, [.. (evidence ?? []).Where(e => e.Epoch == config.Epoch)]);
        _evidenceGiven = new int[_set.Count];
        if (!config.IsObserver)
            _round.ViewChanges.Learn(_self, _round.View);
    }

    /// <summary>The height in progress.</summary>
    public ulong Height => _round.Height;

    /// <summary>The view in progress.</summary>
    public uint View => _round.View;

    /// <summary>The index of the leader of the view in progress.</summary>
    public int Leader => LeaderOf(_round.View);

    /// <summary>Who leads the views of the height in progress.</summary>
    public LeaderOrder Leaders => _leaders;

    /// <summary>This node has no vote in this epoch.</summary>
    public bool IsObserver => _config.IsObserver;

    /// <summary>Why this node does not vote; None when it does.</summary>
    public AbstainReason Abstaining => _abstention.Reason;

    /// <summary>The height at which this node votes again; 0 when it votes, or does not know it yet.</summary>
    public ulong VotesAgainAt => _abstention.VotesAgainAt;

    private bool CanVote => !_config.IsObserver && _abstention.IsNone && _recall is null && !_draining;

    private ulong LastJournal => _journalNext - 1;

    /// <summary>Takes one input and appends what must be done to <paramref name="effects"/>.</summary>
    /// <exception cref="InvalidOperationException">The driver broke the contract: no <see cref="Start"/> first, a gap
    /// in the stored blocks, a built proposal that does not stand on the tip.</exception>
    public void Step(ConsensusInput input, List<ConsensusEffect> effects)
    {
        if (_started == input is Start)
            throw new InvalidOperationException("Start is the first input, once.");
        if (_halted)
            return;
        _effects = effects;
        switch (input)
        {
            case Start i:
                OnStart(i.Token);
                break;
            case MessageReceived i:
                OnMessage(i.Message, i.UtcMs);
                break;
            case TimerFired i:
                OnTimer(i);
                break;
            case WorkChanged i:
                _hasWork = i.HasWork;
                ArmTimer();
                TryLead();
                break;
            case Complaint i:
                if (i.Height == _round.Height && i.View == _round.View)
                    LeaveView(ViewCause.Complaint, i.Detail);
                break;
            case ProposalBuilt i:
                OnProposalBuilt(i);
                break;
            case BlockChecked i:
                OnBlockChecked(i.BlockHash, i.Fault);
                break;
            case Signed i:
                if (_signing.Remove(i.RequestId, out Action<Signature>? then))
                    then(i.Signature);
                break;
            case BlockStored i:
                OnBlockStored(i);
                break;
            case SignerFound i:
                OnSignerFound(i);
                break;
            case StatusDue:
                OnStatusDue();
                break;
            case Drain:
                _draining = true;
                _signing.Clear();
                StopTimer();
                break;
            default:
                throw new InvalidOperationException($"Unknown input {input.GetType().Name}.");
        }
    }

    private void OnStart(ulong token)
    {
        _started = true;
        // A crash may have come between the newest block and its mark; the next block must not make that two.
        if (_tip.Height > 0 || !_abstention.IsNone)
            Append(new StoredMark(_tip.Height, _tip.Hash, _abstention));
        if (!_abstention.IsNone)
            _effects.Add(new Alarm(AlarmCode.Abstaining, _abstention.Explain()));
        if (_round.Proposal is { } proposal && _round.Find(proposal.Block.Hash) is { } candidate)
            Check(candidate, proposal.Signer);
        WitnessOwn();
        if (_round.Proposal is { } accepted)
            KeepJustification(accepted);
        StartRecall(token);
        SendNewest(Send.ToAll);
        SendStatus(Send.ToAll);
        ArmTimer();
        TryDecideAny();
        TryLead();
    }

    private void OnBlockStored(BlockStored stored)
    {
        BlockHeader header = stored.Header;
        if (header.Height <= _tip.Height)
            return;
        if (header.Height != _round.Height || header.ParentHash != _tip.Hash)
            throw new InvalidOperationException(
                $"Block {header.Height} was stored on a ledger whose tip is {_tip.Height}.");
        See(stored.Certificate);
        _tookPart |= _round.OwnCommit is not null;
        StopTimer();
        _signing.Clear();
        ReportLeaders(stored.Certificate);
        _tip = header;
        _tipCertificate = stored.Certificate;
        _leaders = stored.NextLeaders;
        _hasWork = false;
        if (_recall is null && !_abstention.IsNone && _abstention.AllowsAt(header.Height + 1))
            EndAbstention();
        ulong mark = Append(new StoredMark(header.Height, header.Hash, _abstention));
        if (header.Height % PruneEveryHeights == 0 && _recall is null)
        {
            // A question that begins anew must not be about heights whose votes this journal no longer holds. They are decided.
            _askedAbove = header.Height;
            if (_config.IsObserver)
                LeaveOpen();
            _effects.Add(new PruneJournal(mark));
        }
        if (header.NextValidatorSetHash != _set.Hash)
            EndEpoch(header.Height);
        else
            BeginHeight();
    }

    /// <summary>
    /// Takes no more input. A validator that has come this far without a vote of its own may have been wiped, and those it
    /// asked may all have been as far behind: the next epoch asks its validators about the same heights again.
    /// </summary>
    private void EndEpoch(ulong height)
    {
        if (!_tookPart)
            LeaveOpen();
        _halted = true;
        _effects.Add(new EpochEnded(height));
    }

    private void BeginHeight()
    {
        Inbox inbox = _next;
        _next = new Inbox(_config);
        _round = new Round(_tip.Height + 1, inbox, _set.Count);
        FollowViewChanges();
        NoteLeft(_round.View);
        foreach ((ProposeMessage? proposal, ulong utcMs) in inbox.Proposals)
        {
            if (proposal is not null)
                OnPropose(proposal.Signer, proposal, utcMs);
        }
        TryDecideAny();
        ArmTimer();
        TryLead();
    }

    private void TryDecideAny()
    {
        foreach (VoteMessage commit in _round.Votes.Commits())
            TryDecide(commit.View, commit.BlockHash);
    }

    private int LeaderOf(uint view) => _leaders.Leader(view);

    private ulong Append(JournalRecord record, ProposedBlock? bodies = null)
    {
        ulong index = _journalNext++;
        _effects.Add(new AppendJournal(index, JournalCodec.Encode(record), bodies));
        return index;
    }

    private void SendTo(int to, ConsensusMessage message, ulong afterJournal)
    {
        // One that votes alone speaks all the same: observers may listen. An observer tells what is decided: of the block
        // that removed it, it may be the only one to know, and without it the others may be no quorum.
        bool mayTell = !_config.IsObserver || message is DecidedMessage;
        if (mayTell && to != _self)
            _effects.Add(new Send(to, message, afterJournal));
    }

    /// <summary>
    /// Asks for a signature, unless something else was signed in its place: then the node halts, since its journal or its
    /// code is wrong.
    /// </summary>
    private void Sign(Vote vote, Action<Signature> then)
    {
        if (!_round.Guard.TryReserve(vote))
        {
            Halt($"Refused to sign a second {vote.Type} at height {vote.Height}, view {vote.View}.");
            return;
        }
        ulong id = ++_lastRequest;
        _signing.Add(id, then);
        _effects.Add(new RequestSignature(id, vote));
    }

    private Vote VoteOn(VoteType type, Digest hash) =>
        new(type, _config.ChainId, _config.Epoch, _round.Height, _round.View, hash);

    private VoteMessage OwnVote(VoteType type, Digest hash, Signature signature) =>
        new(type, _config.Epoch, _round.Height, _round.View, hash, (ushort)_self, signature);

    private void Halt(string reason)
    {
        _halted = true;
        _effects.Add(new Fatal(reason));
    }
}
