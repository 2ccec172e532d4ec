using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Plays a transcript over the production code: nothing is delivered, no timer runs out and no status is due unless a
/// line says so; what a node does by itself takes no time. All invariants are watched as in any run.
/// </summary>
internal sealed partial class ScriptedRun : Stage
{
    // No time passes while messages are delivered, so none ends what they cause. A line of any transcript takes some hundreds.
    private const int DeliveriesMax = 10_000;

    private readonly List<(SimulatedNode From, int To, Frame Frame)> _pending = [];
    private readonly List<(SimulatedNode From, ConsensusMessage Message)> _sent = [];
    private readonly List<(SimulatedNode Node, MessageFailure Failure)> _refused = [];
    private readonly List<(SimulatedNode Node, AlarmCode Code)> _alarms = [];
    private readonly List<(SimulatedNode Node, int Validator)> _passedOver = [];
    private readonly Dictionary<(SimulatedNode Node, int Validator), ulong> _asked = []; // the newest question for blocks
    private readonly HashSet<(int From, int To)> _cut = [];
    private readonly Dictionary<SimulatedNode, Action> _status = [];
    private readonly Dictionary<SimulatedNode, List<(Action Fire, ulong DelayMs)>> _timers = [];
    private readonly Dictionary<string, ProposedBlock> _blocks = [];
    private readonly Dictionary<string, Transaction> _transactions = [];
    private readonly Dictionary<SimulatedNode, (ulong Record, bool Durable)> _crashAt = [];
    private readonly Dictionary<SimulatedNode, (byte[]? Journal, ulong Height)> _copies = [];
    private readonly Dictionary<Work, ulong> _takesUs = [];

    private ScriptedRun(Scenario scenario, IReadOnlyList<int> puppets)
        : base(scenario)
    {
        for (int i = 0; i < scenario.Validators; i++)
            Add(new SimulatedNode(this, i, i, scenario.Faulty.GetValueOrDefault(i, NodeKind.Honest), new NodeClock(0, 0)));
        foreach ((int i, NodeKind kind) in scenario.Faulty.Where(static f => f.Value == NodeKind.Twin))
            Add(new SimulatedNode(this, Nodes.Count, i, kind, new NodeClock(0, 0)));
        Puppets = [.. puppets];
    }

    /// <summary>Hostile validators: no process runs, their messages are forged line by line.</summary>
    private HashSet<int> Puppets { get; }

    private IEnumerable<SimulatedNode> Processes => Nodes.Where(n => !Puppets.Contains(n.Index));

    /// <summary>Plays all lines.</summary>
    /// <exception cref="TranscriptException">A line is not what happens, or cannot be read: it is named.</exception>
    public static void Play(Transcript transcript, MessageChart? chart = null)
    {
        var lines = new Queue<TranscriptLine>(transcript.Lines);
        using ScriptedRun run = Prepare(lines);
        run.Chart = chart;
        chart?.Begin(run);
        TranscriptLine current = default;
        try
        {
            run.Begin();
            while (lines.TryDequeue(out current))
            {
                chart?.Note(current.Text);
                run.Do(new WordReader(current));
            }
        }
        catch (Exception e) when (e is TranscriptException or InvariantException or InvalidOperationException
            or ArgumentException or KeyNotFoundException or NullReferenceException)
        {
            throw new TranscriptException($"{transcript.Name}, line {current.Number}, '{current.Text}': "
                + (e is TranscriptException or InvariantException ? e.Message : e.ToString()));
        }
    }

