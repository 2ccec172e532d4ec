using BenchmarkDotNet.Attributes;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Bench;

/// <summary>What a block costs in the two trees: 10,000 leaves appended; 1,000 keys changed among 100,000.</summary>
[MemoryDiagnoser]
public class MerkleBenchmarks
{
    private const int LeafCount = 10_000;
    private const int KeyCount = 100_000;
    private const int ChangeCount = 1_000;

    private readonly Digest[] _leaves = [.. Enumerable.Range(0, LeafCount).Select(i => Random(1, i))];
    private readonly NoTiles _noTiles = new();
    private readonly Pages _pages = new();
    private readonly (Digest Key, Digest ValueDigest)[] _state =
        [.. Enumerable.Range(0, KeyCount).Select(i => (Random(2, i), Random(3, i))).OrderBy(leaf => leaf.Item1)];
    private (Digest Key, Digest ValueDigest)[] _changes = [];
    private Digest _stateRoot;

    /// <summary>Fills the state tree; half of the changes are to come on new keys.</summary>
    [GlobalSetup]
    public void FillState()
    {
        StateUpdate update = StateTree.Update(_pages, StateTree.EmptyRoot, _state);
        _pages.Store(update);
        _stateRoot = update.NewRoot;
        _changes = [.. Enumerable.Range(0, ChangeCount)
            .Select(i => (
                Key: i % 2 == 0 ? _state[i * (KeyCount / ChangeCount)].Key : Random(2, KeyCount + i),
                Random(4, i)))
            .OrderBy(change => change.Key)];
    }

    /// <summary>Root of a log of 10,000 leaf hashes.</summary>
    [Benchmark]
    public Digest LogRoot() => LogFrontier.Empty.Append(_leaves).Root;

    /// <summary>The same with the tiles to be stored.</summary>
    [Benchmark]
    public LogAppend LogAppendToTiles() => LogAppend.Compute(LogFrontier.Empty, _noTiles, _leaves);

    /// <summary>1,000 changes to a state of 100,000 keys, with the check of every page that is read.</summary>
    [Benchmark]
    public StateUpdate StateUpdate() => StateTree.Update(_pages, _stateRoot, _changes);

    /// <summary>A path in that state.</summary>
    [Benchmark]
    public StatePath StateProve() => StateTree.Prove(_pages, _stateRoot, _changes[0].Key);

    /// <summary>The auditor's root over all 100,000 leaves.</summary>
    [Benchmark]
    public Digest StateBuildRoot() => StateTree.BuildRoot(_state);

    private static Digest Random(int salt, int index) =>
        LogHash.Leaf([.. BitConverter.GetBytes(salt), .. BitConverter.GetBytes(index)]);

    private sealed class NoTiles : ITileReader
    {
        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
            throw new MissingTileException(new TileId(level, index));
    }

    private sealed class Pages : IStatePageReader
    {
        private readonly Dictionary<StatePageId, byte[]> _stored = [];

        public void Store(StateUpdate update)
        {
            foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
                _stored[id] = bytes;
        }

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
            _stored.TryGetValue(id, out byte[]? bytes) ? bytes : null;
    }
}
