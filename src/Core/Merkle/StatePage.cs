using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>What stands at a place within a page. The numbers are those of the encoding.</summary>
internal enum StateNodeKind : byte
{
    /// <summary>A subtree without leaves.</summary>
    Empty = 0,

    /// <summary>A leaf: key and value digest.</summary>
    Leaf = 1,

    /// <summary>An inner node; its children are in this page.</summary>
    Inner = 2,

    /// <summary>At the bottom edge: the root of the child page, an inner node.</summary>
    Child = 3,
}

/// <summary>
/// One decoded page, reused for page after page. Its places are numbered like a heap: the page's root is 1, the
/// children of i are 2i and 2i + 1, the bottom edge, 8 levels down, is 256 to 511, where the low byte of the number is
/// the key's byte that this page is about.
/// </summary>
internal sealed partial class StatePage
{
    /// <summary>First byte of the encoding.</summary>
    public const byte EncodingVersion = 1;

    /// <summary>Levels below a page's root.</summary>
    public const int Levels = 8;

    /// <summary>First place of the bottom edge.</summary>
    public const int Edge = 1 << Levels;

    /// <summary>Place of the page's root.</summary>
    public const int RootPlace = 1;

    /// <summary>Longest encoding: version, 255 inner nodes and 256 leaves.</summary>
    public const int BytesMax = 1 + (Edge - 1) + Edge * (1 + LeafBytes);

    private const int Places = 2 * Edge;
    private const int LeafBytes = 2 * Digest.Size;
    private const int DeepestDepth = 8 * Digest.Size - Levels;

    private readonly StateNodeKind[] _kinds = new StateNodeKind[Places];

    // What is hashed for a leaf, key and value digest, or for an inner node, its children's hashes, each pair in a slot. Slots
    // are given out one after the other, so that a page of few nodes is small in the processor's caches. A place that has no
    // slot, empty or a child page, is in its parent's; slot 0 belongs to place 0, whose right child is the page's root.
    // 255 inner nodes and 256 leaves fit: a leaf that moves takes its slot along, and one that went to a child page never
    // comes back.
    private readonly Pair[] _pairs = new Pair[Places];
    private readonly ushort[] _slots = new ushort[Places];
    private int _slotsUsed;

    // A bit for each place whose hash is to be computed, of leaves and of inner nodes.
    private readonly ulong[] _staleLeaves = new ulong[Places / 64], _staleInners = new ulong[Places / 64];
    private StatePageId _id;

    /// <summary>Two digests that are hashed together, side by side in memory.</summary>
    private readonly record struct Pair(Digest First, Digest Second);

    /// <summary>Hash of the page's root; call <see cref="Rehash()"/> first after a change.</summary>
    public Digest Root => HashAt(RootPlace);

    /// <summary>What stands at a place.</summary>
    public StateNodeKind Kind(int place) => _kinds[place];

    /// <summary>The hash at a place, zero where it is empty.</summary>
    public Digest Hash(int place) => HashAt(place);

    /// <summary>The key of the leaf at a place.</summary>
    public Digest Key(int place) => _pairs[_slots[place]].First;

    /// <summary>The value digest of the leaf at a place.</summary>
    public Digest Value(int place) => _pairs[_slots[place]].Second;

    /// <summary>
    /// The place that holds what the key's byte leads to: the first on the way down that is no inner node.
    /// </summary>
    public int Find(byte keyByte)
    {
        int level = 0;
        while (_kinds[Place(keyByte, level)] == StateNodeKind.Inner)
            level++;
        return Place(keyByte, level);
    }

    /// <summary>The place at a level, 0 to 8, on the way to a byte.</summary>
    public static int Place(byte keyByte, int level) => (Edge | keyByte) >> (Levels - level);

    /// <summary>Pages that hang on this one and are kept with it; null where none is.</summary>
    public StatePagesBelow? Below { get; set; }

    /// <summary>Makes this the page of a subtree without leaves.</summary>
    public void Clear(StatePageId id)
    {
        _id = id;
        Below = null;
        _slotsUsed = 1;
        _staleLeaves.AsSpan().Clear();
        _staleInners.AsSpan().Clear();
        SetEmpty(RootPlace);
    }

    /// <summary>Reads, checks and decodes a page whose root must be <paramref name="expected"/>.</summary>
    /// <exception cref="CorruptPageException">It is missing, malformed or another one.</exception>
    public void Read(IStatePageReader pages, StatePageId id, Digest expected)
    {
        Load(id, (pages.TryGetPage(id) ?? throw new CorruptPageException(id, StatePageFailure.Missing)).Span);
        Rehash();
        Check(expected);
    }

