using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// All validators of a ledger with a perfect network and always work to do, but for those that are dead and what the
/// filter drops; time passes only when nothing else happens. Leaders follow from a real leader state, in which those
/// reported are suspended in the next block. Counts the views that cost a timeout.
/// </summary>
internal sealed class Council
{
    private const uint SuspensionHeights = 1_000;
    private const ulong StatusMs = 1_000;

    private readonly Fixture _fixture;
    private readonly uint _k;
    private readonly bool _suspends;
    private readonly ConsensusCore[] _cores;
    private readonly MessageVerifier _verifier;
    private readonly Queue<(int To, ConsensusInput Input)> _inputs = [];
    private readonly PriorityQueue<(int Node, SetTimer Timer), (ulong Due, int Node)> _timers = new();
    private readonly List<LeaderState> _states;
    private readonly List<ReportLeader> _reports = [];
    private readonly List<BlockHeader> _chain;
    private readonly List<Certificate?> _certificates = [null];
    private ulong _statusDueMs = StatusMs;
    private byte _salt;

    public Council(int n, uint k, bool suspends)
    {
        _fixture = new Fixture(n);
        _k = k;
        _suspends = suspends;
        _verifier = new MessageVerifier(_fixture.Config(0), _fixture.Keys);
        _chain = [_fixture.Genesis];
        _states = [LeaderSchedule.Founded(_fixture.Keys.Set)];
        _cores = [.. Enumerable.Range(0, n).Select(i => new ConsensusCore(
            _fixture.Config(i), _fixture.Genesis, null, LeadersAfter(0), JournalContents.None))];
        for (int i = 0; i < n; i++)
        {
            Give(i, new Start((ulong)i + 1));
            Give(i, new WorkChanged(true));
        }
    }

    /// <summary>These neither hear nor say anything.</summary>
    public HashSet<int> Dead { get; } = [];

    /// <summary>Whether a message gets through.</summary>
    public Func<int, int, ConsensusMessage, bool> Passes { get; set; } = static (_, _, _) => true;

    /// <summary>Heights and views that a validator left because its timer ran out.</summary>
    public SortedSet<(ulong Height, uint View)> TimedOut { get; } = [];

    public ulong NowMs { get; private set; }

    public ulong Height => (ulong)_chain.Count - 1;

    /// <summary>The index of who proposed the newest block.</summary>
    public int Proposer => _chain[^1].Proposer;

    public int Leader => LeadersAfter(Height).Leader(0);

    public LeaderState State => _states[^1];

    /// <summary>Goes on until all that live have this height.</summary>
    public void RunTo(ulong height)
    {
        for (int steps = 0; !IsReached(height); steps++)
        {
            if (steps > 200_000)
                throw new InvalidOperationException($"Nothing comes of height {Height + 1}.");
            if (_inputs.TryDequeue(out (int To, ConsensusInput Input) next))
                Step(next.To, next.Input);
            else if (_timers.TryPeek(out _, out (ulong Due, int) first) && first.Due <= _statusDueMs)
                Fire();
            else
                Tick();
        }
    }

    private bool IsReached(ulong height)
    {
        for (int i = 0; i < _cores.Length; i++)
        {
            if (_cores[i].Height <= height && !Dead.Contains(i))
                return false;
        }
        return true;
    }

    private void Fire()
    {
        _timers.TryDequeue(out (int Node, SetTimer Timer) timer, out (ulong Due, int) at);
        NowMs = at.Due;
        Step(timer.Node, new TimerFired(timer.Timer.Height, timer.Timer.View, timer.Timer.Generation));
    }

    private void Tick()
    {
        NowMs = _statusDueMs;
        _statusDueMs += StatusMs;
        for (int node = 0; node < _cores.Length; node++)
            Give(node, new StatusDue());
    }

    private LeaderOrder LeadersAfter(ulong height) => LeaderSchedule.Next(_states[(int)height], height, _k);

    private void Give(int to, ConsensusInput input) => _inputs.Enqueue((to, input));

    private void Step(int node, ConsensusInput input)
    {
        if (Dead.Contains(node))
            return;
        var effects = new List<ConsensusEffect>();
        _cores[node].Step(input, effects);
        foreach (ConsensusEffect effect in effects)
            Perform(node, effect);
    }

    private void Perform(int node, ConsensusEffect effect)
    {
        switch (effect)
        {
            case Send e:
                for (int to = 0; to < _cores.Length; to++)
                {
                    if (to != node && (e.To == Send.ToAll || e.To == to))
                        Deliver(node, to, e.Message);
                }
                break;
            case RequestSignature e:
                Give(node, new Signed(e.RequestId, _fixture.Keys.Sign(node, e.Vote.SigningDigest())));
                break;
            case SetTimer e:
                _timers.Enqueue((node, e), (NowMs + e.DelayMs, node));
                break;
            case BuildProposal e:
                Give(node, new ProposalBuilt(e.Height, e.View, _fixture.Block(node, _salt++, _chain[(int)e.Height - 1])));
                break;
            case CheckBlock e:
                Give(node, new BlockChecked(e.Block.Hash, BlockFault.None));
                break;
            case CommitBlock e:
                Store(node, e);
                break;
            case NeedBlocks e:
                for (ulong height = _cores[node].Height; height <= Math.Min(e.UpToHeight, Height); height++)
                    Give(node, new BlockStored(_chain[(int)height], _certificates[(int)height]!, LeadersAfter(height)));
                Give(node, new WorkChanged(true));
                break;
            case ViewLeft { Cause: ViewCause.Timeout } e:
                TimedOut.Add((e.Height, e.View));
                break;
            case ReportLeader e:
                _reports.Add(e);
                break;
        }
    }

    private void Deliver(int from, int to, ConsensusMessage message)
    {
        if (!Passes(from, to, message))
            return;
        if (_verifier.Verify(from, message, 0, out VerifiedMessage? verified) == MessageFailure.None)
            Give(to, new MessageReceived(verified!, _chain[^1].TimestampMs));
    }

    private void Store(int node, CommitBlock commit)
    {
        BlockHeader header = commit.Block.Header;
        if (header.Height == Height + 1)
        {
            _chain.Add(header);
            _certificates.Add(commit.Certificate);
            _states.Add(StateAfter(header));
        }
        else if (_chain[(int)header.Height].Hash != header.Hash)
            throw new InvalidOperationException($"Two blocks at height {header.Height}.");
        Give(node, new BlockStored(header, commit.Certificate, LeadersAfter(header.Height)));
        Give(node, new WorkChanged(true));
    }

    /// <summary>With what was reported about the heights before suspended, as its transaction in this block would.</summary>
    private LeaderState StateAfter(BlockHeader header)
    {
        LeaderState current = _states[^1].Clone();
        foreach (ReportLeader report in _reports)
        {
            string department = current.Departments[report.Leader];
            if (_suspends && SuspensionRules.FindAnswer(current, department, report.Height) is null
                && LeaderSchedule.SuspendedAt(current, header.Height + 1) < Quorum.Faulty(_cores.Length))
            {
                current.Suspensions.Add(new LeaderSuspension
                {
                    Department = department,
                    FirstHeight = header.Height + 1,
                    LastHeight = header.Height + SuspensionHeights,
                });
            }
        }
        _reports.Clear();
        return LeaderSchedule.After(_states[^1], current, header.Height, _fixture.Keys.Set[header.Proposer].Department, _k);
    }
}
