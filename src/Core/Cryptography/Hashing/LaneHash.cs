using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>SHA-256 of many messages, as many at once as there are lanes.</summary>
internal static class LaneHash<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : IHashLanes<TVector>
{
    private const int BlockBytes = 64;
    private const int LengthBytes = sizeof(ulong);
    private const int PairBytes = 2 * Digest.Size;
    private const int BlocksStaged = 8;

    /// <summary>What a call to the platform's hash costs besides its blocks, when one block costs 1.</summary>
    private const double CallCost = 11;

    /// <summary>
    /// parents[i] = SHA-256(prefix | children[2i] | children[2i+1]), for as many of the first pairs as are done faster here
    /// than one by one. The parents may take the children's place, from children[0] or children[1] onwards.
    /// </summary>
    /// <returns>How many were done.</returns>
    [SkipLocalsInit]
    public static int Nodes(byte prefix, ReadOnlySpan<Digest> children, Span<Digest> parents)
    {
        int pairs = children.Length / 2, done = 0;
        Span<byte> few = stackalloc byte[TLanes.Count * BlockBytes];
        Span<TVector> words = stackalloc TVector[LaneCompression<TVector, TLanes>.BlockWords];
        Span<TVector> state = stackalloc TVector[LaneCompression<TVector, TLanes>.StateWords];
        Span<Digest> digests = stackalloc Digest[TLanes.Count];
        while (pairs - done is int left && Math.Min(left, TLanes.Count) * (2 + CallCost) > 2 * TLanes.BlockCost)
        {
            int lanes = Math.Min(left, TLanes.Count);
            scoped ReadOnlySpan<byte> blocks = MemoryMarshal.AsBytes(children.Slice(2 * done, 2 * lanes));
            if (lanes < TLanes.Count)
            {
                blocks.CopyTo(few); // the other lanes hash whatever is there
                blocks = few;
            }
            TLanes.LoadBlocks(blocks, words);
            TVector last = words[^1];
            // The prefix moves everything by a byte: the last of a pair, and the padding, make the second block.
            for (int i = words.Length - 1; i > 0; i--)
                words[i] = TLanes.ByteLater(words[i - 1], words[i]);
            words[0] = TLanes.ByteLater(TLanes.Broadcast(prefix), words[0]);
            LaneCompression<TVector, TLanes>.Begin(state);
            LaneCompression<TVector, TLanes>.Compress(state, words);
            words.Clear();
            words[0] = TLanes.ByteLater(last, TLanes.Broadcast(0x8000_0000));
            words[^1] = TLanes.Broadcast(8 * (1 + PairBytes));
            LaneCompression<TVector, TLanes>.Compress(state, words);
            TLanes.StoreDigests(state, digests);
            digests[..lanes].CopyTo(parents[done..]);
            done += lanes;
        }
        return done;
    }

    /// <summary>digests[i] = SHA-256(tag | messages[i]).</summary>
    public static void Messages(ReadOnlySpan<byte> tag, ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Digest> digests)
    {
        int[] blocks = ArrayPool<int>.Shared.Rent(messages.Length), order = ArrayPool<int>.Shared.Rent(messages.Length);
        bool ascending = true;
        for (int i = 0; i < messages.Length; i++)
        {
            blocks[i] = Blocks(tag.Length + (long)messages[i].Length);
            order[i] = i;
            ascending &= i == 0 || blocks[i - 1] <= blocks[i];
        }
        if (!ascending) // so that those of one length share their passes
            Array.Sort(blocks, order, 0, messages.Length);
        for (int from = 0; from < messages.Length; from += TLanes.Count)
        {
            int lanes = Math.Min(TLanes.Count, messages.Length - from);
            ReadOnlySpan<int> counts = blocks.AsSpan(from, lanes), who = order.AsSpan(from, lanes);
            double alone = lanes * CallCost;
            foreach (int count in counts)
                alone += count;
            if (alone > counts[^1] * TLanes.BlockCost)
                Group(tag, messages, who, counts, digests);
            else
                foreach (int i in who)
                    digests[i] = Sha256.Hash(tag, messages[i].Span);
        }
        ArrayPool<int>.Shared.Return(blocks);
        ArrayPool<int>.Shared.Return(order);
    }

    /// <summary>Hashes the messages of a pass; their numbers of blocks ascend.</summary>
    [SkipLocalsInit]
    private static void Group(
        ReadOnlySpan<byte> tag, ReadOnlySpan<ReadOnlyMemory<byte>> messages, ReadOnlySpan<int> who, ReadOnlySpan<int> counts,
        Span<Digest> digests)
    {
        Span<byte> rows = stackalloc byte[BlocksStaged * TLanes.Count * BlockBytes];
        Span<TVector> words = stackalloc TVector[LaneCompression<TVector, TLanes>.BlockWords];
        Span<TVector> state = stackalloc TVector[LaneCompression<TVector, TLanes>.StateWords];
        Span<Digest> finished = stackalloc Digest[TLanes.Count];
        LaneCompression<TVector, TLanes>.Begin(state);
        int next = 0; // the first lane that is not done
        for (int first = 0; first < counts[^1]; first += BlocksStaged)
        {
            for (int lane = next; lane < who.Length; lane++)
            {
                ReadOnlySpan<byte> message = messages[who[lane]].Span;
                int staged = Math.Min(BlocksStaged, counts[lane] - first);
                for (int b = 0; b < staged; b++)
                {
                    Span<byte> row = rows.Slice((b * TLanes.Count + lane) * BlockBytes, BlockBytes);
                    long start = (long)(first + b) * BlockBytes - tag.Length;
                    if (start >= 0 && message.Length - start >= BlockBytes)
                        Vector512.Create(message.Slice((int)start, BlockBytes)).CopyTo(row);
                    else
                        Fill(row, tag, message, first + b);
                }
            }
            for (int b = 0; b < BlocksStaged && first + b < counts[^1]; b++)
            {
                TLanes.LoadBlocks(rows.Slice(b * TLanes.Count * BlockBytes, TLanes.Count * BlockBytes), words);
                LaneCompression<TVector, TLanes>.Compress(state, words);
                if (counts[next] != first + b + 1)
                    continue;
                TLanes.StoreDigests(state, finished);
                for (; next < who.Length && counts[next] == first + b + 1; next++)
                    digests[who[next]] = finished[next];
            }
        }
    }

    /// <summary>
    /// A first or last block of tag | message | 0x80 | zeros | length in bits (FIPS 180-4, section 5.1.1).
    /// </summary>
    private static void Fill(Span<byte> row, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> message, int block)
    {
        long start = (long)block * BlockBytes - tag.Length; // in the message
        int filled = 0;
        if (start < 0)
        {
            ReadOnlySpan<byte> rest = tag[(tag.Length + (int)start)..];
            filled = Math.Min(rest.Length, BlockBytes);
            rest[..filled].CopyTo(row);
            start += filled;
        }
        if (filled < BlockBytes && start >= 0 && start <= message.Length)
        {
            ReadOnlySpan<byte> rest = message[(int)start..];
            int taken = Math.Min(rest.Length, BlockBytes - filled);
            rest[..taken].CopyTo(row[filled..]);
            filled += taken;
            if (filled < BlockBytes)
                row[filled++] = 0x80;
        }
        row[filled..].Clear();
        long length = (long)tag.Length + message.Length;
        if (block == Blocks(length) - 1)
            BinaryPrimitives.WriteUInt64BigEndian(row[^LengthBytes..], 8 * (ulong)length);
    }

    private static int Blocks(long length) => checked((int)((length + 1 + LengthBytes + BlockBytes - 1) / BlockBytes));
}
