using BenchmarkDotNet.Attributes;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Bench;

/// <summary>What a block costs in the two trees: 10,000 leaves appended; 1,000 keys changed among 100,000.</summary>
[MemoryDiagnoser]
public class MerkleBenchmarks
{
    private const int LeafCount = 10_000;

    private readonly Digest[] _leaves = [.. Enumerable.Range(0, LeafCount).Select(i => Random(1, i))];
    private readonly NoTiles _noTiles = new();

    /// <summary>Root of a log of 10,000 leaf hashes.</summary>
    [Benchmark]
    public Digest LogRoot() => LogFrontier.Empty.Append(_leaves).Root;

    /// <summary>The same with the tiles to be stored.</summary>
    [Benchmark]
    public LogAppend LogAppendToTiles() => LogAppend.Compute(LogFrontier.Empty, _noTiles, _leaves);

    private static Digest Random(int salt, int index) =>
        LogHash.Leaf([.. BitConverter.GetBytes(salt), .. BitConverter.GetBytes(index)]);

    private sealed class NoTiles : ITileReader
    {
        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
            throw new MissingTileException(new TileId(level, index));
    }
}
