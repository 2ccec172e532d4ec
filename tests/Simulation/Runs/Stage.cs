using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What a node takes time for.</summary>
internal enum Work
{
    Sign,
    Build,
    Execute,
    Sync,
    Store,
    Search,
}

/// <summary>
/// What every run has: validators with keys and a ledger to begin with, a virtual clock with what is due on it, the
/// promises watched from outside, and a trace. What is late, lost or done by hand is up to the kind of run.
/// </summary>
internal abstract class Stage : IDisposable
{
    private const ulong UtcBaseMs = 2_000_000;
    private const ulong EventsMax = 3_000_000;

    private readonly PriorityQueue<Action, (ulong At, ulong Sequence)> _events = new();
    private readonly List<SimulatedNode>[] _byValidator;
    private ulong _sequence;
    private ulong _skippedMs;
    private ulong _trace = 0xCBF29CE484222325;

    protected Stage(Scenario scenario)
    {
        Scenario = scenario;
        Rng = new Prng(scenario.Seed);
        Keys = scenario.RealSignatures
            ? EcdsaKeys.Create(scenario.Validators)
            : new SimulatedKeys(scenario.Validators, scenario.Seed);
        Chain = new SimulatedChain(Keys, UtcBaseMs - 1_000, scenario);
        Invariants = new Invariants(this);
        _byValidator = [.. Enumerable.Range(0, scenario.Validators).Select(_ => new List<SimulatedNode>(1))];
    }

    public Scenario Scenario { get; }

    public Prng Rng { get; }

    public ValidatorKeys Keys { get; }

    public SimulatedChain Chain { get; }

    public Invariants Invariants { get; }

    public FaultCounts Faults { get; } = new();

    public ExecutionMemory Execution { get; } = new();

    public Traffic Traffic { get; } = new();

    /// <summary>Where the run is drawn as it goes on; null: nowhere.</summary>
    public MessageChart? Chart { get; set; }

    /// <summary>All processes. Those of twins stand for one validator.</summary>
    public List<SimulatedNode> Nodes { get; } = [];

    /// <summary>Microseconds since the run began.</summary>
    public ulong NowUs { get; private set; }

    /// <summary>The true time.</summary>
    public ulong UtcMs => UtcBaseMs + NowUs / 1_000 + _skippedMs;

    public ulong TraceHash => _trace;

    protected ulong EventsSoFar => _sequence;

    /// <summary>The processes of a validator: one, or two twins.</summary>
    public IReadOnlyList<SimulatedNode> Of(int validator) => _byValidator[validator];

    public void After(ulong delayUs, Action action) => _events.Enqueue(action, (NowUs + delayUs, _sequence++));

    /// <summary>How long a piece of work takes, in microseconds.</summary>
    public abstract ulong Duration(Work work);

    /// <summary>A frame leaves a process for a validator.</summary>
    public abstract void Send(SimulatedNode from, int to, Frame frame);

    /// <summary>A process wants to be woken: by its protocol timer, or for its next status.</summary>
    public abstract void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus);

    /// <summary>A process has died; most are started again.</summary>
    public abstract void Died(SimulatedNode node);

    /// <summary>Hands a core its input.</summary>
    public virtual void Step(ConsensusCore core, ConsensusInput input, List<ConsensusEffect> effects) =>
        core.Step(input, effects);

    /// <summary>Who leads the height after a block.</summary>
    public virtual LeaderOrder LeadersAfter(StoredBlock tip) => tip.NextLeaders;

    /// <summary>A process has staged a journal record.</summary>
    public virtual void OnAppended(SimulatedNode node, ulong record)
    {
    }

    /// <summary>A process has made its journal durable, and has not yet sent what waited for it.</summary>
    public virtual void OnSynced(SimulatedNode node)
    {
    }

    /// <summary>A process does not take a message; None: the bytes are none.</summary>
    public virtual void OnRefused(SimulatedNode node, MessageFailure failure)
    {
    }

    /// <summary>A process asks others for blocks before this one, for a while.</summary>
    public virtual void OnPassedOver(SimulatedNode node, int validator)
    {
    }

    /// <summary>A core has something for its operator.</summary>
    public virtual void OnAlarm(SimulatedNode node, Alarm alarm)
    {
    }

    /// <summary>Mixes something that happened into the trace hash.</summary>
    public void Trace(int node, int kind, ReadOnlySpan<byte> content)
    {
        Mix(NowUs);
        Mix(((ulong)node << 32) | (uint)kind);
        ulong hash = (ulong)content.Length;
        for (; content.Length >= 8; content = content[8..])
            hash = (hash ^ BitConverter.ToUInt64(content)) * 0x9E3779B97F4A7C15;
        foreach (byte b in content)
            hash = (hash ^ b) * 0x100000001B3;
        Mix(hash);
    }

    public void Dispose() => (Keys as IDisposable)?.Dispose();

    protected void Add(SimulatedNode node)
    {
        Nodes.Add(node);
        _byValidator[node.Index].Add(node);
    }

    /// <summary>Does what is due until a time, in microseconds, or until told to stop.</summary>
    /// <param name="untilUs">The time.</param>
    /// <param name="done">Asked every now and then.</param>
    protected void RunUntil(ulong untilUs, Func<bool> done)
    {
        for (ulong steps = 0; _events.TryPeek(out _, out (ulong At, ulong Sequence) next) && next.At <= untilUs; steps++)
        {
            if (steps % 64 == 0 && done())
                return;
            if (_sequence > EventsMax)
                throw new InvariantException("I9", "the run does not end: messages beget messages");
            Action action = _events.Dequeue();
            NowUs = next.At;
            action();
        }
        if (!done())
            NowUs = Math.Max(NowUs, untilUs);
    }

    /// <summary>So much time passes in which nothing happens; protocol timers stand still.</summary>
    protected void Skip(ulong ms) => _skippedMs += ms;

    private void Mix(ulong value) => _trace = ulong.RotateLeft((_trace ^ value) * 0x9E3779B97F4A7C15, 31);
}
