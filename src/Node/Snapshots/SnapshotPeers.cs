using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Protos.V1;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Whom a node asks for the parts of one snapshot: the fastest first, of those that hold it. One that lied is asked for
/// nothing more, one that did not answer comes last. For one task.
/// </summary>
internal sealed class SnapshotPeers(
    LedgerSources sources, IPeerNetwork network, PeerProgress progress, TimeProvider time)
{
    private const double NewestWeight = 0.25;

    private readonly Dictionary<int, double> _paceMs = [];
    private readonly HashSet<int> _silent = [];
    private readonly HashSet<int> _liars = [];
    private readonly HashSet<int> _holders = [];
    private readonly HashSet<int> _offered = [];
    private readonly HashSet<int> _spurned = [];

    /// <summary>Whom to ask, best first.</summary>
    public IReadOnlyList<int> Order(Func<int, bool>? among = null) =>
    [
        .. sources.Connected.Where(v => !_liars.Contains(v) && (among is null || among(v)))
            .OrderBy(_silent.Contains).ThenBy(v => _paceMs.GetValueOrDefault(v)),
    ];

    /// <summary>The height that most of the connected departments hold a snapshot at, and of several the newest; null where
    /// nobody has one above a height.</summary>
    public async Task<ulong?> FindAsync(ulong above, CancellationToken cancellation)
    {
        IReadOnlyList<int> order = Order(v => !_spurned.Contains(v));
        SnapshotResponse?[] answers = await Task.WhenAll(order.Select(v => network.RequestSnapshotAsync(
            sources.DepartmentOf(v), new SnapshotRequest(), cancellation)));
        var held = new SortedDictionary<ulong, List<int>>();
        for (int i = 0; i < answers.Length; i++)
        {
            foreach (ulong height in answers[i] is { } answer ? SnapshotServer.ReadHeld(answer).Distinct() : [])
            {
                if (height <= above)
                    continue;
                if (!held.TryGetValue(height, out List<int>? holders))
                    held.Add(height, holders = []);
                holders.Add(order[i]);
            }
        }
        if (held.Count == 0)
            return null;
        (ulong best, List<int> by) = held.OrderBy(static h => h.Value.Count).ThenBy(static h => h.Key).Last();
        _holders.Clear();
        _holders.UnionWith(by);
        _offered.Clear();
        _offered.UnionWith(by);
        return best;
    }

    /// <summary>Nobody gave the snapshot that was found: what its holders offer does not count any more.</summary>
    public void Spurn() => _spurned.UnionWith(_offered);

    /// <summary>
    /// Asks for a part until somebody gives it; false where nobody does any more. What was asked of one that lies comes from
    /// the next.
    /// </summary>
    /// <param name="request">The part.</param>
    /// <param name="judge">What is wrong with an answer; null to take it. Also told who gave it.</param>
    /// <param name="among">Who may be asked; null: all that hold the snapshot.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<bool> AskAsync(
        SnapshotRequest request, Func<SnapshotResponse, int, string?> judge, Func<int, bool>? among, CancellationToken cancellation)
    {
        foreach (int source in Order(v => _holders.Contains(v) && (among is null || among(v))))
        {
            long begun = time.GetTimestamp();
            SnapshotResponse? answer =
                await network.RequestSnapshotAsync(sources.DepartmentOf(source), request, cancellation);
            if (answer is null)
            {
                Silent(source, "did not answer a request for a part of a snapshot");
                continue;
            }
            Answered(source, time.GetElapsedTime(begun));
            if (answer.Height != request.Height || answer is { Head: null, Pages.Count: 0, Rows.Count: 0, LastRows: false })
            {
                _holders.Remove(source); // its time is over there, or it restarted
                continue;
            }
            if (judge(answer, source) is not { } lie)
                return true;
            Lied(source, lie);
        }
        return false;
    }

    /// <summary>Asks for blocks until somebody gives them.</summary>
    public async Task<(int Source, BlockRangeResponse Range)?> AskForBlocksAsync(
        ulong firstHeight, CancellationToken cancellation)
    {
        foreach (int source in Order())
        {
            long begun = time.GetTimestamp();
            BlockRangeResponse? answer = await network.RequestBlocksAsync(
                sources.DepartmentOf(source), firstHeight, GovChain.Consensus.CatchUp.RangeBlocks, cancellation);
            (ulong, int, ulong, ulong)? said = answer is null
                ? null : (answer.FirstHeight, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
            if (GovChain.Consensus.CatchUp.HasBlocks(firstHeight, said, out string? complaint))
            {
                Answered(source, time.GetElapsedTime(begun));
                return (source, answer!);
            }
            if (complaint is not null)
                Silent(source, complaint);
        }
        return null;
    }

    /// <summary>It sent what cannot be true: nothing more is asked of it.</summary>
    public void Lied(int source, string complaint)
    {
        _liars.Add(source);
        progress.Misbehaved(source, complaint);
    }

    private void Silent(int source, string complaint)
    {
        _silent.Add(source);
        progress.Misbehaved(source, complaint);
    }

    private void Answered(int source, TimeSpan took)
    {
        _silent.Remove(source);
        double ms = took.TotalMilliseconds;
        _paceMs[source] = _paceMs.TryGetValue(source, out double pace) ? pace + NewestWeight * (ms - pace) : ms;
    }
}
