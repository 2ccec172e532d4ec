using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>
/// The compression function of SHA-256 (FIPS 180-4, section 6.2.2) for as many independent messages as there are lanes.
/// </summary>
internal static class LaneCompression<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : IHashLanes<TVector>
{
    /// <summary>Words of a state.</summary>
    public const int StateWords = 8;

    /// <summary>Words of a block.</summary>
    public const int BlockWords = 16;

    private const int Rounds = 64;

    /// <summary>The initial hash value in each lane (section 5.3.3).</summary>
    public static void Begin(Span<TVector> state)
    {
        for (int i = 0; i < StateWords; i++)
            state[i] = TLanes.Broadcast(Constants.Initial[i]);
    }

    /// <summary>Works one block of each lane into its state.</summary>
    [SkipLocalsInit]
    public static void Compress(Span<TVector> state, ReadOnlySpan<TVector> words)
    {
        state = state[..StateWords];
        words = words[..BlockWords];
        TVector a = state[0], b = state[1], c = state[2], d = state[3];
        TVector e = state[4], f = state[5], g = state[6], h = state[7];
        TVector w0 = words[0], w1 = words[1], w2 = words[2], w3 = words[3];
        TVector w4 = words[4], w5 = words[5], w6 = words[6], w7 = words[7];
        TVector w8 = words[8], w9 = words[9], w10 = words[10], w11 = words[11];
        TVector w12 = words[12], w13 = words[13], w14 = words[14], w15 = words[15];
        // The words of the next 16 rounds are made between these: rotates, of which the processor starts fewer at a time than
        // other instructions, are then spread evenly.
        for (int t = 0; t < Rounds - BlockWords; t += BlockWords)
        {
            ReadOnlySpan<uint> k = Constants.Round.Slice(t, BlockWords);
            Round(a, b, c, ref d, e, f, g, ref h, w0, k[0]);
            w0 = Next(w0, w1, w9, w14);
            Round(h, a, b, ref c, d, e, f, ref g, w1, k[1]);
            w1 = Next(w1, w2, w10, w15);
            Round(g, h, a, ref b, c, d, e, ref f, w2, k[2]);
            w2 = Next(w2, w3, w11, w0);
            Round(f, g, h, ref a, b, c, d, ref e, w3, k[3]);
            w3 = Next(w3, w4, w12, w1);
            Round(e, f, g, ref h, a, b, c, ref d, w4, k[4]);
            w4 = Next(w4, w5, w13, w2);
            Round(d, e, f, ref g, h, a, b, ref c, w5, k[5]);
            w5 = Next(w5, w6, w14, w3);
            Round(c, d, e, ref f, g, h, a, ref b, w6, k[6]);
            w6 = Next(w6, w7, w15, w4);
            Round(b, c, d, ref e, f, g, h, ref a, w7, k[7]);
            w7 = Next(w7, w8, w0, w5);
            Round(a, b, c, ref d, e, f, g, ref h, w8, k[8]);
            w8 = Next(w8, w9, w1, w6);
            Round(h, a, b, ref c, d, e, f, ref g, w9, k[9]);
            w9 = Next(w9, w10, w2, w7);
            Round(g, h, a, ref b, c, d, e, ref f, w10, k[10]);
            w10 = Next(w10, w11, w3, w8);
            Round(f, g, h, ref a, b, c, d, ref e, w11, k[11]);
            w11 = Next(w11, w12, w4, w9);
            Round(e, f, g, ref h, a, b, c, ref d, w12, k[12]);
            w12 = Next(w12, w13, w5, w10);
            Round(d, e, f, ref g, h, a, b, ref c, w13, k[13]);
            w13 = Next(w13, w14, w6, w11);
            Round(c, d, e, ref f, g, h, a, ref b, w14, k[14]);
            w14 = Next(w14, w15, w7, w12);
            Round(b, c, d, ref e, f, g, h, ref a, w15, k[15]);
            w15 = Next(w15, w0, w8, w13);
        }
        ReadOnlySpan<uint> last = Constants.Round[^BlockWords..];
        Round(a, b, c, ref d, e, f, g, ref h, w0, last[0]);
        Round(h, a, b, ref c, d, e, f, ref g, w1, last[1]);
        Round(g, h, a, ref b, c, d, e, ref f, w2, last[2]);
        Round(f, g, h, ref a, b, c, d, ref e, w3, last[3]);
        Round(e, f, g, ref h, a, b, c, ref d, w4, last[4]);
        Round(d, e, f, ref g, h, a, b, ref c, w5, last[5]);
        Round(c, d, e, ref f, g, h, a, ref b, w6, last[6]);
        Round(b, c, d, ref e, f, g, h, ref a, w7, last[7]);
        Round(a, b, c, ref d, e, f, g, ref h, w8, last[8]);
        Round(h, a, b, ref c, d, e, f, ref g, w9, last[9]);
        Round(g, h, a, ref b, c, d, e, ref f, w10, last[10]);
        Round(f, g, h, ref a, b, c, d, ref e, w11, last[11]);
        Round(e, f, g, ref h, a, b, c, ref d, w12, last[12]);
        Round(d, e, f, ref g, h, a, b, ref c, w13, last[13]);
        Round(c, d, e, ref f, g, h, a, ref b, w14, last[14]);
        Round(b, c, d, ref e, f, g, h, ref a, w15, last[15]);
        state[0] = TLanes.Add(state[0], a);
        state[1] = TLanes.Add(state[1], b);
        state[2] = TLanes.Add(state[2], c);
        state[3] = TLanes.Add(state[3], d);
        state[4] = TLanes.Add(state[4], e);
        state[5] = TLanes.Add(state[5], f);
        state[6] = TLanes.Add(state[6], g);
        state[7] = TLanes.Add(state[7], h);
    }

    /// <summary>One round, the variables of the next one named anew by the caller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        TVector a, TVector b, TVector c, ref TVector d, TVector e, TVector f, TVector g, ref TVector h, TVector w, uint k)
    {
        TVector one = TLanes.Add(
            TLanes.Add(h, TLanes.AddToEach(w, k)), TLanes.Add(TLanes.Rotations(e, 6, 11, 25), TLanes.Choose(e, f, g)));
        d = TLanes.Add(d, one);
        h = TLanes.Add(one, TLanes.Add(TLanes.Rotations(a, 2, 13, 22), TLanes.Majority(a, b, c)));
    }

    /// <summary>W(t) of W(t - 16), W(t - 15), W(t - 7), W(t - 2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Next(TVector w16, TVector w15, TVector w7, TVector w2) => TLanes.Add(
        TLanes.Add(w16, TLanes.RotationsAndShift(w15, 7, 18, 3)), TLanes.Add(w7, TLanes.RotationsAndShift(w2, 17, 19, 10)));
}
