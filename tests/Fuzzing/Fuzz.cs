using System.Diagnostics;

namespace GovChain.Tests.Fuzzing;

/// <summary>What a run of one target came to.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Inputs">How many ran.</param>
/// <param name="Accepted">Of these, how many were decoded.</param>
/// <param name="Features">Branches, by classes of counts.</param>
/// <param name="Corpus">Inputs that found a new one.</param>
/// <param name="AllocatedMax">Most bytes that one input made the target allocate.</param>
/// <param name="Failure">What broke; null if nothing.</param>
internal sealed record FuzzReport(
    string Target, long Inputs, long Accepted, int Features, int Corpus, long AllocatedMax, FuzzFailure? Failure);

/// <summary>An input that broke something.</summary>
/// <param name="Input">In hexadecimal.</param>
/// <param name="What">The exception, with its trace.</param>
internal sealed record FuzzFailure(string Input, string What);

/// <summary>
/// Feeds a target with valid inputs and then with mutations of those that took a new branch. An input fails when the target
/// throws, or allocates more than <see cref="FuzzTarget.AllocationBound"/>. The same seed runs the same inputs as
/// long as the same branches are new, which what is initialised once changes a little: a failure names its input.
/// </summary>
internal sealed class Fuzz(FuzzTarget target, Coverage coverage, int seed)
{
    /// <summary>Longest input, bytes: beyond every bound that decoders have for small things, and fast to run.</summary>
    private const int InputBytesMax = 80 * 1024;

    private const int CorpusMax = 4_096;
    private const int MutationsMax = 6;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _corpus = [];
    private readonly FuzzTarget _traced = target.In(coverage);
    private long _inputs;
    private long _accepted;
    private long _allocatedMax;

    /// <summary>When the input that runs now began, as a timestamp; 0 between inputs. For who watches for hangs.</summary>
    public long RunningSince;

    /// <summary>The input that runs now.</summary>
    public byte[] Running { get; private set; } = [];

    /// <summary>Runs while <paramref name="goesOn"/> says so, asked with the number of inputs; or until something breaks.
    /// </summary>
    public FuzzReport Run(Func<long, bool> goesOn)
    {
        coverage.Forget();
        try
        {
            foreach (byte[] seed in target.Seeds)
            {
                _traced.Run(seed); // what is made once, static tables, is made here and not counted
                Try(seed);
                _corpus.Add(seed);
            }
            var mutator = new Mutator(_random, target.Form, _corpus);
            while (goesOn(_inputs))
            {
                byte[] input = Pick();
                for (int i = _random.Next(MutationsMax); i >= 0; i--)
                    input = mutator.Mutate(input);
                if (input.Length <= InputBytesMax && Try(input) && _corpus.Count < CorpusMax)
                    _corpus.Add(input);
            }
        }
        catch (Exception e)
        {
            return Report(new FuzzFailure(Convert.ToHexStringLower(Running), e.ToString()));
        }
        return Report(null);
    }

    /// <summary>
    /// Of what <see cref="Run"/> found, a few short inputs that take branches which the seeds and those before do not: for the
    /// corpus.
    /// </summary>
    /// <param name="bytesMax">All together.</param>
    public IReadOnlyList<byte[]> Distil(int bytesMax)
    {
        coverage.Forget();
        foreach (byte[] seed in target.Seeds)
            Try(seed);
        var kept = new List<byte[]>();
        foreach (byte[] input in _corpus.OrderBy(i => i.Length))
        {
            if (input.Length <= bytesMax && Try(input))
            {
                kept.Add(input);
                bytesMax -= input.Length;
            }
        }
        return kept;
    }

    /// <summary>Half of the time one of those found last, which lie deepest.</summary>
    private byte[] Pick() => _random.Next(2) == 0
        ? _corpus[_random.Next(_corpus.Count)]
        : _corpus[_corpus.Count - 1 - _random.Next(Math.Min(_corpus.Count, 16))];

    private bool Try(byte[] input)
    {
        Running = input;
        _inputs++;
        coverage.Begin();
        Volatile.Write(ref RunningSince, Stopwatch.GetTimestamp());
        long before = GC.GetAllocatedBytesForCurrentThread();
        if (_traced.Run(input))
            _accepted++;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Volatile.Write(ref RunningSince, 0);
        _allocatedMax = Math.Max(_allocatedMax, allocated);
        if (allocated > target.AllocationBound(input.Length))
        {
            throw new PropertyBrokenException(
                $"{input.Length} bytes made {target.Name} allocate {allocated}; the bound is {target.AllocationBound(input.Length)}.");
        }
        return coverage.IsNew();
    }

    private FuzzReport Report(FuzzFailure? failure) =>
        new(target.Name, _inputs, _accepted, coverage.Features, _corpus.Count, _allocatedMax, failure);
}
