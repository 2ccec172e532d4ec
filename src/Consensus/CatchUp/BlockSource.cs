namespace GovChain.Consensus;

/// <summary>
/// What one that is asked for blocks has shown: how long it takes for one, how many come in time, and whether others are asked before it.
/// It stays what it is when an epoch ends.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
public sealed class BlockSource
{
    private const int QuickPart = 4;

    private readonly Pace _pace = new();
    private ulong? _passedOverSinceMs;
    private long _waitedUs = CatchUp.LetWaitUs; // at least: less is no wait

    /// <summary>
    /// Blocks to ask it for at once, 1 to <see cref="CatchUp.RangeBlocks"/>: half as many where none came, as the line may be too slow for
    /// more, and twice as many where they came in less than a quarter of the time for which they are waited for. Each has its own: who
    /// keeps silent makes nobody else give less.
    /// </summary>
    public int Range { get; private set; } = CatchUp.RangeBlocks;

    /// <summary>Microseconds a block, less the longer ago it answered (<see cref="Pace"/>); 0 where it was not tried yet.</summary>
    /// <param name="nowMs">A clock that does not jump.</param>
    public long PaceAt(ulong nowMs) => _pace.At(nowMs);

    /// <summary>Since when others are asked before it; null where they are not.</summary>
    /// <param name="nowMs">A clock that does not jump.</param>
    public ulong? PassedOverSince(ulong nowMs) => _passedOverSinceMs is { } since && nowMs - since < CatchUp.PassedOverMs ? since : null;

    /// <summary>For a while others are asked before it.</summary>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void PassOver(ulong nowMs) => _passedOverSinceMs = nowMs;

    /// <summary>It gave blocks.</summary>
    /// <param name="asked">The question, with what came.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Gave(BlocksQuestion asked, ulong nowMs)
    {
        _pace.Take(asked.TookUs / asked.Answer!.Blocks.Count, nowMs);
        if (asked.TookUs < _waitedUs / QuickPart)
            Range = Math.Min(CatchUp.RangeBlocks, 2 * asked.Count);
    }

    /// <summary>It gave none, whosever fault that is.</summary>
    /// <param name="asked">The question, with what came.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void GaveNone(BlocksQuestion asked, ulong nowMs)
    {
        _pace.Take(asked.TookUs, nowMs);
        if (asked.Answer is not null)
            return;
        _waitedUs = Math.Max(_waitedUs, asked.TookUs);
        Range = Math.Max(1, asked.Count / 2);
    }
}

/// <summary>All that were asked for blocks, each by what tells it from the others.</summary>
/// <remarks>Belongs to one caller at a time.</remarks>
public sealed class BlockSources<TKey> where TKey : notnull
{
    private readonly Dictionary<TKey, BlockSource> _known = [];

    /// <summary>One of them; whoever was not asked yet has shown nothing.</summary>
    public BlockSource Of(TKey key) => _known.TryGetValue(key, out BlockSource? known) ? known : _known[key] = new BlockSource();
}
