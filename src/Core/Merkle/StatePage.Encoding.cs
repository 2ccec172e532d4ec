using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

// The encoding: nodes from the root downwards, left before right (the section "State tree" of the specification).
internal sealed partial class StatePage
{
    /// <summary>The canonical encoding.</summary>
    public byte[] Encode() => Encode([], out _);

    /// <summary>The canonical encoding, which is also kept for <see cref="Load(in StatePageId, in KeptStatePage)"/>.</summary>
    [SkipLocalsInit]
    public byte[] EncodeToKeep(StatePagesBelow below, int place)
    {
        Span<Digest> hashes = stackalloc Digest[Places];
        byte[] bytes = Encode(hashes, out int count);
        below.Put(place, bytes, hashes[..count]);
        return bytes;
    }

    private byte[] Encode(Span<Digest> hashes, out int count)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(BytesMax);
        rented[0] = EncodingVersion;
        int length = 1;
        count = 0;
        for (int place = RootPlace; place != 0;)
        {
            StateNodeKind kind = _kinds[place];
            rented[length++] = (byte)kind;
            if (!hashes.IsEmpty && kind is (StateNodeKind.Inner or StateNodeKind.Leaf))
                hashes[count++] = HashAt(place);
            if (kind == StateNodeKind.Inner)
            {
                place = 2 * place;
                continue;
            }
            if (kind == StateNodeKind.Leaf)
            {
                MemoryMarshal.Write(rented.AsSpan(length), in _pairs[_slots[place]]);
                length += LeafBytes;
            }
            else if (kind == StateNodeKind.Child)
            {
                MemoryMarshal.Write(rented.AsSpan(length), in HashAt(place));
                length += Digest.Size;
            }
            place = After(place);
        }
        byte[] bytes = rented.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(rented);
        return bytes;
    }

    /// <summary>
    /// Decodes strictly and leaves the hashes to <see cref="Rehash(ReadOnlySpan{StatePage})"/>. After a failure the contents
    /// are undefined.
    /// </summary>
    public StatePageFailure DecodeNodes(StatePageId id, ReadOnlySpan<byte> bytes) => DecodeNodes(id, bytes, []);

    // With the hashes of leaves and inner nodes in the encoding's order, or without any.
    private StatePageFailure DecodeNodes(in StatePageId id, ReadOnlySpan<byte> bytes, ReadOnlySpan<Digest> hashes)
    {
        Clear(id);
        if (bytes.IsEmpty)
            return StatePageFailure.Truncated;
        if (bytes[0] != EncodingVersion)
            return StatePageFailure.UnknownVersion;
        int at = 1;
        for (int place = RootPlace; ;)
        {
            if (at == bytes.Length)
                return StatePageFailure.Truncated;
            var kind = (StateNodeKind)bytes[at++];
            _kinds[place] = kind;
            if (kind == StateNodeKind.Inner)
            {
                if (place >= Edge)
                    return StatePageFailure.WrongLevel;
                _slots[place] = (ushort)_slotsUsed++;
                SetHash(_staleInners, place, ref hashes);
                place = 2 * place;
                continue;
            }
            StatePageFailure failure = kind switch
            {
                StateNodeKind.Leaf => DecodeLeaf(bytes[at..], place, ref hashes),
                StateNodeKind.Child => DecodeChild(bytes[at..], place),
                StateNodeKind.Empty => StatePageFailure.None,
                _ => StatePageFailure.UnknownKind,
            };
            if (failure != StatePageFailure.None)
                return failure;
            if (kind == StateNodeKind.Leaf)
                at += LeafBytes;
            else if (kind == StateNodeKind.Child)
                at += Digest.Size;
            else
                HashAt(place) = StateHash.Empty;
            int next = After(place);
            // Each inner node that ends here has both of its children.
            for (; place > RootPlace && (place & 1) != 0; place /= 2)
            {
                if (!IsCompact(_kinds[place - 1], _kinds[place]))
                    return StatePageFailure.NotCompact;
            }
            if (next == 0)
                break;
            place = next;
        }
        if (at != bytes.Length)
            return StatePageFailure.TrailingBytes;
        return _kinds[RootPlace] != StateNodeKind.Inner && (id.Depth != 0 || _kinds[RootPlace] == StateNodeKind.Empty)
            ? StatePageFailure.NotCompact
            : StatePageFailure.None;
    }

    private void SetHash(ulong[] stale, int place, ref ReadOnlySpan<Digest> hashes)
    {
        if (hashes.IsEmpty)
        {
            Mark(stale, place);
            return;
        }
        HashAt(place) = hashes[0];
        hashes = hashes[1..];
    }

    private StatePageFailure DecodeLeaf(ReadOnlySpan<byte> bytes, int place, ref ReadOnlySpan<Digest> hashes)
    {
        if (bytes.Length < LeafBytes)
            return StatePageFailure.Truncated;
        int prefix = _id.Depth / 8, level = BitOperations.Log2((uint)place);
        if (Place(bytes[prefix], level) != place || !bytes[..prefix].SequenceEqual(_id.Prefix.Span[..prefix]))
            return StatePageFailure.LeafOutOfPlace;
        _slots[place] = (ushort)_slotsUsed;
        _pairs[_slotsUsed++] = MemoryMarshal.Read<Pair>(bytes);
        SetHash(_staleLeaves, place, ref hashes);
        return StatePageFailure.None;
    }

    private StatePageFailure DecodeChild(ReadOnlySpan<byte> bytes, int place)
    {
        if (place < Edge || _id.Depth >= DeepestDepth)
            return StatePageFailure.WrongLevel;
        if (bytes.Length < Digest.Size)
            return StatePageFailure.Truncated;
        var root = MemoryMarshal.Read<Digest>(bytes);
        HashAt(place) = root;
        return root == StateHash.Empty ? StatePageFailure.NotCompact : StatePageFailure.None;
    }

    /// <summary>Whether an inner node may have these children: two leaves or more below them.</summary>
    private static bool IsCompact(StateNodeKind left, StateNodeKind right) => (left, right) switch
    {
        (StateNodeKind.Empty, _) => right is StateNodeKind.Inner or StateNodeKind.Child,
        (_, StateNodeKind.Empty) => left is StateNodeKind.Inner or StateNodeKind.Child,
        _ => true,
    };

    /// <summary>The place that follows in the encoding where nothing is below this one; 0 after the last.</summary>
    private static int After(int place)
    {
        int left = place >> BitOperations.TrailingZeroCount(~place); // where a right child ends, so do all that end with it
        return left == 0 ? 0 : left + 1;
    }
}
