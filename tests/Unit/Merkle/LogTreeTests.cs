using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: the log tree is that of RFC 6962 and its proofs convince of the truth only. Method: a dumb twin.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LogTreeTests
{
    private const int SmallSizeMax = 40;

    [Test]
    public void EmptyRoot_IsHashOfNothing() =>
        Assert.That(LogFrontier.Empty.Root.ToString(),
            Is.EqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));

    [TestCase(0), TestCase(1), TestCase(1022), TestCase(1023), TestCase(1024), TestCase(65_535)]
    public void Leaf_AnyLength_IsHashOfPrefixAndData(int length)
    {
        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        Assert.That(LogHash.Leaf(data),
            Is.EqualTo(new Digest(System.Security.Cryptography.SHA256.HashData([0x00, .. data]))));
    }

    [Test]
    public void Root_EverySizeTo2000_EqualsTwin()
    {
        Digest[] leaves = NaiveLog.LeafHashes(2000);
        LogFrontier frontier = LogFrontier.Empty;
        for (int size = 0; size < leaves.Length; size++)
        {
            Assert.That(frontier.Root, Is.EqualTo(NaiveLog.Root(leaves.AsSpan(0, size))), $"size {size}");
            Assert.That(frontier.Size, Is.EqualTo(size));
            frontier = frontier.Append(leaves[size]);
        }
    }

    [Test]
    public void Append_InAnyPieces_GivesTheSameEdge() =>
        Gen.Int[0, 700].Array[1, 8].Sample(pieces =>
        {
            Digest[] leaves = NaiveLog.LeafHashes(pieces.Sum());
            LogFrontier frontier = LogFrontier.Empty;
            int at = 0;
            foreach (int piece in pieces)
            {
                frontier = frontier.Append(leaves.AsSpan(at, piece));
                at += piece;
            }
            Assert.That(frontier.Root, Is.EqualTo(NaiveLog.Root(leaves)));
            Assert.That(frontier.Encode(),
                Is.EqualTo(LogFrontier.Read(new NaiveNodeSource(leaves), (ulong)leaves.Length).Encode()));
        }, iter: 40);

    [Test]
    public void Frontier_Encoded_ReadsBackExactly()
    {
        LogFrontier frontier = LogFrontier.Empty;
        foreach (Digest leaf in NaiveLog.LeafHashes(70))
        {
            byte[] bytes = frontier.Encode();
            Assert.That(LogFrontier.TryDecode(bytes, out LogFrontier read), Is.EqualTo(LogFrontierFailure.None));
            Assert.That(read.Encode(), Is.EqualTo(bytes));
            Assert.That(read.Append(leaf).Root, Is.EqualTo((frontier = frontier.Append(leaf)).Root));
        }
    }

    [Test]
    public void Frontier_WrongBytes_AreRefusedWithReason()
    {
        byte[] bytes = LogFrontier.Empty.Append(NaiveLog.LeafHashes(5)).Encode();
        Assert.Multiple(() =>
        {
            Assert.That(Decode([]), Is.EqualTo(LogFrontierFailure.Truncated));
            Assert.That(Decode(bytes[..8]), Is.EqualTo(LogFrontierFailure.Truncated));
            Assert.That(Decode([2, .. bytes[1..]]), Is.EqualTo(LogFrontierFailure.UnknownVersion));
            Assert.That(Decode(bytes[..^1]), Is.EqualTo(LogFrontierFailure.WrongLength));
            Assert.That(Decode([.. bytes, 0]), Is.EqualTo(LogFrontierFailure.WrongLength));
        });

        static LogFrontierFailure Decode(byte[] bytes) => LogFrontier.TryDecode(bytes, out _);
    }

    [Test]
    public void Append_BeyondLargestSize_Overflows()
    {
        byte[] bytes = new byte[9 + 64 * Digest.Size];
        bytes[0] = LogFrontier.EncodingVersion;
        bytes.AsSpan(1, 8).Fill(0xff);
        Assert.That(LogFrontier.TryDecode(bytes, out LogFrontier full), Is.EqualTo(LogFrontierFailure.None));
        Assert.That(() => full.Append(Digest.Zero), Throws.TypeOf<OverflowException>());
    }

    [Test]
    public void Inclusion_SizesTo300_EqualsTwinAndVerifies()
    {
        Digest[] leaves = NaiveLog.LeafHashes(300);
        var nodes = new NaiveNodeSource(leaves);
        for (int size = 1; size <= leaves.Length; size++)
        {
            Digest root = NaiveLog.Root(leaves.AsSpan(0, size));
            int step = size <= SmallSizeMax ? 1 : 13;
            for (int index = size <= SmallSizeMax ? 0 : size % step; index < size; index += step)
            {
                Digest[] path = LogProofs.Inclusion(nodes, (ulong)index, (ulong)size);
                if (size <= SmallSizeMax || index % 3 == 0)
                    Assert.That(path, Is.EqualTo(NaiveLog.Inclusion(index, leaves.AsSpan(0, size))));
                Assert.That(LogVerifier.VerifyInclusion(leaves[index], (ulong)index, (ulong)size, path, root),
                    Is.EqualTo(LogProofFailure.None), $"index {index} size {size}");
            }
        }
    }

    [Test]
    public void Consistency_SizesTo300_EqualsTwinAndVerifies()
    {
        Digest[] leaves = NaiveLog.LeafHashes(300);
        var nodes = new NaiveNodeSource(leaves);
        Digest[] roots = [.. Enumerable.Range(0, 301).Select(n => NaiveLog.Root(leaves.AsSpan(0, n)))];
        for (int n = 1; n <= leaves.Length; n++)
        {
            int step = n <= SmallSizeMax ? 1 : 13;
            for (int m = 1 + (n <= SmallSizeMax ? 0 : n % step); m <= n; m += step)
            {
                Digest[] path = LogProofs.Consistency(nodes, (ulong)m, (ulong)n);
                if (n <= SmallSizeMax || m % 3 == 0)
                    Assert.That(path, Is.EqualTo(NaiveLog.Consistency(m, leaves.AsSpan(0, n))));
                Assert.That(LogVerifier.VerifyConsistency((ulong)m, (ulong)n, roots[m], roots[n], path),
                    Is.EqualTo(LogProofFailure.None), $"from {m} to {n}");
            }
        }
    }

    [Test]
    public void Inclusion_AnyChange_IsRefused()
    {
        Digest[] leaves = NaiveLog.LeafHashes(11);
        for (int size = 1; size <= leaves.Length; size++)
            for (int index = 0; index < size; index++)
            {
                Digest root = NaiveLog.Root(leaves.AsSpan(0, size));
                Digest[] path = NaiveLog.Inclusion(index, leaves.AsSpan(0, size));
                ulong i = (ulong)index, n = (ulong)size;
                foreach (Digest[] other in Mutations.OfPath(path))
                    Assert.That(LogVerifier.VerifyInclusion(leaves[index], i, n, other, root),
                        Is.Not.EqualTo(LogProofFailure.None));
                foreach (Digest other in Mutations.OfDigest(leaves[index]))
                    Assert.That(LogVerifier.VerifyInclusion(other, i, n, path, root),
                        Is.EqualTo(LogProofFailure.WrongRoot));
                foreach (Digest other in Mutations.OfDigest(root))
                    Assert.That(LogVerifier.VerifyInclusion(leaves[index], i, n, path, other),
                        Is.EqualTo(LogProofFailure.WrongRoot));
                for (ulong j = 0; j < n + 2; j++)
                    if (j != i)
                        Assert.That(LogVerifier.VerifyInclusion(leaves[index], j, n, path, root),
                            Is.Not.EqualTo(LogProofFailure.None));
            }
    }

    [Test]
    public void Consistency_AnyChange_IsRefused()
    {
        Digest[] leaves = NaiveLog.LeafHashes(10);
        for (int n = 1; n <= leaves.Length; n++)
            for (int m = 1; m <= n; m++)
            {
                Digest oldRoot = NaiveLog.Root(leaves.AsSpan(0, m)), newRoot = NaiveLog.Root(leaves.AsSpan(0, n));
                Digest[] path = NaiveLog.Consistency(m, leaves.AsSpan(0, n));
                foreach (Digest[] other in Mutations.OfPath(path))
                    Assert.That(LogVerifier.VerifyConsistency((ulong)m, (ulong)n, oldRoot, newRoot, other),
                        Is.Not.EqualTo(LogProofFailure.None));
                foreach (Digest other in Mutations.OfDigest(oldRoot))
                    Assert.That(LogVerifier.VerifyConsistency((ulong)m, (ulong)n, other, newRoot, path),
                        Is.Not.EqualTo(LogProofFailure.None));
                foreach (Digest other in Mutations.OfDigest(newRoot))
                    Assert.That(LogVerifier.VerifyConsistency((ulong)m, (ulong)n, oldRoot, other, path),
                        Is.EqualTo(LogProofFailure.WrongRoot));
            }
    }

    [Test]
    public void Verify_ImpossibleNumbers_AreNamed()
    {
        Digest d = Digest.Zero;
        Digest[] tooLong = new Digest[LogVerifier.PathLengthMax + 1];
        Digest[] longest = new Digest[64];
        Assert.Multiple(() =>
        {
            Assert.That(LogVerifier.VerifyInclusion(d, 0, 0, [], d), Is.EqualTo(LogProofFailure.IndexOutsideTree));
            Assert.That(LogVerifier.VerifyInclusion(d, ulong.MaxValue, ulong.MaxValue, [], d),
                Is.EqualTo(LogProofFailure.IndexOutsideTree));
            Assert.That(LogVerifier.VerifyInclusion(d, 0, ulong.MaxValue, tooLong, d),
                Is.EqualTo(LogProofFailure.PathTooLong));
            Assert.That(LogVerifier.VerifyInclusion(d, 0, ulong.MaxValue, longest, d),
                Is.EqualTo(LogProofFailure.WrongRoot));
            Assert.That(LogVerifier.VerifyInclusion(d, 0, ulong.MaxValue, longest.AsSpan(1), d),
                Is.EqualTo(LogProofFailure.PathTooShort));
            Assert.That(LogVerifier.VerifyConsistency(0, 0, d, d, []), Is.EqualTo(LogProofFailure.OldTreeEmpty));
            Assert.That(LogVerifier.VerifyConsistency(2, 1, d, d, []), Is.EqualTo(LogProofFailure.OldTreeLarger));
            Assert.That(LogVerifier.VerifyConsistency(1, ulong.MaxValue, d, d, tooLong),
                Is.EqualTo(LogProofFailure.PathTooLong));
            Assert.That(LogVerifier.VerifyConsistency(1, 2, d, d, []), Is.EqualTo(LogProofFailure.PathTooShort));
            Assert.That(LogVerifier.VerifyConsistency(3, 3, d, d, [d]), Is.EqualTo(LogProofFailure.PathTooLong));
        });
    }

    [Test]
    public void Verify_RandomInput_NeverThrowsNorAccepts() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 70]).Sample((a, b, length) =>
        {
            var path = new Digest[length];
            var root = new Digest([.. Enumerable.Repeat((byte)1, 32)]);
            return LogVerifier.VerifyInclusion(Digest.Zero, a, b, path, root) != LogProofFailure.None
                && LogVerifier.VerifyConsistency(a, b, Digest.Zero, root, path) != LogProofFailure.None;
        }, iter: 5000);

    [Test]
    public void Inclusion_OfLeafOutsideTree_Throws()
    {
        var nodes = new NaiveNodeSource([]);
        Assert.Multiple(() =>
        {
            Assert.That(() => LogProofs.Inclusion(nodes, 3, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => LogProofs.Consistency(nodes, 0, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => LogProofs.Consistency(nodes, 4, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }
}
