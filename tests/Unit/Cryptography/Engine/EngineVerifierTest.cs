using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: the engine behind the seam of <see cref="ISignatureVerifier"/> keeps its promises: bounded tables, no memory
/// asked for by a signature, any number of threads, and a refusal where the processor lacks a path.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineVerifierTest
{
    [Test]
    public void Tables_MoreSignersThanPlaces_TheOneUsedLongestAgoLeaves()
    {
        SignerTables tables = new(2, new SeededKeyComparer(1));
        PublicKey[] keys = [.. Enumerable.Range(1, 3).Select(i => EcdsaTwin.PublicKeyOf(i))];
        CombTable table = CombTable.ForSigner(keys[0]);
        tables.Add(keys[0], table);
        tables.Add(keys[1], table);
        Assert.That(tables.Find(keys[0]), Is.SameAs(table));
        tables.Add(keys[2], table);
        Assert.That(tables.Count, Is.EqualTo(2));
        Assert.That(tables.Find(keys[1]), Is.Null);
        Assert.That(tables.Find(keys[0]), Is.Not.Null);
        Assert.That(tables.Find(keys[2]), Is.Not.Null);
        tables.Add(keys[2], CombTable.ForSigner(keys[2]));
        Assert.That(tables.Find(keys[2]), Is.SameAs(table), "the first table stays");
    }

    [Test]
    public void Sighted_ASignerOften_IsWorthATableAfterTheStatedNumber()
    {
        SignerTables tables = new(4, new SeededKeyComparer(1));
        PublicKey key = EcdsaTwin.PublicKeyOf(1);
        for (int i = 1; i < SignerTables.SightingsMin; i++)
            Assert.That(tables.Sighted(key), Is.False, $"{i}");
        Assert.That(tables.Sighted(key), Is.True);
        for (int i = 0; i < 40; i++)
            Assert.That(tables.Sighted(EcdsaTwin.PublicKeyOf(i + 2)), Is.False, "strangers never fill memory");
    }

    /// <summary>Thirteen rounds fill the memory of strangers: were it emptied then, the officer would never have a table.</summary>
    [Test]
    public void Sighted_ASignerAmongCrowdsOfStrangers_IsWorthATableAllTheSame()
    {
        SignerTables tables = new(16, new SeededKeyComparer(1));
        PublicKey officer = EcdsaTwin.PublicKeyOf(1);
        int rounds = 0;
        for (int stranger = 2; !tables.Sighted(officer) && rounds < 30; rounds++)
        {
            for (int i = 0; i < 4; i++)
                Assert.That(tables.Sighted(EcdsaTwin.PublicKeyOf(stranger++)), Is.False);
        }
        Assert.That(rounds, Is.LessThan(30));
    }

    /// <summary>Memory for one table is memory for four counts: a fifth signer halves them, and what was seen once is forgotten.</summary>
    [Test]
    public void Sighted_MoreSignersThanAreCounted_HalvesTheCounts()
    {
        SignerTables tables = new(1, new SeededKeyComparer(1));
        PublicKey officer = EcdsaTwin.PublicKeyOf(1);
        int seen = 0;
        for (; seen < 4; seen++)
            Assert.That(tables.Sighted(officer), Is.False);
        for (int stranger = 2; stranger < 6; stranger++)
            Assert.That(tables.Sighted(EcdsaTwin.PublicKeyOf(stranger)), Is.False);
        for (; seen < SignerTables.SightingsMin + 1; seen++)
            Assert.That(tables.Sighted(officer), Is.False, $"{seen}");
        Assert.That(tables.Sighted(officer), Is.True, "four sightings counted as two");
    }

    /// <summary>Whoever wants to hold the others up makes keys that end alike: it needs no secret, only points of the curve.</summary>
    [Test]
    public void Tables_StrangersWhoseKeysEndAlike_AreFoundAmongEachOtherInAFewSteps()
    {
        const int strangers = 512;
        PublicKey[] keys = [.. KeysThatEndAlike().Take(strangers)];
        Assert.That(keys.Select(static k => k.GetHashCode()).Distinct().Count(), Is.EqualTo(1));
        CountingComparer comparer = new(new SeededKeyComparer(1));
        SignerTables tables = new(strangers, comparer);
        CombTable table = CombTable.ForSigner(keys[0]);
        foreach (PublicKey key in keys.Concat(keys))
            Assert.That(tables.Sighted(key), Is.False);
        int sighted = comparer.Hashed;
        Assert.That(sighted, Is.GreaterThanOrEqualTo(2 * strangers), "sightings are looked up by it");
        foreach (PublicKey key in keys)
            tables.Add(key, table);
        Assert.That(keys.Select(tables.Find), Has.All.SameAs(table));
        Assert.That(comparer.Hashed - sighted, Is.GreaterThanOrEqualTo(2 * strangers), "tables are looked up by it");
        Assert.That(comparer.Compared, Is.LessThan(10 * strangers));
        SeededKeyComparer one = new(1), other = new(2);
        Assert.That(keys.Count(k => one.GetHashCode(k) != other.GetHashCode(k)), Is.GreaterThan(strangers / 2), "nobody foresees them");
    }

    [Test]
    public void Verify_SignersThatComeUpOften_GetTablesUpToTheBound()
    {
        SignatureCheck[] checks = Checks(64, signers: 4);
        EngineVerifier verifier = new(EnginePaths.Best, tablesMax: 3);
        bool[] results = new bool[checks.Length];
        for (int i = 0; i < 8; i++)
        {
            verifier.Verify(checks, results);
            Assert.That(results, Has.All.True);
        }
        Assert.That(verifier.Enrolled, Is.EqualTo(3));
    }

    /// <summary>A chunk builds one table: a signer who has to wait for his does not begin to count anew.</summary>
    [TestCase(8, 8)]
    [TestCase(16, 64)]
    public void Verify_SignersInTurn_EachChunkGivesOneATableOnceTheyAreWorthOne(int signers, int batch)
    {
        SignatureCheck[] checks = Checks(batch, signers);
        EngineVerifier verifier = new(EnginePaths.Best);
        bool[] results = new bool[batch];
        int toCount = SignerTables.SightingsMin * signers / batch;
        for (int chunk = 1; chunk < toCount + signers; chunk++)
        {
            verifier.Verify(checks, results);
            Assert.That(verifier.Enrolled, Is.EqualTo(Math.Max(0, chunk - toCount + 1)), $"after {chunk} chunks");
        }
        Assert.That(verifier.Enrolled, Is.EqualTo(signers));
    }

    [TestCase(EnginePath.Portable)]
    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Verify_ManySignatures_AllocatesNothing(EnginePath path)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        // As many of either kind as share inversions; no stranger often enough to be worth a table.
        SignatureCheck[] checks = Checks(256, signers: 64);
        EngineVerifier verifier = new(path);
        foreach (SignatureCheck check in checks.Take(32))
            verifier.Enrol(check.Signer);
        bool[] results = new bool[checks.Length];
        verifier.Verify(checks, results);
        verifier.Verify(checks, results);
        long before = GC.GetAllocatedBytesForCurrentThread();
        verifier.Verify(checks, results);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(results, Has.All.True);
    }

    [Test]
    public void Verify_ManyThreadsAndFewPlaces_AnswersAsOneThread()
    {
        SignatureCheck[] checks = Checks(60, signers: 6);
        bool[] expected = new bool[checks.Length];
        for (int i = 0; i < checks.Length; i++)
        {
            expected[i] = i % 5 != 0;
            if (!expected[i])
                checks[i] = checks[i] with { Digest = Sha256.Hash([1]) };
        }
        EngineVerifier verifier = new(EnginePaths.Best, tablesMax: 2);
        Parallel.For(0, 12, _ =>
        {
            bool[] results = new bool[checks.Length];
            verifier.Verify(checks, results);
            Assert.That(results, Is.EqualTo(expected));
        });
        Assert.That(verifier.Enrolled, Is.LessThanOrEqualTo(2));
    }

    [Test]
    public void Verify_MoreThanAChunk_AnswersAll()
    {
        SignatureCheck[] some = Checks(30, signers: 3);
        SignatureCheck[] checks = [.. Enumerable.Repeat(some, 20).SelectMany(static s => s)];
        checks[513] = checks[513] with { Digest = Sha256.Hash([2]) };
        bool[] results = new bool[checks.Length];
        new EngineVerifier(EnginePaths.Best).Verify(checks, results);
        Assert.That(results.Count(static r => !r), Is.EqualTo(1));
        Assert.That(results[513], Is.False);
        Assert.That(() => new EngineVerifier(EnginePath.Portable).Verify(checks, new bool[3]), Throws.ArgumentException);
        Assert.That(() => new EngineVerifier(EnginePath.Portable).Verify(checks, new bool[checks.Length + 1]), Throws.ArgumentException);
    }

    [Test]
    public void New_PathThatNoProcessorHas_IsRefused()
    {
        Assert.That(() => new EngineVerifier((EnginePath)99), Throws.InstanceOf<PlatformNotSupportedException>());
        Assert.That(() => new EngineVerifier(EnginePath.Portable, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(EnginePaths.IsSupported(EnginePath.Portable), Is.True);
        Assert.That(EnginePaths.IsSupported(EnginePaths.Best), Is.True);
    }

    private static SignatureCheck[] Checks(int count, int signers) =>
    [
        .. Enumerable.Range(0, count).Select(i =>
        {
            Digest digest = Sha256.Hash(BitConverter.GetBytes(i));
            byte[] signed = EcdsaTwin.Sign(i % signers + 3, i + 2, digest.Span);
            Assert.That(Signature.TryParse(signed, out Signature signature), Is.True);
            return new SignatureCheck(EcdsaTwin.PublicKeyOf(i % signers + 3), digest, signature.Normalise());
        }),
    ];

    private static IEnumerable<PublicKey> KeysThatEndAlike()
    {
        byte[] bytes = new byte[PublicKey.Size];
        bytes[0] = 0x02;
        for (int i = 0; ; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(1), i);
            if (PublicKey.TryParse(bytes, out PublicKey? key))
                yield return key;
        }
    }

    private sealed class CountingComparer(IEqualityComparer<PublicKey> inner) : IEqualityComparer<PublicKey>
    {
        public int Hashed { get; private set; }

        public int Compared { get; private set; }

        public bool Equals(PublicKey? x, PublicKey? y)
        {
            Compared++;
            return inner.Equals(x, y);
        }

        public int GetHashCode(PublicKey key)
        {
            Hashed++;
            return inner.GetHashCode(key);
        }
    }
}
