using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>Who led, remembered height by height when it came, and who leads next: docs/SPEC.md, "Leaders", by names and without a rule of the
/// ledger's.</summary>
internal sealed class LeaderShadow
{
    private const int HeightsKept = 64;

    private readonly Queue<(ulong Height, string[] Turns)> _led = [];
    private string _lastProposer = "";
    private uint _run;

    /// <summary>All that ever were, in order.</summary>
    public List<LeaderSuspension> Suspensions { get; } = [];

    public bool IsSuspended(string department, ulong height) =>
        Suspensions.Any(s => s.Department == department && s.FirstHeight <= height && height <= s.LastHeight);

    /// <summary>Who leads the views of a height that is past, over and over in this order; null where nobody remembers.</summary>
    public string[]? Led(ulong height) => _led.FirstOrDefault(l => l.Height == height).Turns;

    /// <summary>Who leads the views of the next height, over and over in this order.</summary>
    public string[] Turns(ulong height, IEnumerable<string> voters, uint blocksMax)
    {
        string[] all = [.. voters], may = [.. all.Where(d => !IsSuspended(d, height))];
        if (may.Length == 0)
            may = all;
        int first = Math.Max(0, Array.FindIndex(may, d => string.CompareOrdinal(d, _lastProposer) > 0 || (d == _lastProposer && _run < blocksMax)));
        return [.. may[first..], .. may[..first]];
    }

    /// <summary>Goes on by a block.</summary>
    /// <param name="height">The block's height.</param>
    /// <param name="turns">Those of its height.</param>
    /// <param name="proposer">The department that made it.</param>
    /// <param name="endsEpoch">Whether others vote on the next one: what was led before them is forgotten.</param>
    public void End(ulong height, string[] turns, string proposer, bool endsEpoch)
    {
        _led.Enqueue((height, turns));
        if (_led.Count > HeightsKept)
            _led.Dequeue();
        if (endsEpoch)
            _led.Clear();
        (_run, _lastProposer) = (proposer == _lastProposer ? _run + 1 : 1, proposer);
    }

    /// <summary>The value that the ledger has to have after a block.</summary>
    public LeaderState State(ulong height, IEnumerable<string> voters)
    {
        var state = new LeaderState { LastProposer = _lastProposer, Run = _run };
        state.Departments.Add(voters);
        state.FirstLeaders.Add(_led.Select(static l => (uint)Array.IndexOf([.. l.Turns.Order(StringComparer.Ordinal)], l.Turns[0])));
        state.Suspensions.Add(Suspensions.Where(s => s.LastHeight + HeightsKept > height && state.Departments.Contains(s.Department)));
        return state;
    }
}
