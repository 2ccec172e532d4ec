using System.Numerics;
using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>Goal: agree with the transparency-log community. Method: its published proofs, valid and invalid.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PublishedLogVectorTests
{
    [Test]
    public void Inclusion_PublishedVectors_AreJudgedAsPublished() =>
        Check("inclusion", 98, v => VerifyInclusion(v, v.LeafIdx, v.TreeSize));

    [Test]
    public void Consistency_PublishedVectors_AreJudgedAsPublished() =>
        Check("consistency", 98, v => VerifyConsistency(v, v.Size1, v.Size2));

    /// <summary>A valid subtree is a tree of its own, so these are inclusion proofs too.</summary>
    [Test]
    public void Inclusion_PublishedSubtreeVectors_AreJudgedAsPublished() =>
        Check("subtreeinclusion", 1, v => IsSubtree(v) && v.LeafIdx >= v.Start
            ? VerifyInclusion(v, v.LeafIdx - v.Start, v.End - v.Start)
            : null);

    /// <summary>A subtree from the first leaf is an older tree, so these are consistency proofs too.</summary>
    [Test]
    public void Consistency_PublishedSubtreeVectors_AreJudgedAsPublished() =>
        Check("subtreeconsistency", 1, v => v.Start == 0 && v.End > 0 ? VerifyConsistency(v, v.End, v.Size) : null);

    private static void Check(string folder, int countMin, Func<Vector, bool?> verify)
    {
        string root = SharedFolder.Require($"vectors/merkle/testdata/{folder}");
        int count = 0, valid = 0;
        Assert.Multiple(() =>
        {
            foreach (string file in Directory.GetFiles(root, "*.json", SearchOption.AllDirectories).Order())
            {
                Vector vector = JsonSerializer.Deserialize<Vector>(File.ReadAllText(file), JsonSerializerOptions.Web)!;
                if (verify(vector) is not bool accepted)
                    continue;
                Assert.That(accepted, Is.EqualTo(!vector.WantErr), file);
                count++;
                valid += accepted ? 1 : 0;
            }
        });
        TestContext.Out.WriteLine($"{folder}: {count} vectors, {valid} of them valid");
        Assert.That(count, Is.GreaterThanOrEqualTo(countMin));
        Assert.That(valid, Is.GreaterThanOrEqualTo(1));
    }

    private static bool VerifyInclusion(Vector v, ulong index, ulong size) =>
        TryRead(v.LeafHash, out Digest leaf) && TryRead(v.Root, out Digest root)
        && TryReadPath(v.Proof, out Digest[] path)
        && LogVerifier.VerifyInclusion(leaf, index, size, path, root) == LogProofFailure.None;

    private static bool VerifyConsistency(Vector v, ulong oldSize, ulong newSize)
    {
        // What is no digest cannot be said to our verifier. For equal sizes any equal roots will do, so they
        // are hashed.
        Digest oldRoot = Read(v.Root1), newRoot = Read(v.Root2);
        return TryReadPath(v.Proof, out Digest[] path)
            && LogVerifier.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, path) == LogProofFailure.None;
    }

    /// <summary>
    /// The rule of the subtree proofs: it begins at a multiple of its size, rounded up to a power of two.
    /// </summary>
    private static bool IsSubtree(Vector v) =>
        v.Start < v.End && (v.Start & (BitOperations.RoundUpToPowerOf2(v.End - v.Start) - 1)) == 0; // 2^64 wraps to 0

    private static Digest Read(string? base64) =>
        TryRead(base64, out Digest digest) ? digest : LogHash.Leaf(Convert.FromBase64String(base64 ?? ""));

    private static bool TryRead(string? base64, out Digest digest)
    {
        byte[] bytes = Convert.FromBase64String(base64 ?? "");
        digest = bytes.Length == Digest.Size ? new Digest(bytes) : default;
        return bytes.Length == Digest.Size;
    }

    private static bool TryReadPath(string[]? proof, out Digest[] path)
    {
        path = new Digest[proof?.Length ?? 0];
        for (int i = 0; i < path.Length; i++)
            if (!TryRead(proof![i], out path[i]))
                return false;
        return true;
    }

    private sealed record Vector(
        ulong LeafIdx, ulong TreeSize, ulong Start, ulong End, ulong Size, ulong Size1, ulong Size2,
        string? Root, string? LeafHash, string? Root1, string? Root2, string[]? Proof, string Desc, bool WantErr);
}
