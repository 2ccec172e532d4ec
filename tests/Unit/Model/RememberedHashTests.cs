using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Model;

/// <summary>
/// Goal: a hash that is computed once is the same for every thread, also for those that ask while it is being remembered. Method:
/// threads that look at one object after the other as it is made, each hash compared with one computed apart.
/// </summary>
public sealed class RememberedHashTests
{
    private const int Objects = 100_000, Threads = 3;

    [Test]
    public void TreeKey_AskedByThreadsAtOnce_IsTheHash() => AskAtOnce(
        static i => StateKey.Department($"d-{i}"), static key => key.TreeKey, static key => Sha256.Hash(key.Span));

    [Test]
    public void BlockHash_AskedByThreadsAtOnce_IsTheHash() => AskAtOnce(
        static i => new BlockHeader
        {
            ChainId = Digest.Zero,
            Height = (ulong)i,
            Epoch = 0,
            TimestampMs = 0,
            Proposer = 0,
            LogSizeBefore = 0,
            ParentHash = Digest.Zero,
            ValidatorSetHash = Digest.Zero,
            NextValidatorSetHash = Digest.Zero,
            LogSizeAfter = 0,
            LogRoot = Digest.Zero,
            StateRoot = Digest.Zero,
            ParametersHash = Digest.Zero,
        },
        static header => header.Hash, static header => DomainTag.Hash(DomainTag.Header, header.ToBytes()));

    private static void AskAtOnce<T>(Func<int, T> make, Func<T, Digest> ask, Func<T, Digest> compute)
        where T : class
    {
        var made = new T?[Objects];
        var wrong = new int[Threads];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(t => new Thread(() => wrong[t] = Ask(made, ask, compute)))];
        foreach (Thread thread in threads)
            thread.Start();
        for (int i = 0; i < Objects; i++)
            Volatile.Write(ref made[i], make(i));
        foreach (Thread thread in threads)
            thread.Join();
        Assert.That(wrong, Is.All.Zero);
    }

    private static int Ask<T>(T?[] made, Func<T, Digest> ask, Func<T, Digest> compute)
        where T : class
    {
        int wrong = 0;
        for (int i = 0; i < made.Length; i++)
        {
            T? one;
            for (SpinWait wait = default; (one = Volatile.Read(ref made[i])) is null;)
                wait.SpinOnce();
            if (ask(one) != compute(one))
                wrong++;
        }
        return wrong;
    }
}