    public override ulong Duration(Work work) => _takesUs.GetValueOrDefault(work);

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        if (frame is ConsensusFrame { Message: { } message } && !_sent.Contains((from, message)))
            _sent.Add((from, message));
        if (frame is BlockRequest asked)
            _asked[(from, to)] = asked.Id;
        if (_cut.Contains((from.Index, to)))
            Chart?.Lost(from, Of(to)[0], frame, "cut");
        else
            _pending.Add((from, to, frame));
    }

    public override void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus)
    {
        if (isStatus)
        {
            _status[node] = action;
            return;
        }
        if (!_timers.TryGetValue(node, out List<(Action, ulong)>? timers))
            _timers.Add(node, timers = []);
        timers.Add((action, delayUs / 1_000));
    }

    public override void Died(SimulatedNode node)
    {
    }

    public override void OnAppended(SimulatedNode node, ulong record)
    {
        if (_crashAt.TryGetValue(node, out (ulong Record, bool Durable) at) && !at.Durable && at.Record <= record)
            CrashNow(node);
    }

    public override void OnSynced(SimulatedNode node)
    {
        if (_crashAt.TryGetValue(node, out (ulong Record, bool Durable) at) && at.Record <= node.DurableRecord)
            CrashNow(node);
    }

    public override void OnRefused(SimulatedNode node, MessageFailure failure) => _refused.Add((node, failure));

    public override void OnPassedOver(SimulatedNode node, int validator) => _passedOver.Add((node, validator));

    public override void OnAlarm(SimulatedNode node, Alarm alarm) => _alarms.Add((node, alarm.Code));

    private static ScriptedRun Prepare(Queue<TranscriptLine> lines)
    {
        int nodes = 4;
        int[] puppets = [];
        var faulty = new Dictionary<int, NodeKind>();
        uint leaderBlocksMax = 256;
        bool changes = false;
        ConsensusParameters parameters = Scenario.WithoutFaults(1).Parameters;
        while (lines.TryPeek(out TranscriptLine line))
        {
            var words = new WordReader(line);
            switch (words.Next())
            {
                case "nodes":
                    nodes = words.Number();
                    break;
                case "hostile":
                    puppets = [.. words.List().Select(int.Parse)];
                    Array.ForEach(puppets, i => faulty[i] = NodeKind.Hostile);
                    break;
                case "forgetful":
                    Array.ForEach(words.List(), i => faulty[int.Parse(i)] = NodeKind.Forgetful);
                    break;
                case "twins":
                    faulty[words.Number()] = NodeKind.Twin;
                    break;
                case "changes":
                    changes = true;
                    break;
                case "leader-blocks":
                    leaderBlocksMax = (uint)words.Number();
                    break;
                case "cap":
                    parameters = parameters with { TimeoutCapMs = (ulong)words.Number() };
                    break;
                default:
                    return new ScriptedRun(
                        Scenario.WithoutFaults(nodes) with
                        {
                            Faulty = faulty,
                            Changes = changes,
                            Parameters = parameters,
                            LeaderBlocksMax = leaderBlocksMax,
                        },
                        puppets);
            }
            words.End();
            lines.Dequeue();
        }
        throw new TranscriptException("nothing is done");
    }

    /// <summary>All start, and are told by the others that they have forgotten nothing.</summary>
    private void Begin()
    {
        foreach (SimulatedNode node in Processes)
            node.Start();
        Settle();
        foreach (int puppet in Puppets)
        {
            foreach ((SimulatedNode from, ConsensusMessage message) in _sent.ToArray())
            {
                if (message is RecallRequest asked)
                    _pending.Add((Of(puppet)[0], from.Index, Frame(new RecallResponse(asked.Token, null))));
            }
        }
        Deliver(_ => true);
        _sent.Clear();
    }

    /// <summary>Does all that nodes do by themselves now.</summary>
    private void Settle() => RunUntil(NowUs, () => false);

    private void Deliver(Predicate<(SimulatedNode From, int To, Frame Frame)> selected)
    {
        for (int delivered = 0; _pending.FindIndex(selected) is >= 0 and int next; delivered++)
        {
            if (delivered == DeliveriesMax)
                throw new InvariantException("I9", "the line does not end: messages beget messages");
            (SimulatedNode from, int to, Frame frame) = _pending[next];
            _pending.RemoveAt(next);
            foreach (SimulatedNode target in Of(to).Where(n => !Puppets.Contains(n.Index)))
            {
                Chart?.Delivered(from, target, frame);
                target.Receive(from.Index, frame);
            }
            Settle();
        }
    }

    private void CrashNow(SimulatedNode node)
    {
        _crashAt.Remove(node);
        node.Crash();
    }

    private static ConsensusFrame Frame(ConsensusMessage message) => new(ConsensusMessageCodec.Encode(message));

    /// <summary>A process by its name: its validator's index, and "b" behind it for the second of twins.</summary>
    private SimulatedNode Node(string name)
    {
        bool second = name.EndsWith('b');
        return int.TryParse(name.AsSpan(0, name.Length - (second ? 1 : 0)), out int index)
            && index >= 0 && index < Scenario.Validators && Of(index).Count > (second ? 1 : 0)
            ? Of(index)[second ? 1 : 0]
            : throw new TranscriptException($"there is no node '{name}'");
    }

    private List<SimulatedNode> NodesIn(WordReader words) =>
        words.Take("all") ? [.. Processes] : [.. words.List().Select(Node)];

    private ProposedBlock Block(string name) =>
        _blocks.TryGetValue(name, out ProposedBlock? block) ? block : throw new TranscriptException($"no block is named '{name}'");
}
