using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// The end of asynchrony: from a state of the model everything that was ever sent reaches the three honest validators, the hostile one
/// falls silent, and timers run as they were set. They must decide: no lock may hold them.
/// </summary>
internal sealed class ModelSettling
{
    private const ulong StatusMs = 1_000;

    /// <summary>By then six views more have timed out, three with an honest leader after the last of the model's.</summary>
    public const ulong BoundMs = 120_000;

    private readonly ModelWorld _world;
    private readonly ModelCore[] _cores;
    private readonly Queue<(int From, int To, ConsensusMessage Message)> _messages = new();
    private readonly ulong[] _due = new ulong[ModelPosition.Honest];
    private readonly SetTimer?[] _armed = new SetTimer?[ModelPosition.Honest];
    private readonly SetTimer?[] _seen = new SetTimer?[ModelPosition.Honest];
    private ulong _nowMs;

    private ModelSettling(ModelWorld world, ModelPosition at, ModelValidator[] validators)
    {
        _world = world;
        _cores = [.. validators.Select((v, i) => v.At(at[i + 1]))];
        foreach (ModelCore core in _cores)
        {
            core.AnswersContent = false;
            core.Outbox.Clear();
            foreach (ConsensusMessage message in core.Sent.Values)
                _messages.Enqueue((core.Self, Send.ToAll, message));
        }
    }

    /// <returns>How long until all have decided, milliseconds.</returns>
    /// <exception cref="InvariantException">They do not decide within <see cref="BoundMs"/>, or not the same.</exception>
    public static ulong Run(ModelWorld world, in ModelPosition at, ModelValidator[] validators)
    {
        var settling = new ModelSettling(world, at, validators);
        return settling.RunAll();
    }

    private ulong RunAll()
    {
        ulong status = StatusMs;
        Deliver();
        while (Array.Exists(_cores, static c => c.Stored is null))
        {
            if (_nowMs > BoundMs)
                throw new InvariantException("I10", $"not decided after {_nowMs} ms: {string.Join("; ", _cores.Select(c => c.Key()))}");
            int first = -1;
            for (int i = 0; i < _cores.Length; i++)
            {
                if (_armed[i] is not null && _cores[i].Stored is null && (first < 0 || _due[i] < _due[first]))
                    first = i;
            }
            if (first >= 0 && _due[first] <= status)
            {
                _nowMs = Math.Max(_nowMs, _due[first]);
                SetTimer timer = _armed[first]!;
                _armed[first] = null;
                _cores[first].Give(new TimerFired(timer.Height, timer.View, timer.Generation));
            }
            else
            {
                _nowMs = status;
                status += StatusMs;
                foreach (ModelCore core in _cores)
                {
                    core.Give(new WorkChanged(true));
                    core.Give(new StatusDue());
                }
            }
            Deliver();
        }
        if (_cores.Select(static c => c.Stored!.Certificate.BlockHash).Distinct().Count() > 1)
            throw new InvariantException("I1", "two blocks are decided");
        return _nowMs;
    }

    private void Deliver()
    {
        do
        {
            foreach (ModelCore core in _cores)
                Collect(core);
            if (!_messages.TryDequeue(out (int From, int To, ConsensusMessage Message) sent))
                return;
            VerifiedMessage? verified = _world.Verify(sent.From, sent.Message);
            foreach (ModelCore core in _cores)
            {
                if (verified is not null && core.Self != sent.From && (sent.To == Send.ToAll || sent.To == core.Self))
                    core.Give(new MessageReceived(verified, ModelWorld.NowMs));
            }
        }
        while (true);
    }

    /// <summary>What a core has begun goes through at once; its timer is noted.</summary>
    private void Collect(ModelCore core)
    {
        while (core.IsSigning || core.IsBuilding)
            core.Apply(new Stimulus(core.IsSigning ? MoveKind.Signed : MoveKind.Built));
        foreach (Send send in core.Outbox)
            _messages.Enqueue((core.Self, send.To, send.Message));
        core.Outbox.Clear();
        int i = core.Self - 1;
        if (core.Timer is { } timer && timer != _seen[i])
        {
            _armed[i] = _seen[i] = timer;
            _due[i] = _nowMs + timer.DelayMs;
        }
    }
}
