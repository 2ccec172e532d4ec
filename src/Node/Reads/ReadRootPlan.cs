using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Protos.V1;

namespace GovChain.Node.Reads;

/// <summary>How a read log stands to the newest root of its department on the ledger.</summary>
/// <param name="Newest">That root; null: none was posted.</param>
/// <param name="IsHeld">Whether the log holds what that root says; true where there is none.</param>
/// <param name="End">Where the log is.</param>
internal readonly record struct ReadLogStanding(ReadRootState? Newest, bool IsHeld, ReadChain End)
{
    /// <summary>Entries of this log that the ledger has a root over.</summary>
    public ulong Covered => IsHeld ? Newest?.LastEntry ?? 0 : 0;

    /// <summary>Entries that came since.</summary>
    public ulong Uncovered => End.Count - Math.Min(End.Count, Covered);
}

/// <summary>When the root of a read log is to be posted, and which (docs/PROTOCOL.md, "Read-log roots"). No clock, no I/O.</summary>
/// <param name="every">From one root to the next, where there are new entries.</param>
internal sealed class ReadRootPlan(TimeSpan every)
{
    /// <summary>New entries with which it does not wait for the day: what a department could still write anew.</summary>
    public const ulong EntriesMax = 10_000;

    private readonly ulong _everyMs = Math.Max((ulong)every.TotalMilliseconds, ReadRootRules.LeastIntervalMs);

    /// <summary>The root that is due; null for none. The first is due with the first entry, and one that tells of a new log, or of very many
    /// entries, as soon as the ledger takes it.</summary>
    /// <param name="log">How the log stands.</param>
    /// <param name="nowMs">UTC milliseconds.</param>
    public PostReadRoot? Due(in ReadLogStanding log, ulong nowMs)
    {
        if (log.Uncovered == 0)
            return null;
        if (log.Newest is { } newest)
        {
            ulong waitMs = !log.IsHeld || log.Uncovered >= EntriesMax ? ReadRootRules.LeastIntervalMs : _everyMs;
            if (nowMs < newest.RecordedAtMs + waitMs)
                return null;
        }
        return new PostReadRoot
        {
            Number = (log.Newest?.Number ?? 0) + 1,
            FirstEntry = log.Covered + 1,
            LastEntry = log.End.Count,
            Head = Google.Protobuf.ByteString.CopyFrom(log.End.Head.Span),
        };
    }

    /// <summary>Whether a root has been due for as long as lies between two of them.</summary>
    /// <param name="log">How the log stands.</param>
    /// <param name="firstMs">When its first entry without a root was written, UTC milliseconds.</param>
    /// <param name="nowMs">UTC milliseconds.</param>
    public bool IsOverdue(in ReadLogStanding log, ulong firstMs, ulong nowMs) =>
        log.Uncovered > 0 && nowMs >= Math.Max(firstMs, log.Newest is { } newest ? newest.RecordedAtMs + _everyMs : 0) + _everyMs;
}
