namespace GovChain.Consensus;

/// <summary>Timeouts of views, and the time a fresh proposal may carry. Pure arithmetic that never overflows.</summary>
public static class TimeRules
{
    // 5 s * 1.1^200 is 30 years: beyond, the rule binds nobody.
    private const uint GrowthViewsMax = 200;

    /// <summary>min(base * 2^view, cap), in milliseconds.</summary>
    public static ulong TimeoutMs(ConsensusParameters parameters, uint view)
    {
        ulong timeout = parameters.BaseTimeoutMs;
        for (uint v = 0; v < view && timeout < parameters.TimeoutCapMs; v++)
            timeout *= 2;
        return Math.Min(timeout, parameters.TimeoutCapMs);
    }

    /// <summary>MSGDELAY(view): grows by a tenth with each view, so that a bad estimate cannot halt the chain.</summary>
    public static ulong MessageDelayMs(ConsensusParameters parameters, uint view)
    {
        ulong delay = parameters.MessageDelayMs;
        for (uint v = 0; v < Math.Min(view, GrowthViewsMax); v++)
            delay += Math.Max(delay / 10, 1);
        return delay;
    }

    /// <summary>
    /// Whether a fresh proposal's time is above its parent's, at most PRECISION ahead of the receiver's clock and at
    /// most PRECISION + MSGDELAY(view) behind it. All in UTC milliseconds.
    /// </summary>
    public static bool IsTimely(
        ulong headerMs, ulong parentMs, ulong receivedMs, uint view, ConsensusParameters parameters)
    {
        if (headerMs <= parentMs)
            return false;
        if (headerMs > receivedMs)
            return headerMs - receivedMs <= parameters.TimePrecisionMs;
        return receivedMs - headerMs <= parameters.TimePrecisionMs + MessageDelayMs(parameters, view);
    }
}
