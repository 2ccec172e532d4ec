using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Whether a node that is behind fetches a snapshot instead of all blocks, and how often it tries (docs/PROTOCOL.md,
/// "Snapshots"). Belongs to one caller at a time.
/// </summary>
/// <param name="lagMin">Blocks behind from which on a snapshot is thought of; 0: never.</param>
public sealed class SnapshotPlan(ulong lagMin)
{
    /// <summary>How long no snapshot is thought of after so many attempts failed, and none upon a word that led to nothing, milliseconds.
    /// </summary>
    public const ulong PauseMs = 5 * 60_000;

    /// <summary>How long none is asked for after nobody had one, milliseconds: so long at first, and twice as long each time, up to
    /// <see cref="PauseMs"/>, so that answers held back cost little.</summary>
    public const ulong PauseWithoutOfferMs = 10_000;

    /// <summary>Checking a state value costs about this part of what verifying and executing a transaction does.</summary>
    private const ulong RowsPerTransaction = 4;

    private const int AttemptsMax = 3;

    private readonly Dictionary<int, ulong> _doubtedUntilMs = [];
    private readonly Dictionary<int, int> _unconfirmed = [];
    private ulong _pausedUntilMs;
    private ulong _withoutOfferMs = PauseWithoutOfferMs;
    private ulong _begunMs;
    private int? _wordOf;
    private int _attempts;

    /// <summary>Who offered snapshots that were given up: see <see cref="SnapshotSources"/>.</summary>
    public ISet<int> GivenUp { get; } = new HashSet<int>();

    /// <summary>Somebody left values out of a snapshot that was given up.</summary>
    public bool IsIncomplete => _unconfirmed.Count > 0;

    /// <summary>How many snapshots were given up with values missing and nobody to confirm what it gave of them.</summary>
    public int Unconfirmed(int source) => _unconfirmed.GetValueOrDefault(source);

    /// <summary>Values are missing of a snapshot that is given up, and of what these gave nobody knows whether it is all.</summary>
    public void LeaveUnconfirmed(IEnumerable<int> sources)
    {
        foreach (int source in sources)
            _unconfirmed[source] = Unconfirmed(source) + 1;
    }

    /// <summary>Whether to look for a snapshot now; where true, a search begins.</summary>
    /// <param name="lag">Blocks behind.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    /// <param name="wordOf">Who alone says so; null where it is proven.</param>
    public bool Begin(ulong lag, ulong nowMs, int? wordOf = null)
    {
        if (lagMin == 0 || lag < lagMin || nowMs < _pausedUntilMs
            || (wordOf is { } source && nowMs < _doubtedUntilMs.GetValueOrDefault(source)))
            return false;
        (_begunMs, _wordOf, _attempts) = (nowMs, wordOf, 0);
        return true;
    }

    /// <summary>A snapshot must be above this height to be of use. Also when it is complete: the ledger in use has gone on meanwhile,
    /// and must not come to the snapshot's height before it is put away.</summary>
    public ulong UsefulAbove(BlockHeader tip) => tip.Height + lagMin / 2;

    /// <summary>Nobody has one that is of use: the search is over.</summary>
    public void NothingOffered(ulong nowMs)
    {
        _pausedUntilMs = nowMs + _withoutOfferMs;
        Doubt(nowMs);
        if (_wordOf is null)
            _withoutOfferMs = Math.Min(2 * _withoutOfferMs, PauseMs);
    }

    /// <summary>A snapshot was given up; whether to look for another. None is thought of for as long as was lost: half of the time at
    /// least is for blocks.</summary>
    /// <param name="isProven">Its header is certified. One that was made up costs no attempt, but those who offered it: there
    /// are few, and others may hold a true one.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public bool TryAgain(bool isProven, ulong nowMs)
    {
        if (!isProven)
        {
            Doubt(nowMs);
            return true;
        }
        _withoutOfferMs = PauseWithoutOfferMs;
        ulong lostMs = nowMs - _begunMs;
        if (++_attempts < AttemptsMax && lostMs < PauseMs)
            return true;
        _pausedUntilMs = nowMs + Math.Max(PauseMs, lostMs);
        return false;
    }

    /// <summary>Whether what a snapshot brings is less work than executing all that is missing.</summary>
    /// <param name="tip">The newest block here.</param>
    /// <param name="header">The snapshot's.</param>
    /// <param name="below">The header below its blocks.</param>
    /// <param name="rows">About how many state values it has.</param>
    public static bool IsCheaper(BlockHeader tip, BlockHeader header, BlockHeader below, ulong rows) =>
        rows / RowsPerTransaction + (header.LogSizeAfter - below.LogSizeAfter) < header.LogSizeAfter - tip.LogSizeAfter;

    private void Doubt(ulong nowMs)
    {
        if (_wordOf is { } source)
            _doubtedUntilMs[source] = nowMs + PauseMs;
    }
}
