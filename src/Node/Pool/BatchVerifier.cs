using System.Collections.Concurrent;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>
/// Verifies the signatures of many transactions on several cores. It has threads of its own: verification fills every
/// core it is given, and on the thread pool votes and requests would wait behind it.
/// </summary>
internal sealed class BatchVerifier : IDisposable
{
    /// <summary>Transactions that one core verifies together: few enough that cores end together, enough that the engine's one
    /// inversion a chunk costs each signature little.</summary>
    public const int ChunkSize = 64;

    private readonly ISignatureVerifier _verifier;
    private readonly NodeMetrics? _metrics;
    private readonly BlockingCollection<Job> _jobs = [];
    private readonly Thread[] _helpers;

    /// <summary>Uses the caller's thread and so many more that there are <paramref name="threads"/>.</summary>
    /// <param name="verifier">The engine; safe from any thread.</param>
    /// <param name="threads">1 or more.</param>
    /// <param name="metrics">Told how many were valid and invalid.</param>
    public BatchVerifier(ISignatureVerifier verifier, int threads, NodeMetrics? metrics = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        _verifier = verifier;
        _metrics = metrics;
        _helpers = new Thread[threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            _helpers[i] = new Thread(Help) { Name = $"verify-{i}", IsBackground = true };
            _helpers[i].Start();
        }
    }

    /// <summary>Same order as given; null where a signature is wrong. Returns when all are verified.</summary>
    public VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions)
    {
        VerifiedTransaction?[] verified = VerifyAll(transactions);
        int valid = verified.Count(static v => v is not null);
        _metrics?.Verified(valid, verified.Length - valid);
        return verified;
    }

    private VerifiedTransaction?[] VerifyAll(IReadOnlyList<Transaction> transactions)
    {
        if (transactions.Count <= ChunkSize || _helpers.Length == 0)
            return VerifiedTransaction.VerifyAll(transactions, _verifier);
        var job = new Job(transactions, _verifier);
        Offer(job);
        job.Work();
        return job.Await();
    }

    /// <summary>Ends the helpers; whoever still verifies does it alone.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        foreach (Thread helper in _helpers)
            helper.Join();
    }

    private void Offer(Job job)
    {
        try
        {
            for (int i = 0; i < _helpers.Length; i++)
                _jobs.Add(job);
        }
        catch (InvalidOperationException) when (_jobs.IsAddingCompleted)
        {
            // The helpers have ended, perhaps this moment.
        }
    }

    private void Help()
    {
        foreach (Job job in _jobs.GetConsumingEnumerable())
            job.Work();
    }

    private sealed class Job(IReadOnlyList<Transaction> transactions, ISignatureVerifier verifier)
    {
        private readonly VerifiedTransaction?[] _verified = new VerifiedTransaction?[transactions.Count];
        private readonly CountdownEvent _left = new((transactions.Count + ChunkSize - 1) / ChunkSize);
        private int _next;
        private Exception? _failure;

        /// <summary>Takes chunks until none is left.</summary>
        public void Work()
        {
            for (int start; (start = Interlocked.Add(ref _next, ChunkSize) - ChunkSize) < transactions.Count;)
            {
                try
                {
                    var chunk = new Transaction[Math.Min(ChunkSize, transactions.Count - start)];
                    for (int i = 0; i < chunk.Length; i++)
                        chunk[i] = transactions[start + i];
                    VerifiedTransaction.VerifyAll(chunk, verifier).CopyTo(_verified, start);
                }
                catch (Exception e)
                {
                    _failure = e; // the caller's to handle
                }
                _left.Signal();
            }
        }

        public VerifiedTransaction?[] Await()
        {
            _left.Wait();
            _left.Dispose();
            return _failure is null
                ? _verified
                : throw new InvalidOperationException("The signature verifier failed.", _failure);
        }
    }
}