    /// <summary>
    /// Decodes a page and leaves its hashes to <see cref="Rehash(ReadOnlySpan{StatePage})"/>, which takes several
    /// pages together; nothing of it may be used before <see cref="Check"/>.
    /// </summary>
    /// <exception cref="CorruptPageException">It is malformed.</exception>
    public void Load(in StatePageId id, ReadOnlySpan<byte> bytes)
    {
        StatePageFailure failure = DecodeNodes(id, bytes);
        if (failure != StatePageFailure.None)
            throw new CorruptPageException(id, failure);
    }

    /// <summary>Takes up a page again that was checked when it was kept.</summary>
    /// <exception cref="CorruptPageException">It is malformed, so the program's memory is damaged.</exception>
    public void Load(in StatePageId id, in KeptStatePage kept)
    {
        StatePageFailure failure = DecodeNodes(id, kept.Encoding, kept.Hashes);
        if (failure != StatePageFailure.None)
            throw new CorruptPageException(id, failure);
    }

    /// <summary>Asks for the page to be brought near the processor, if it is not: it is about to be gone through.</summary>
    public void Prefetch()
    {
        CacheLines.Prefetch(MemoryMarshal.AsBytes<StateNodeKind>(_kinds));
        CacheLines.Prefetch(MemoryMarshal.AsBytes<ushort>(_slots));
        CacheLines.Prefetch(MemoryMarshal.AsBytes(_pairs.AsSpan(0, _slotsUsed)));
    }

    /// <summary>Holds the hash of the page's root, which is computed, against what it must be.</summary>
    /// <exception cref="CorruptPageException">It is another one.</exception>
    public void Check(in Digest expected)
    {
        if (HashAt(RootPlace) != expected)
            throw new CorruptPageException(_id, StatePageFailure.WrongRoot);
    }

    /// <summary>Decodes a page and computes its hashes. After a failure the contents are undefined.</summary>
    public StatePageFailure Decode(StatePageId id, ReadOnlySpan<byte> bytes)
    {
        StatePageFailure failure = DecodeNodes(id, bytes);
        if (failure == StatePageFailure.None)
            Rehash();
        return failure;
    }

    /// <summary>Puts a leaf in a place that is empty or holds a leaf.</summary>
    public void SetLeaf(int place, in Digest key, in Digest value)
    {
        if (_kinds[place] != StateNodeKind.Leaf)
            _slots[place] = (ushort)_slotsUsed++;
        _kinds[place] = StateNodeKind.Leaf;
        _pairs[_slots[place]] = new Pair(key, value);
        Mark(_staleLeaves, place);
    }

    /// <summary>Puts the root of a child page in a place at the bottom edge.</summary>
    public void SetChild(int place, in Digest root)
    {
        _kinds[place] = StateNodeKind.Child;
        HashAt(place) = root;
        Unmark(_staleLeaves, place); // of a leaf that was moved here on its way into the child page
    }

    /// <summary>
    /// Makes an inner node of a place above the bottom edge, if it is none, and moves the leaf that stood there down
    /// by one level. Its hash is to be computed.
    /// </summary>
    public void Open(int place, int level)
    {
        Mark(_staleInners, place);
        StateNodeKind kind = _kinds[place];
        if (kind == StateNodeKind.Inner)
            return;
        int leaf = _slots[place];
        _kinds[place] = StateNodeKind.Inner;
        _slots[place] = (ushort)_slotsUsed++;
        SetEmpty(2 * place);
        SetEmpty(2 * place + 1);
        if (kind != StateNodeKind.Leaf)
            return;
        int below = 2 * place + _pairs[leaf].First.Bit(_id.Depth + level);
        _kinds[below] = StateNodeKind.Leaf;
        _slots[below] = (ushort)leaf;
        HashAt(below) = HashAt(place); // a leaf has the same hash at every depth
        if (!IsMarked(_staleLeaves, place))
            return;
        Unmark(_staleLeaves, place);
        Mark(_staleLeaves, below);
    }

    /// <summary>Where the hash of a place stands: in what is hashed for its parent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Digest HashAt(int place) =>
        ref MemoryMarshal.Cast<Pair, Digest>(_pairs.AsSpan())[2 * _slots[place / 2] + place % 2];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsMarked(ulong[] bits, int place) => (bits[place / 64] & 1UL << place) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mark(ulong[] bits, int place) => bits[place / 64] |= 1UL << place; // the shift takes the number modulo 64

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unmark(ulong[] bits, int place) => bits[place / 64] &= ~(1UL << place);

    private void SetEmpty(int place)
    {
        _kinds[place] = StateNodeKind.Empty;
        HashAt(place) = StateHash.Empty;
    }
}
