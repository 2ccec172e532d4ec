namespace GovChain.Tests.Simulation;

/// <summary>A validator's two clocks: the wall clock, which may be off and jump, and the timers, which may drift.</summary>
internal sealed class NodeClock(int offsetMs, int driftPerMille)
{
    private int _jumpMs;

    /// <summary>The wall clock is wrong beyond what honest clocks differ by.</summary>
    public bool HasJumped => _jumpMs != 0;

    /// <summary>The wall clock when the true time is <paramref name="utcMs"/>.</summary>
    public ulong Wall(ulong utcMs) => (ulong)Math.Max(1, (long)utcMs + offsetMs + _jumpMs);

    /// <summary>How long a timer of so many milliseconds really takes, in microseconds.</summary>
    public ulong TimerUs(ulong delayMs) => delayMs * (ulong)(1_000 + driftPerMille);

    /// <summary>The wall clock jumps; 0 sets it right.</summary>
    public void JumpTo(int jumpMs) => _jumpMs = jumpMs;
}
