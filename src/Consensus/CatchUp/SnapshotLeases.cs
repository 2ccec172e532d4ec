namespace GovChain.Consensus;

/// <summary>
/// Which snapshots of its ledger a node holds for others, and for how long. Bounded in number and in time: a snapshot costs
/// next to nothing while it is new, and only one that somebody asks for is kept on, from the first question for a
/// while.
/// </summary>
/// <remarks>Belongs to one caller at a time. Owns the views.</remarks>
/// <param name="fetchMs">How long whoever begins may ask for parts, milliseconds: one that is asked for is given to others to begin with for
/// half as long, and kept for half as long again.</param>
public sealed class SnapshotLeases<TView>(ulong fetchMs) : IDisposable
    where TView : class, IDisposable
{
    /// <summary>Snapshots that are kept unasked: the newest.</summary>
    public const int RecentMax = 2;

    /// <summary>Snapshots that are kept because somebody fetches them.</summary>
    public const int LeasesMax = 2;

    private readonly List<Kept> _kept = [];

    /// <summary>Nothing is held.</summary>
    public bool IsEmpty => _kept.Count == 0;

    private ulong NamedMs => fetchMs / 2;

    private ulong KeptMs => NamedMs + fetchMs;

    private int Leases => _kept.Count(static k => k.SinceMs is not null);

    /// <summary>Takes a snapshot over; it is let go of at once where one as new is held.</summary>
    public void Add(ulong height, TView view, ulong nowMs)
    {
        if (_kept.Exists(k => k.Height >= height))
        {
            view.Dispose();
            return;
        }
        _kept.Add(new Kept(height, view));
        Sweep(nowMs);
    }

    /// <summary>The heights to begin to fetch at, newest last. One that has been asked for for long is not named, though nothing be: whoever
    /// begins has the whole time of a fetch, so that nobody who chooses when leases begin keeps others from one.</summary>
    public IReadOnlyList<ulong> Held(ulong nowMs)
    {
        Sweep(nowMs);
        bool room = Leases < LeasesMax;
        return [.. _kept.Where(k => k.SinceMs is { } since ? nowMs - since < NamedMs : room).Select(static k => k.Height)];
    }

    /// <summary>The snapshot at a height, which stays this object's; null if it is not held, or cannot be kept on.</summary>
    public TView? TryTake(ulong height, ulong nowMs)
    {
        Sweep(nowMs);
        if (_kept.Find(k => k.Height == height) is not { } kept || (kept.SinceMs is null && Leases >= LeasesMax))
            return null;
        kept.SinceMs ??= nowMs;
        return kept.View;
    }

    /// <summary>Lets go of what is over.</summary>
    public void Sweep(ulong nowMs)
    {
        int recent = _kept.Count - Leases;
        for (int i = 0; i < _kept.Count;)
        {
            bool isOver = _kept[i].SinceMs is { } since ? nowMs - since >= KeptMs : recent-- > RecentMax;
            if (!isOver)
            {
                i++;
                continue;
            }
            _kept[i].View.Dispose();
            _kept.RemoveAt(i);
        }
    }

    /// <summary>Lets go of all.</summary>
    public void Dispose()
    {
        _kept.ForEach(static k => k.View.Dispose());
        _kept.Clear();
    }

    private sealed class Kept(ulong height, TView view)
    {
        public ulong Height => height;

        public TView View => view;

        /// <summary>When somebody first asked for it.</summary>
        public ulong? SinceMs { get; set; }
    }
}
