using GovChain.Consensus;
using GovChain.Node.Ledger;
using GovChain.Storage;

namespace GovChain.Node.Snapshots;

/// <summary>
/// The snapshots of the ledger that this node can give to others. All departments take theirs at the same heights, so that
/// one that fetches can ask several of them for parts of the same. Bounded in number and in time
/// (<see cref="SnapshotLeases{TView}"/>): a snapshot keeps the database from dropping what has been replaced since. Safe from
/// any thread.
/// </summary>
internal sealed class SnapshotShelf(TimeProvider time) : IDisposable
{
    /// <summary>Heights at which snapshots are taken are multiples of this, in one minute of the ledger's time at most one: however many
    /// blocks there are, what is offered is held for a minute. Where there is none since the start, one is taken when somebody
    /// asks.</summary>
    public const ulong Spacing = 64;

    private const ulong MinuteMs = 60_000;

    private readonly Lock _gate = new();
    private readonly SnapshotLeases<LedgerSnapshot> _leases = new(SnapshotRules.FetchMs);
    private ulong? _minute; // of the newest multiple
    private bool _disposed;

    /// <summary>A block was stored: takes a snapshot where one is due.</summary>
    public void Look(LedgerHead ledger)
    {
        if (ledger.Tip.Height % Spacing != 0)
            return;
        ulong minute = ledger.Tip.TimestampMs / MinuteMs;
        bool isDue;
        lock (_gate)
        {
            isDue = minute != _minute;
            _minute = minute;
        }
        if (isDue)
            Take(ledger);
    }

    /// <summary>The heights to fetch at, newest last. One in whose time no fetch would end is not named.</summary>
    public IReadOnlyList<ulong> Held(LedgerHead ledger)
    {
        lock (_gate)
        {
            _leases.Sweep(time.MonotonicMs());
            if (_leases.IsEmpty && ledger.Tip.Height > 0)
                Take(ledger);
            return _leases.Held(time.MonotonicMs());
        }
    }

    /// <summary>The snapshot at a height, to be disposed; null if it is not held, or cannot be kept on.</summary>
    public LedgerSnapshot? TryTake(ulong height)
    {
        lock (_gate)
            return _leases.TryTake(height, time.MonotonicMs())?.Share();
    }

    /// <summary>Lets go of all.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _leases.Dispose();
        }
    }

    /// <summary>Lets go of what is over.</summary>
    public void Sweep()
    {
        lock (_gate)
            _leases.Sweep(time.MonotonicMs());
    }

    private void Take(LedgerHead ledger)
    {
        LedgerSnapshot view = ledger.OpenSnapshot();
        lock (_gate)
        {
            if (_disposed)
                view.Dispose();
            else
                _leases.Add(view.TipHeight, view, time.MonotonicMs());
        }
    }
}
