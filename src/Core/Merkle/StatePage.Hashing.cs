using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

// Hashes of several pages at once: nodes of a level wait only for those of the next, in whichever page they stand.
internal sealed partial class StatePage
{
    private const int HashedTogether = 64;

    /// <summary>Computes the hashes of the leaves that were set and of the inner nodes above changes.</summary>
    public void Rehash()
    {
        StatePage self = this;
        Rehash(new ReadOnlySpan<StatePage>(in self));
    }

    /// <summary>The same for several pages, none of which holds another's hash: they share the lanes of a pass.</summary>
    public static void Rehash(ReadOnlySpan<StatePage> pages)
    {
        Rehash(pages, leaves: true, RootPlace, Places); // leaves wait for nobody
        for (int first = Edge / 2; first >= RootPlace; first /= 2)
            Rehash(pages, leaves: false, first, 2 * first);
    }

    /// <summary>Hashes what is stale, leaves or inner nodes, among the places [from, to), gathered from wherever it stands.</summary>
    [SkipLocalsInit]
    private static void Rehash(ReadOnlySpan<StatePage> pages, bool leaves, int from, int to)
    {
        Span<(int Page, int Place)> places = stackalloc (int, int)[HashedTogether];
        Span<Pair> pairs = stackalloc Pair[HashedTogether];
        int count = 0;
        for (int p = 0; p < pages.Length; p++)
        {
            StatePage page = pages[p];
            ulong[] bits = leaves ? page._staleLeaves : page._staleInners;
            for (int first = from & ~63; first < to; first += 64)
            {
                ulong inside = (first < from ? ulong.MaxValue << from : ulong.MaxValue)
                    & (first + 64 > to ? (1UL << to) - 1 : ulong.MaxValue);
                ulong stale = bits[first / 64] & inside;
                if (stale == 0)
                    continue;
                bits[first / 64] &= ~inside;
                for (; stale != 0; stale &= stale - 1)
                {
                    int place = first + BitOperations.TrailingZeroCount(stale);
                    places[count] = (p, place);
                    pairs[count] = page._pairs[page._slots[place]];
                    if (++count < HashedTogether)
                        continue;
                    HashPairs(pages, leaves, places, pairs);
                    count = 0;
                }
            }
        }
        HashPairs(pages, leaves, places[..count], pairs[..count]);
    }

    [SkipLocalsInit]
    private static void HashPairs(
        ReadOnlySpan<StatePage> pages, bool leaves, ReadOnlySpan<(int Page, int Place)> places, ReadOnlySpan<Pair> pairs)
    {
        Span<Digest> hashes = stackalloc Digest[HashedTogether];
        ReadOnlySpan<Digest> digests = MemoryMarshal.Cast<Pair, Digest>(pairs);
        if (leaves)
            StateHash.Leaves(digests, hashes);
        else
            StateHash.Inners(digests, hashes);
        for (int i = 0; i < places.Length; i++)
            pages[places[i].Page].HashAt(places[i].Place) = hashes[i];
    }
}
