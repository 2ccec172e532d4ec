using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Protos.V1;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Whom a node asks for the parts of one snapshot: the fastest first, of those that hold it. One that lied is asked for
/// nothing more, one that did not answer comes last. For one task.
/// </summary>
internal sealed class SnapshotPeers(
    ValidatorSet validators, IPeerNetwork network, PeerProgress progress, TimeProvider time)
{
    private const double NewestWeight = 0.25;

    private readonly Dictionary<int, double> _paceMs = [];
    private readonly HashSet<int> _silent = [];
    private readonly HashSet<int> _liars = [];
    private readonly HashSet<int> _holders = [];

    /// <summary>Whom to ask, best first.</summary>
    public IReadOnlyList<int> Order(Func<int, bool>? among = null) =>
    [
        .. network.Connections.Where(static c => c.IsConnected).Select(c => validators.IndexOf(c.Department))
            .Where(v => v >= 0 && !_liars.Contains(v) && (among is null || among(v)))
            .OrderBy(_silent.Contains).ThenBy(v => _paceMs.GetValueOrDefault(v)),
    ];

    /// <summary>The height that most of the connected departments hold a snapshot at, and of several the newest; null where
    /// nobody has one above a height.</summary>
    public async Task<ulong?> FindAsync(ulong above, CancellationToken cancellation)
    {
        IReadOnlyList<int> order = Order();
        SnapshotResponse?[] answers = await Task.WhenAll(order.Select(v => network.RequestSnapshotAsync(
            validators[v].Department, new SnapshotRequest(), cancellation)));
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
        return best;
    }

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
        foreach (int validator in Order(v => _holders.Contains(v) && (among is null || among(v))))
        {
            long begun = time.GetTimestamp();
            SnapshotResponse? answer =
                await network.RequestSnapshotAsync(validators[validator].Department, request, cancellation);
            if (answer is null)
            {
                Silent(validator, "did not answer a request for a part of a snapshot");
                continue;
            }
            Answered(validator, time.GetElapsedTime(begun));
            if (answer.Height != request.Height || answer is { Head: null, Pages.Count: 0, Rows.Count: 0, LastRows: false })
            {
                _holders.Remove(validator); // its time is over there, or it restarted
                continue;
            }
            if (judge(answer, validator) is not { } lie)
                return true;
            Lied(validator, lie);
        }
        return false;
    }

    /// <summary>Asks for blocks until somebody gives them.</summary>
    public async Task<(int Validator, BlockRangeResponse Range)?> AskForBlocksAsync(
        ulong firstHeight, CancellationToken cancellation)
    {
        foreach (int validator in Order())
        {
            long begun = time.GetTimestamp();
            BlockRangeResponse? answer = await network.RequestBlocksAsync(
                validators[validator].Department, firstHeight, GovChain.Consensus.CatchUp.RangeBlocks, cancellation);
            (ulong, int, ulong, ulong)? said = answer is null
                ? null : (answer.FirstHeight, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
            if (GovChain.Consensus.CatchUp.HasBlocks(firstHeight, said, out string? complaint))
            {
                Answered(validator, time.GetElapsedTime(begun));
                return (validator, answer!);
            }
            if (complaint is not null)
                Silent(validator, complaint);
        }
        return null;
    }

    /// <summary>It sent what cannot be true: nothing more is asked of it.</summary>
    public void Lied(int validator, string complaint)
    {
        _liars.Add(validator);
        progress.Misbehaved(validator, complaint);
    }

    private void Silent(int validator, string complaint)
    {
        _silent.Add(validator);
        progress.Misbehaved(validator, complaint);
    }

    private void Answered(int validator, TimeSpan took)
    {
        _silent.Remove(validator);
        double ms = took.TotalMilliseconds;
        _paceMs[validator] = _paceMs.TryGetValue(validator, out double pace) ? pace + NewestWeight * (ms - pace) : ms;
    }
}
