using System.Runtime.InteropServices;
using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: the log's proofs come out of its tiles. Method: grow a log block by block and compare with the twin.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LogTilesTests
{
    private readonly MemoryTiles _tiles = new();
    private LogFrontier _frontier = LogFrontier.Empty;

    [Test]
    public void Append_BlocksOfAllSizes_TilesHoldTheTwinsNodes() =>
        Gen.Int[1, 600].Array[1, 12].Sample(blocks =>
        {
            var tiles = new MemoryTiles();
            LogFrontier frontier = LogFrontier.Empty;
            Digest[] leaves = NaiveLog.LeafHashes(blocks.Sum());
            foreach (int block in blocks)
            {
                LogAppend append = LogAppend.Compute(frontier, tiles, leaves.AsSpan((int)frontier.Size, block));
                tiles.Store(append);
                frontier = append.NewFrontier;
            }
            Assert.That(frontier.Root, Is.EqualTo(NaiveLog.Root(leaves)));
            AssertTilesEqualTwin(tiles, leaves);
        }, iter: 20);

    [TestCase(255), TestCase(256), TestCase(257)]
    public void Append_AcrossTileBorder_ProvesEveryLeaf(int size)
    {
        Digest[] leaves = Grow(size, 50);
        var nodes = new TileLogNodeSource(_tiles, (ulong)size);
        for (int index = 0; index < size; index++)
            Assert.That(LogProofs.Inclusion(nodes, (ulong)index, (ulong)size),
                Is.EqualTo(LogProofs.Inclusion(new NaiveNodeSource(leaves), (ulong)index, (ulong)size)));
        for (int old = 1; old <= size; old++)
            Assert.That(LogProofs.Consistency(nodes, (ulong)old, (ulong)size),
                Is.EqualTo(LogProofs.Consistency(new NaiveNodeSource(leaves), (ulong)old, (ulong)size)));
    }

    [Test]
    public void Append_Across65536_ThreeLevelsOfTilesProve()
    {
        Digest[] leaves = Grow(65_530, 9_973);
        leaves = [.. leaves, .. GrowMore(3), .. GrowMore(2), .. GrowMore(1), .. GrowMore(300)];
        var size = (ulong)leaves.Length;
        Digest root = NaiveLog.Root(leaves);
        Assert.That(_frontier.Root, Is.EqualTo(root));
        var nodes = new TileLogNodeSource(_tiles, size);
        foreach (ulong index in new ulong[] { 0, 255, 256, 40_000, 65_535, 65_536, size - 1 })
            Assert.That(LogVerifier.VerifyInclusion(leaves[index], index, size,
                LogProofs.Inclusion(nodes, index, size), root), Is.EqualTo(LogProofFailure.None), $"{index}");
        foreach (ulong old in new ulong[] { 1, 255, 256, 257, 40_000, 65_535, 65_536, 65_537, size })
            Assert.That(LogVerifier.VerifyConsistency(old, size, NaiveLog.Root(leaves.AsSpan(0, (int)old)), root,
                LogProofs.Consistency(nodes, old, size)), Is.EqualTo(LogProofFailure.None), $"{old}");
        AssertTilesEqualTwin(_tiles, leaves);
        Assert.That(_tiles.GetTile(2, 0).Length, Is.EqualTo(32));
        Assert.That(LogFrontier.Read(nodes, size).Encode(), Is.EqualTo(_frontier.Encode()));
    }

    [Test]
    public void Node_OfSmallerLog_ComesOutOfLargerTiles()
    {
        Digest[] leaves = Grow(700, 700);
        for (int size = 1; size <= 700; size += 23)
            Assert.That(LogFrontier.Read(new TileLogNodeSource(_tiles, (ulong)size), (ulong)size).Root,
                Is.EqualTo(NaiveLog.Root(leaves.AsSpan(0, size))));
    }

    [Test]
    public void Overlay_UnsavedBlocks_StackUp()
    {
        Grow(300, 300);
        var overlay = new TileOverlay(_tiles);
        LogFrontier frontier = _frontier;
        Digest[] leaves = NaiveLog.LeafHashes(900);
        for (int at = 300; at < 900; at += 150)
        {
            LogAppend append = LogAppend.Compute(frontier, overlay, leaves.AsSpan(at, 150));
            overlay.Add(append);
            frontier = append.NewFrontier;
        }
        Assert.That(frontier.Root, Is.EqualTo(NaiveLog.Root(leaves)));
        Assert.That(_tiles.GetTile(0, 1).Length, Is.EqualTo(44 * 32), "the stored tile is untouched");
        AssertTilesEqualTwin(overlay, leaves);
    }

    [Test]
    public void Append_NoLeaves_ChangesNothing()
    {
        Grow(10, 10);
        LogAppend append = LogAppend.Compute(_frontier, _tiles, []);
        Assert.That(append.ChangedTiles, Is.Empty);
        Assert.That(append.NewRoot, Is.EqualTo(_frontier.Root));
    }

    [Test]
    public void Append_AnyBitOfEdgeTileFlipped_NamesTheTile()
    {
        Grow(7, 7);
        byte[] edge = _tiles.Tiles[new TileId(0, 0)];
        for (int bit = 0; bit < edge.Length * 8; bit++)
        {
            edge[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.That(() => LogAppend.Compute(_frontier, _tiles, [Digest.Zero]),
                Throws.TypeOf<CorruptTileException>().With.Property("Tile").EqualTo(new TileId(0, 0)));
            edge[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Test]
    public void Read_TileMissingOrShort_NamesTheTile()
    {
        Grow(300, 300);
        var nodes = new TileLogNodeSource(_tiles, 300);
        _tiles.Tiles[new TileId(0, 1)] = _tiles.Tiles[new TileId(0, 1)][..^1];
        Assert.That(() => nodes.GetNode(0, 256),
            Throws.TypeOf<MissingTileException>().With.Property("Tile").EqualTo(new TileId(0, 1)));
        Assert.That(() => LogAppend.Compute(_frontier, _tiles, [Digest.Zero]), Throws.TypeOf<MissingTileException>());
        _tiles.Tiles.Remove(new TileId(1, 0));
        Assert.That(() => nodes.GetNode(8, 0), Throws.TypeOf<MissingTileException>()
            .With.Property("Tile").EqualTo(new TileId(1, 0)).And.Message.Contains("tile/1/000"));
    }

    [TestCase(0, 300UL), TestCase(8, 1UL), TestCase(9, 0UL), TestCase(64, 0UL), TestCase(-1, 0UL)]
    public void GetNode_OutsideLog_Throws(int level, ulong index) =>
        Assert.That(() => new TileLogNodeSource(_tiles, 300).GetNode(level, index),
            Throws.TypeOf<ArgumentOutOfRangeException>());

    [TestCase(0, 1_234_067UL, 256, "tile/0/x001/x234/067")]
    [TestCase(0, 0UL, 256, "tile/0/000")]
    [TestCase(1, 999UL, 1, "tile/1/999.p/1")]
    [TestCase(2, 1_000UL, 255, "tile/2/x001/000.p/255")]
    [TestCase(7, ulong.MaxValue, 10, "tile/7/x018/x446/x744/x073/x709/x551/615.p/10")]
    public void Path_OfTile_IsTheOneOfTlogTiles(byte level, ulong index, int width, string path)
    {
        Assert.That(TilePath.Format(new TileId(level, index), width), Is.EqualTo(path));
        Assert.That(TilePath.TryParse(path, out TileId tile, out int parsedWidth), Is.True);
        Assert.That((tile, parsedWidth), Is.EqualTo((new TileId(level, index), width)));
    }

    [TestCase(""), TestCase("tile/"), TestCase("tile/0"), TestCase("tile/0/"), TestCase("tile/8/000")]
    [TestCase("tile/00/000"), TestCase("tile/0/00"), TestCase("tile/0/0000"), TestCase("tile/0/x000/001")]
    [TestCase("tile/0/001/002"), TestCase("tile/0/x001/x002"), TestCase("tile/0/x001x002"), TestCase("tile/0/x001/")]
    [TestCase("tile/0/001.p/"), TestCase("tile/0/001.p/0"), TestCase("tile/0/001.p/256"), TestCase("tile/0/001.p/01")]
    [TestCase("tile/0/001.p/+1"), TestCase("tile/0/-01"), TestCase("tile/0/ 01"), TestCase("Tile/0/001")]
    [TestCase("tile/0/x018/x446/x744/x073/x709/x551/616"), TestCase("tile/0/001.p/1.p/1"), TestCase("tile/0/001/")]
    public void Path_NotCanonical_IsRefused(string path) =>
        Assert.That(TilePath.TryParse(path, out _, out _), Is.False);

    [Test]
    public void Path_AnyIndexAndWidth_ReadsBack() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 256]).Sample((index, width) =>
            TilePath.TryParseIndex(TilePath.FormatIndex(index, width), out ulong i, out int w)
            && (i, w) == (index, width));

    private Digest[] Grow(int size, int blockMax)
    {
        Digest[] leaves = NaiveLog.LeafHashes(size);
        for (int at = 0; at < size; at += blockMax)
            Append(leaves.AsSpan(at, Math.Min(blockMax, size - at)));
        return leaves;
    }

    private Digest[] GrowMore(int count)
    {
        int size = (int)_frontier.Size;
        Digest[] more = NaiveLog.LeafHashes(size + count)[size..];
        Append(more);
        return more;
    }

    private void Append(ReadOnlySpan<Digest> leaves)
    {
        LogAppend append = LogAppend.Compute(_frontier, _tiles, leaves);
        _tiles.Store(append);
        _frontier = append.NewFrontier;
    }

    private static void AssertTilesEqualTwin(ITileReader tiles, Digest[] leaves)
    {
        Digest[] row = leaves;
        for (byte level = 0; row.Length > 0; level++)
        {
            for (int i = 0; i < row.Length; i += LogTiles.Width)
            {
                var tile = new TileId(level, (ulong)(i / LogTiles.Width));
                Digest[] expected = row[i..Math.Min(i + LogTiles.Width, row.Length)];
                Assert.That(LogTiles.WidthAt(tile, (ulong)leaves.Length), Is.EqualTo(expected.Length));
                ReadOnlySpan<byte> stored = tiles.GetTile(level, tile.Index).Span;
                Assert.That(stored.SequenceEqual(MemoryMarshal.AsBytes(expected.AsSpan())), $"{tile}");
            }
            row = [.. row.Chunk(LogTiles.Width).Where(c => c.Length == LogTiles.Width).Select(c => NaiveLog.Root(c))];
        }
    }
}

/// <summary>Tiles in memory.</summary>
internal sealed class MemoryTiles : ITileReader
{
    public Dictionary<TileId, byte[]> Tiles { get; } = [];

    public void Store(LogAppend append)
    {
        foreach ((TileId id, byte[] bytes) in append.ChangedTiles)
            Tiles[id] = bytes;
    }

    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
        Tiles.TryGetValue(new TileId(level, index), out byte[]? bytes)
            ? bytes
            : throw new MissingTileException(new TileId(level, index));
}
