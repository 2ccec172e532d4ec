using System.Diagnostics;

namespace GovChain.Node.Benching;

/// <summary>
/// Measures contenders in turn, a slice of some milliseconds each, round after round, on the caller's thread: what else the
/// machine does meets all alike. A contender's figure is its best slice, the one that was disturbed least.
/// </summary>
internal sealed class Contest
{
    private readonly List<(string Name, Func<int> Slice, Action? Prepare)> _contenders = [];
    private readonly OrderedDictionary<string, List<double>> _slices = [];

    /// <summary>Adds a contender.</summary>
    /// <param name="name">Its name among the figures.</param>
    /// <param name="slice">Does a slice of work and says how many operations it was.</param>
    /// <param name="prepare">Makes a slice's input before its clock starts.</param>
    public void Add(string name, Func<int> slice, Action? prepare = null) => _contenders.Add((name, slice, prepare));

    /// <summary>Microseconds an operation in the best slice; null for a name that did not take part.</summary>
    public double? this[string name] => _slices.TryGetValue(name, out List<double>? slices) ? slices.Min() : null;

    /// <summary>Names and microseconds an operation, in the order of adding.</summary>
    public IEnumerable<(string Name, double Microseconds)> Figures => _slices.Select(static s => (s.Key, s.Value.Min()));

    /// <summary>How many times faster the second is than the first; null if one of them did not take part.</summary>
    public double? Ratio(string first, string second) => this[first] / this[second];

    /// <summary>
    /// The same in each round, and of these ratios the median: for two that differ in how much of the machine they take, whose
    /// best slices are those of different clock rates.
    /// </summary>
    public double? MedianRatio(string first, string second)
    {
        if (!_slices.TryGetValue(first, out List<double>? ones) || !_slices.TryGetValue(second, out List<double>? others))
            return null;
        double[] ratios = [.. ones.Zip(others, static (one, other) => one / other).Order()];
        return ratios[ratios.Length / 2];
    }

    /// <summary>
    /// Runs rounds until the time is over, a first few for the just-in-time compiler, and lets go of the contenders and what
    /// they hold; their figures stay, and others may take their turns.
    /// </summary>
    /// <param name="time">How long; one round at least.</param>
    /// <param name="cancellation">Ends it.</param>
    public void Run(TimeSpan time, CancellationToken cancellation)
    {
        long begun = Stopwatch.GetTimestamp();
        do
        {
            foreach ((string name, Func<int> slice, Action? prepare) in _contenders)
            {
                cancellation.ThrowIfCancellationRequested();
                prepare?.Invoke();
                long start = Stopwatch.GetTimestamp();
                int operations = slice();
                double each = Stopwatch.GetElapsedTime(start).TotalMicroseconds / operations;
                if (!_slices.TryGetValue(name, out List<double>? slices))
                    _slices.Add(name, slices = []);
                slices.Add(each);
            }
        }
        while (Stopwatch.GetElapsedTime(begun) < time);
        _contenders.Clear();
    }
}
