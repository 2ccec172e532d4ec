using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: whoever implements the trees from docs/SPEC.md has bytes to compare with. Method: small trees of fixed
/// contents; each root is also the twin's, so that the file does not merely repeat what the code says.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MerkleVectorsTests
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, NewLine = "\n" };

    [Test]
    public void Log()
    {
        byte[][] data = [.. Enumerable.Range(0, 7).Select(i => Enumerable.Repeat((byte)i, i).ToArray())];
        Digest[] leaves = [.. data.Select(d => LogHash.Leaf(d))];
        var nodes = new NaiveNodeSource(leaves);
        LogFrontier Grown(int size) => LogFrontier.Empty.Append(leaves.AsSpan(0, size));
        for (int size = 0; size <= leaves.Length; size++)
            Assert.That(Grown(size).Root, Is.EqualTo(NaiveLog.Root(leaves.AsSpan(0, size))));
        Hold("merkle-log", new
        {
            leafData = data.Select(d => Hex(d)),
            leafHashes = Hex(leaves),
            rootsBySize = Hex([.. Enumerable.Range(0, leaves.Length + 1).Select(size => Grown(size).Root)]),
            inclusion = new[] { (0UL, 1UL), (0UL, 7UL), (3UL, 7UL), (6UL, 7UL) }.Select(p => new
            {
                index = p.Item1,
                size = p.Item2,
                path = Hex(LogProofs.Inclusion(nodes, p.Item1, p.Item2)),
            }),
            consistency = new[] { (1UL, 7UL), (3UL, 7UL), (4UL, 7UL), (6UL, 7UL), (7UL, 7UL) }.Select(p => new
            {
                oldSize = p.Item1,
                newSize = p.Item2,
                path = Hex(LogProofs.Consistency(nodes, p.Item1, p.Item2)),
            }),
            frontierOfSize7 = Hex(Grown(7).Encode()),
        });
    }

    [Test]
    public void State()
    {
        // Two keys that part at bit 4, two that part at bit 9 and so have a page of their own, and one more.
        string[] prefixes = ["00", "08", "8000", "8040", "ff"];
        List<(Digest Key, Digest Value)> leaves = [.. prefixes.Select((prefix, i) =>
            (Key(prefix), new Digest([.. Enumerable.Repeat((byte)(i + 1), Digest.Size)])))];
        var pages = new MemoryPages();
        Digest root = pages.Update(StateTree.EmptyRoot, leaves);
        Assert.That(root, Is.EqualTo(NaiveState.Root(leaves)));
        Digest[] proven = [.. new[] { "00", "8040", "10", "20", "80ff", "c0" }.Select(Key)];
        Hold("merkle-state", new
        {
            leaves = leaves.Select(leaf => new
            {
                key = leaf.Key.ToString(),
                valueDigest = leaf.Value.ToString(),
                hash = StateHash.Leaf(leaf.Key, leaf.Value).ToString(),
            }),
            rootsByNumberOfLeaves = Enumerable.Range(0, leaves.Count + 1)
                .Select(count => StateTree.BuildRoot(leaves.Take(count)).ToString()),
            pages = pages.Pages.OrderBy(page => page.Key.Depth).Select(page => new
            {
                storageKey = Hex(page.Key.ToKey()),
                bytes = Hex(page.Value),
            }),
            paths = proven.Select(key =>
            {
                StatePath path = StateTree.Prove(pages, root, key);
                bool other = path.Kind == StatePathKind.AbsenceOtherLeaf;
                return new
                {
                    key = key.ToString(),
                    kind = path.Kind.ToString(),
                    siblings = Hex(path.Siblings.ToArray()),
                    otherLeafKey = other ? path.OtherLeafKey.ToString() : "",
                    otherLeafValueDigest = other ? path.OtherLeafValueDigest.ToString() : "",
                };
            }),
        });
        Assert.That(proven.Select(key => StateTree.Prove(pages, root, key).Kind).Distinct().Count(), Is.EqualTo(3),
            "all kinds occur");

        static Digest Key(string prefix) => new(Convert.FromHexString(prefix.PadRight(2 * Digest.Size, '5')));
    }

    private static void Hold(string name, object content) =>
        Repository.Hold($"docs/vectors/{name}.json", JsonSerializer.Serialize(content, Format) + "\n");

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static string[] Hex(Digest[] digests) => [.. digests.Select(d => d.ToString())];
}
