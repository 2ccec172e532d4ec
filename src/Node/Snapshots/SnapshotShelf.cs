using GovChain.Node.Ledger;
using GovChain.Storage;

namespace GovChain.Node.Snapshots;

/// <summary>
/// The snapshots of the ledger that this node can give to others. All departments take theirs at the same heights, so that
/// one that fetches can ask several of them for parts of the same. Bounded in number and in time: a snapshot keeps the
/// database from dropping what has been replaced since. Safe from any thread.
/// </summary>
/// <remarks>
/// A snapshot costs next to nothing while it is new. Only one that somebody asks for is kept on, for <see cref="Lease"/>
/// from the first question; at most <see cref="LeasesMax"/> are.
/// </remarks>
internal sealed class SnapshotShelf(TimeProvider time) : IDisposable
{
    /// <summary>Heights at which snapshots are taken are multiples of this. Where there is none since the start, one is taken
    /// when somebody asks.</summary>
    public const ulong Spacing = 64;

    /// <summary>Snapshots that are kept unasked: the newest.</summary>
    public const int RecentMax = 2;

    /// <summary>Snapshots that are kept because somebody fetches them.</summary>
    public const int LeasesMax = 2;

    /// <summary>How long one is kept from the first question on: at 10 MB a second, 18 GB of state.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(30);

    private readonly Lock _gate = new();
    private readonly List<Kept> _kept = [];
    private bool _disposed;

    /// <summary>A block was stored: takes a snapshot where one is due.</summary>
    public void Look(LedgerHead ledger)
    {
        if (ledger.Tip.Height % Spacing == 0)
            Take(ledger);
    }

    /// <summary>The heights to fetch at, newest last. One whose time is half over is not named while another can be begun.
    /// </summary>
    public IReadOnlyList<ulong> Held(LedgerHead ledger)
    {
        lock (_gate)
        {
            Sweep();
            if (_kept.Count == 0 && ledger.Tip.Height > 0)
                Take(ledger);
            bool room = _kept.Count(static k => k.Since is not null) < LeasesMax;
            return [.. _kept.Where(k => k.Since is { } since ? !room || time.GetElapsedTime(since) < Lease / 2 : room)
                .Select(static k => k.View.TipHeight)];
        }
    }

    /// <summary>The snapshot at a height, to be disposed; null if it is not held, or cannot be kept on.</summary>
    public LedgerSnapshot? TryTake(ulong height)
    {
        lock (_gate)
        {
            Sweep();
            if (_kept.Find(k => k.View.TipHeight == height) is not { } kept)
                return null;
            if (kept.Since is null)
            {
                if (_kept.Count(static k => k.Since is not null) >= LeasesMax)
                    return null;
                kept.Since = time.GetTimestamp();
            }
            return kept.View.Share();
        }
    }

    /// <summary>Lets go of all.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (Kept kept in _kept)
                kept.View.Dispose();
            _kept.Clear();
        }
    }

    /// <summary>Lets go of what is over.</summary>
    public void Sweep()
    {
        lock (_gate)
        {
            int recent = _kept.Count(static k => k.Since is null);
            for (int i = 0; i < _kept.Count;)
            {
                bool over = _kept[i].Since is { } since ? time.GetElapsedTime(since) >= Lease : recent-- > RecentMax;
                if (!over)
                {
                    i++;
                    continue;
                }
                _kept[i].View.Dispose();
                _kept.RemoveAt(i);
            }
        }
    }

    private void Take(LedgerHead ledger)
    {
        LedgerSnapshot view = ledger.OpenSnapshot();
        lock (_gate)
        {
            if (_disposed || _kept.Any(k => k.View.TipHeight >= view.TipHeight))
            {
                view.Dispose();
                return;
            }
            _kept.Add(new Kept(view));
            Sweep();
        }
    }

    private sealed class Kept(LedgerSnapshot view)
    {
        public LedgerSnapshot View { get; } = view;

        /// <summary>When somebody first asked for it.</summary>
        public long? Since { get; set; }
    }
}
