using System.Runtime.ExceptionServices;

namespace GovChain.Storage.Integrity;

/// <summary>Pure work on chunks of something long, over several cores, what comes of it in the order of the chunks.</summary>
internal static class InOrder
{
    /// <summary>
    /// Reads ahead on the caller's thread, a few chunks and no more, and gives what one core alone would: results come before
    /// an exception of what lies behind them. Broken off, it waits for the work that is under way.
    /// </summary>
    /// <param name="items">What there is to do; read by one thread.</param>
    /// <param name="chunk">Items of a chunk, the last one's are fewer.</param>
    /// <param name="cores">How many; with 1 no other thread is used.</param>
    /// <param name="work">What is done with a chunk, on any thread, several at once.</param>
    public static IEnumerable<TResult> Spread<T, TResult>(
        IEnumerable<T> items, int chunk, int cores, Func<IReadOnlyList<T>, TResult> work)
    {
        int ahead = cores > 1 ? 2 * cores : 1;
        var begun = new Queue<Task<TResult>>(ahead);
        using var chunks = new Chunks<T>(items, chunk);
        try
        {
            do
            {
                while (begun.Count < ahead && chunks.Next() is { } taken)
                    begun.Enqueue(cores > 1 ? Task.Run(() => work(taken)) : Task.FromResult(work(taken)));
                if (begun.TryDequeue(out Task<TResult>? first))
                    yield return first.GetAwaiter().GetResult();
            }
            while (begun.Count > 0 || !chunks.IsOver);
            chunks.ThrowIfBroken();
        }
        finally
        {
            // Whoever breaks off closes what the work reads.
            ((Task)Task.WhenAll(begun)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
    }

    /// <summary>Chunks up to the end, or to where the items throw: what came before that is a chunk, too.</summary>
    private sealed class Chunks<T>(IEnumerable<T> items, int size) : IDisposable
    {
        private readonly IEnumerator<T> _items = items.GetEnumerator();
        private ExceptionDispatchInfo? _broken;

        public bool IsOver { get; private set; }

        public IReadOnlyList<T>? Next()
        {
            var taken = new List<T>(size);
            try
            {
                while (!IsOver && taken.Count < size)
                {
                    IsOver = !_items.MoveNext();
                    if (!IsOver)
                        taken.Add(_items.Current);
                }
            }
            catch (Exception e)
            {
                (IsOver, _broken) = (true, ExceptionDispatchInfo.Capture(e));
            }
            return taken.Count > 0 ? taken : null;
        }

        public void ThrowIfBroken() => _broken?.Throw();

        public void Dispose() => _items.Dispose();
    }
}
