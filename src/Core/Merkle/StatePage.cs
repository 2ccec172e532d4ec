using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
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
internal sealed class StatePage
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
    public const int BytesMax = 1 + (Edge - 1) + Edge * (1 + 2 * Digest.Size);

    private const int Places = 2 * Edge;
    private const int HashedTogether = 64;
    private const int DeepestDepth = 8 * Digest.Size - Levels;

    private readonly StateNodeKind[] _kinds = new StateNodeKind[Places];
    private readonly ulong[] _stale = new ulong[Places / 64]; // a bit for each place: the hash is to be computed
    private readonly Digest[] _hashes = new Digest[Places];
    private readonly Digest[] _keys = new Digest[Places];
    private readonly Digest[] _values = new Digest[Places];
    private StatePageId _id;

    /// <summary>Hash of the page's root; call <see cref="Rehash"/> first after a change.</summary>
    public Digest Root => _hashes[RootPlace];

    /// <summary>What stands at a place.</summary>
    public StateNodeKind Kind(int place) => _kinds[place];

    /// <summary>The hash at a place, zero where it is empty.</summary>
    public Digest Hash(int place) => _hashes[place];

    /// <summary>The key of the leaf at a place.</summary>
    public Digest Key(int place) => _keys[place];

    /// <summary>The value digest of the leaf at a place.</summary>
    public Digest Value(int place) => _values[place];

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

    /// <summary>Makes this the page of a subtree without leaves.</summary>
    public void Clear(StatePageId id)
    {
        _id = id;
        _stale.AsSpan().Clear();
        SetEmpty(RootPlace);
    }

    /// <summary>Reads, checks and decodes a page whose root must be <paramref name="expected"/>.</summary>
    /// <exception cref="CorruptPageException">It is missing, malformed or another one.</exception>
    public void Read(IStatePageReader pages, StatePageId id, Digest expected)
    {
        Load(pages, id);
        Rehash();
        Check(expected);
    }

    /// <summary>
    /// Reads and decodes a page and leaves its hashes to <see cref="Rehash(ReadOnlySpan{StatePage})"/>, which takes several
    /// pages together; nothing of it may be used before <see cref="Check"/>.
    /// </summary>
    /// <exception cref="CorruptPageException">It is missing or malformed.</exception>
    public void Load(IStatePageReader pages, StatePageId id)
    {
        StatePageFailure failure = pages.TryGetPage(id) is ReadOnlyMemory<byte> bytes
            ? DecodeNodes(id, bytes.Span)
            : StatePageFailure.Missing;
        if (failure != StatePageFailure.None)
            throw new CorruptPageException(id, failure);
    }

    /// <summary>Holds the hash of the page's root, which is computed, against what it must be.</summary>
    /// <exception cref="CorruptPageException">It is another one.</exception>
    public void Check(Digest expected)
    {
        if (Root != expected)
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

    private StatePageFailure DecodeNodes(StatePageId id, ReadOnlySpan<byte> bytes)
    {
        _id = id;
        _stale.AsSpan().Clear();
        if (bytes.IsEmpty)
            return StatePageFailure.Truncated;
        if (bytes[0] != EncodingVersion)
            return StatePageFailure.UnknownVersion;
        bytes = bytes[1..];
        StatePageFailure failure = DecodeNode(ref bytes, RootPlace, 0);
        if (failure != StatePageFailure.None)
            return failure;
        if (!bytes.IsEmpty)
            return StatePageFailure.TrailingBytes;
        if (_kinds[RootPlace] != StateNodeKind.Inner && (id.Depth != 0 || _kinds[RootPlace] == StateNodeKind.Empty))
            return StatePageFailure.NotCompact;
        return StatePageFailure.None;
    }

    /// <summary>The canonical encoding.</summary>
    public byte[] Encode()
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(BytesMax);
        rented[0] = EncodingVersion;
        int length = 1;
        for (int place = RootPlace; place != 0; place = After(place))
            EncodeNode(rented, ref length, place);
        byte[] bytes = rented.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(rented);
        return bytes;
    }

    /// <summary>Computes the hashes of the leaves that were set and of the inner nodes above changes.</summary>
    public void Rehash()
    {
        StatePage self = this;
        Rehash(new ReadOnlySpan<StatePage>(in self));
    }

    /// <summary>The same for several pages, none of which holds another's hash: they share the lanes of a pass.</summary>
    public static void Rehash(ReadOnlySpan<StatePage> pages)
    {
        RehashStale(pages, StateNodeKind.Leaf, RootPlace, Places); // leaves wait for nobody
        for (int first = Edge / 2; first >= RootPlace; first /= 2) // inner nodes only for those of the next level
            RehashStale(pages, StateNodeKind.Inner, first, 2 * first);
    }

    /// <summary>Puts a leaf in a place.</summary>
    public void SetLeaf(int place, in Digest key, in Digest value)
    {
        _kinds[place] = StateNodeKind.Leaf;
        _keys[place] = key;
        _values[place] = value;
        SetStale(place);
    }

    /// <summary>Puts the root of a child page in a place at the bottom edge.</summary>
    public void SetChild(int place, in Digest root)
    {
        _kinds[place] = StateNodeKind.Child;
        _hashes[place] = root;
        _stale[place / 64] &= ~(1UL << place); // of a leaf that was moved here on its way into the child page
    }

    /// <summary>
    /// Makes an inner node of a place above the bottom edge, if it is none, and moves the leaf that stood there down
    /// by one level. Its hash is to be computed.
    /// </summary>
    public void Open(int place, int level)
    {
        SetStale(place);
        if (_kinds[place] == StateNodeKind.Inner)
            return;
        bool hadLeaf = _kinds[place] == StateNodeKind.Leaf;
        _kinds[place] = StateNodeKind.Inner;
        SetEmpty(2 * place);
        SetEmpty(2 * place + 1);
        if (hadLeaf)
            SetLeaf(2 * place + _keys[place].Bit(_id.Depth + level), _keys[place], _values[place]);
    }

    /// <summary>Hashes what is stale and of a kind among the places [from, to), gathered from wherever it stands.</summary>
    [SkipLocalsInit]
    private static void RehashStale(ReadOnlySpan<StatePage> pages, StateNodeKind kind, int from, int to)
    {
        Span<(int Page, int Place)> places = stackalloc (int, int)[HashedTogether];
        Span<Digest> pairs = stackalloc Digest[2 * HashedTogether];
        int count = 0;
        for (int p = 0; p < pages.Length; p++)
        {
            StatePage page = pages[p];
            for (int first = from & ~63; first < to; first += 64)
            {
                ulong stale = page._stale[first / 64];
                if (first < from)
                    stale &= ulong.MaxValue << from;
                if (first + 64 > to)
                    stale &= (1UL << to) - 1;
                for (; stale != 0; stale &= stale - 1)
                {
                    int place = first + BitOperations.TrailingZeroCount(stale);
                    if (page._kinds[place] != kind)
                        continue;
                    page._stale[first / 64] &= ~(1UL << place);
                    places[count] = (p, place);
                    pairs[2 * count] = kind == StateNodeKind.Leaf ? page._keys[place] : page._hashes[2 * place];
                    pairs[2 * count + 1] = kind == StateNodeKind.Leaf ? page._values[place] : page._hashes[2 * place + 1];
                    if (++count < HashedTogether)
                        continue;
                    HashPairs(pages, kind, places, pairs);
                    count = 0;
                }
            }
        }
        HashPairs(pages, kind, places[..count], pairs[..(2 * count)]);
    }

    [SkipLocalsInit]
    private static void HashPairs(
        ReadOnlySpan<StatePage> pages, StateNodeKind kind, ReadOnlySpan<(int Page, int Place)> places, ReadOnlySpan<Digest> pairs)
    {
        Span<Digest> hashes = stackalloc Digest[HashedTogether];
        if (kind == StateNodeKind.Leaf)
            StateHash.Leaves(pairs, hashes);
        else
            StateHash.Inners(pairs, hashes);
        for (int i = 0; i < places.Length; i++)
            pages[places[i].Page]._hashes[places[i].Place] = hashes[i];
    }

    private void SetStale(int place) => _stale[place / 64] |= 1UL << place; // the shift takes the number modulo 64

    private void SetEmpty(int place)
    {
        _kinds[place] = StateNodeKind.Empty;
        _hashes[place] = StateHash.Empty;
    }

    private StatePageFailure DecodeNode(ref ReadOnlySpan<byte> bytes, int place, int level)
    {
        if (bytes.IsEmpty)
            return StatePageFailure.Truncated;
        var kind = (StateNodeKind)bytes[0];
        bytes = bytes[1..];
        switch (kind)
        {
            case StateNodeKind.Empty:
                SetEmpty(place);
                return StatePageFailure.None;
            case StateNodeKind.Leaf:
                return DecodeLeaf(ref bytes, place, level);
            case StateNodeKind.Inner:
                return level < Levels ? DecodeInner(ref bytes, place, level) : StatePageFailure.WrongLevel;
            case StateNodeKind.Child:
                return level == Levels && _id.Depth < DeepestDepth
                    ? DecodeChild(ref bytes, place)
                    : StatePageFailure.WrongLevel;
            default:
                return StatePageFailure.UnknownKind;
        }
    }

    private StatePageFailure DecodeLeaf(ref ReadOnlySpan<byte> bytes, int place, int level)
    {
        if (bytes.Length < 2 * Digest.Size)
            return StatePageFailure.Truncated;
        ReadOnlySpan<byte> key = bytes[..Digest.Size];
        int prefix = _id.Depth / 8;
        if (!key[..prefix].SequenceEqual(_id.Prefix.Span[..prefix]) || Place(key[prefix], level) != place)
            return StatePageFailure.LeafOutOfPlace;
        SetLeaf(place, new Digest(key), new Digest(bytes.Slice(Digest.Size, Digest.Size)));
        bytes = bytes[(2 * Digest.Size)..];
        return StatePageFailure.None;
    }

    private StatePageFailure DecodeInner(ref ReadOnlySpan<byte> bytes, int place, int level)
    {
        _kinds[place] = StateNodeKind.Inner;
        SetStale(place);
        StatePageFailure failure = DecodeNode(ref bytes, 2 * place, level + 1);
        if (failure == StatePageFailure.None)
            failure = DecodeNode(ref bytes, 2 * place + 1, level + 1);
        if (failure != StatePageFailure.None)
            return failure;
        StateNodeKind left = _kinds[2 * place], right = _kinds[2 * place + 1];
        bool compact = (left, right) switch
        {
            (StateNodeKind.Empty, _) => right is StateNodeKind.Inner or StateNodeKind.Child,
            (_, StateNodeKind.Empty) => left is StateNodeKind.Inner or StateNodeKind.Child,
            _ => true,
        };
        return compact ? StatePageFailure.None : StatePageFailure.NotCompact;
    }

    private StatePageFailure DecodeChild(ref ReadOnlySpan<byte> bytes, int place)
    {
        if (bytes.Length < Digest.Size)
            return StatePageFailure.Truncated;
        SetChild(place, new Digest(bytes[..Digest.Size]));
        bytes = bytes[Digest.Size..];
        return _hashes[place] == StateHash.Empty ? StatePageFailure.NotCompact : StatePageFailure.None;
    }

    private void EncodeNode(Span<byte> bytes, ref int length, int place)
    {
        bytes[length++] = (byte)_kinds[place];
        switch (_kinds[place])
        {
            case StateNodeKind.Leaf:
                Put(bytes, ref length, _keys[place]);
                Put(bytes, ref length, _values[place]);
                break;
            case StateNodeKind.Child:
                Put(bytes, ref length, _hashes[place]);
                break;
        }
    }

    /// <summary>The node that follows in the encoding: parents first, left before right; 0 after the last.</summary>
    private int After(int place)
    {
        if (_kinds[place] == StateNodeKind.Inner)
            return 2 * place;
        int left = place >> BitOperations.TrailingZeroCount(~place); // where a right child ends, so do all that end with it
        return left == 0 ? 0 : left + 1;
    }

    private static void Put(Span<byte> bytes, ref int length, in Digest digest)
    {
        digest.CopyTo(bytes[length..]);
        length += Digest.Size;
    }
}
