using System.Buffers;
using System.Runtime.Intrinsics;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Verifies batches of signatures, given the tables of the signers that have one. Pure; safe from any thread.</summary>
/// <remarks>
/// Every answer is computed on its own: a wrong signature costs what a right one does, and a lane on which the vectors'
/// formulas fail is computed again by the complete ones. What a batch shares are inversions: of s, and
/// of what additions divide by, where it is large.
/// </remarks>
internal static class VerificationEngine
{
    /// <summary>Checks that share an inversion: enough to make it cheap, few enough for the stack.</summary>
    public const int ChunkMax = 256;

    /// <summary>Sets <c>results[i]</c> to whether <c>checks[i]</c> is valid.</summary>
    /// <param name="path">How; the processor has it.</param>
    /// <param name="checks">At most <see cref="ChunkMax"/>.</param>
    /// <param name="tables">As many: the signer's table, or null.</param>
    /// <param name="results">As many.</param>
    public static void Verify(
        EnginePath path, ReadOnlySpan<SignatureCheck> checks, ReadOnlySpan<CombTable?> tables, Span<bool> results)
    {
        Span<Scalar> halves = stackalloc Scalar[2 * checks.Length];
        BatchScalars.Write(checks, halves);
        Span<int> known = stackalloc int[checks.Length], unknown = stackalloc int[checks.Length];
        int knownCount = 0, unknownCount = 0;
        for (int i = 0; i < checks.Length; i++)
        {
            results[i] = false;
            if (!checks[i].Signature.IsLowS || checks[i].Signature == default)
                continue;
            if (tables[i] is null)
                unknown[unknownCount++] = i;
            else
                known[knownCount++] = i;
        }
        Work work = new(checks, tables, halves, results);
        switch (path)
        {
            case EnginePath.Avx512:
                Lanes<Vector512<ulong>, Lanes512>.Run(work, known[..knownCount], unknown[..unknownCount]);
                break;
            case EnginePath.Avx2:
                Lanes<Vector256<ulong>, Lanes256>.Run(work, known[..knownCount], unknown[..unknownCount]);
                break;
            default:
                foreach (int i in known[..knownCount])
                    work.VerifyAlone(i);
                foreach (int i in unknown[..unknownCount])
                    work.VerifyAlone(i);
                break;
        }
    }

    private readonly ref struct Work(
        ReadOnlySpan<SignatureCheck> checks, ReadOnlySpan<CombTable?> tables, ReadOnlySpan<Scalar> halves, Span<bool> results)
    {
        public readonly ReadOnlySpan<SignatureCheck> Checks = checks;
        public readonly ReadOnlySpan<CombTable?> Tables = tables;
        public readonly ReadOnlySpan<Scalar> Halves = halves;
        public readonly Span<bool> Results = results;

        public void VerifyAlone(int i)
        {
            Span<uint> codes = stackalloc uint[CombDigits.Count];
            CombDigits.WriteGenerator(Halves[2 * i], codes, 1);
            CurvePoint sum;
            if (Tables[i] is { } table)
            {
                CombDigits.WriteSigner(Halves[2 * i + 1], codes, 1);
                sum = PortablePath.Sum(codes, 1, table);
            }
            else
            {
                Span<uint> digits = stackalloc uint[2 * SplitScalar.Digits];
                SplitScalar.Write((Halves[2 * i + 1] + Halves[2 * i + 1]).ToWords(), digits, 1);
                sum = PortablePath.Sum(codes, digits, 1, AffinePoint.Of(Checks[i].Signer));
            }
            Results[i] = !sum.IsInfinity && FinalComparison.Holds(sum.X * FieldElement.One, sum.ZZ, Checks[i].Signature);
        }
    }

    private static class Lanes<TVector, TLanes>
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        // From so many vectors on, inversions that all of them share cost less than they save.
        private const int SharingMin = 16;

        public static void Run(Work work, ReadOnlySpan<int> known, ReadOnlySpan<int> unknown)
        {
            if (Vectors(known) >= SharingMin)
            {
                RunKnownTogether(work, known);
                known = [];
            }
            if (Vectors(unknown) >= SharingMin)
            {
                RunUnknownTogether(work, unknown);
                unknown = [];
            }
            Span<uint> codes = stackalloc uint[CombDigits.Count * TLanes.Count];
            CombTable[] tables = ArrayPool<CombTable>.Shared.Rent(TLanes.Count);
            while (known.Length >= TLanes.UsedMin)
            {
                ReadOnlySpan<int> group = Group(known, 0);
                WriteKnown(work, group, codes, tables);
                LanePath<TVector, TLanes>.Sum(codes, tables.AsSpan(0, TLanes.Count), out LanePoint<TVector, TLanes> sum);
                Compare(work, group, sum);
                known = known[group.Length..];
            }
            ArrayPool<CombTable>.Shared.Return(tables, clearArray: true);
            while (unknown.Length >= TLanes.UsedMin)
            {
                ReadOnlySpan<int> group = Group(unknown, 0);
                WriteGenerators(work, group, codes);
                LanePath<TVector, TLanes>.GeneratorSum(codes, out LanePoint<TVector, TLanes> generators);
                RunUnknown(work, group, new ReadOnlySpan<LanePoint<TVector, TLanes>>(in generators));
                unknown = unknown[group.Length..];
            }
            foreach (int i in known)
                work.VerifyAlone(i);
            foreach (int i in unknown)
                work.VerifyAlone(i);
        }

        private static void RunKnownTogether(Work work, ReadOnlySpan<int> known)
        {
            int vectors = Vectors(known);
            uint[] codes = ArrayPool<uint>.Shared.Rent(CombDigits.Count * TLanes.Count * vectors);
            CombTable[] tables = ArrayPool<CombTable>.Shared.Rent(TLanes.Count * vectors);
            LaneElement<TVector>[] memory =
                ArrayPool<LaneElement<TVector>>.Shared.Rent(LaneComb<TVector, TLanes>.ElementsOf(vectors));
            Span<TVector> failed = stackalloc TVector[vectors];
            for (int v = 0; v < vectors; v++)
                WriteKnown(
                    work, Group(known, v), codes.AsSpan(CombDigits.Count * TLanes.Count * v), tables.AsSpan(TLanes.Count * v));
            LaneComb<TVector, TLanes> comb = new(memory, failed);
            comb.Sum(codes, tables, 0);
            for (int v = 0; v < vectors; v++)
            {
                comb.Get(v, out LanePoint<TVector, TLanes> sum);
                Compare(work, Group(known, v), sum);
            }
            ArrayPool<LaneElement<TVector>>.Shared.Return(memory);
            ArrayPool<CombTable>.Shared.Return(tables, clearArray: true);
            ArrayPool<uint>.Shared.Return(codes);
        }

        private static void RunUnknownTogether(Work work, ReadOnlySpan<int> unknown)
        {
            int vectors = Vectors(unknown);
            uint[] codes = ArrayPool<uint>.Shared.Rent(CombDigits.Count * TLanes.Count * vectors);
            LaneElement<TVector>[] memory =
                ArrayPool<LaneElement<TVector>>.Shared.Rent(LaneComb<TVector, TLanes>.ElementsOf(vectors));
            Span<TVector> failed = stackalloc TVector[vectors];
            for (int v = 0; v < vectors; v++)
                WriteGenerators(work, Group(unknown, v), codes.AsSpan(CombDigits.Count * TLanes.Count * v));
            LaneComb<TVector, TLanes> comb = new(memory, failed);
            comb.Sum(codes, [], CombTable.SignerBlocks);
            Span<LanePoint<TVector, TLanes>> generators =
                stackalloc LanePoint<TVector, TLanes>[LaneJacobian<TVector, TLanes>.Together];
            for (int v = 0; v < vectors; v += generators.Length)
            {
                int count = Math.Min(generators.Length, vectors - v);
                for (int i = 0; i < count; i++)
                    comb.Get(v + i, out generators[i]);
                RunUnknown(work, unknown[(v * TLanes.Count)..], generators[..count]);
            }
            ArrayPool<LaneElement<TVector>>.Shared.Return(memory);
            ArrayPool<uint>.Shared.Return(codes);
        }

        // As many vectors as there are sums of the generator's multiples, from the first of the signatures on.
        private static void RunUnknown(Work work, ReadOnlySpan<int> unknown, ReadOnlySpan<LanePoint<TVector, TLanes>> generators)
        {
            Span<uint> digits = stackalloc uint[2 * SplitScalar.Digits * TLanes.Count * generators.Length];
            Span<Words256> xs = stackalloc Words256[TLanes.Count], ys = stackalloc Words256[TLanes.Count];
            Span<LaneElement<TVector>> x = stackalloc LaneElement<TVector>[generators.Length], y = stackalloc LaneElement<TVector>[generators.Length];
            for (int v = 0; v < generators.Length; v++)
            {
                ReadOnlySpan<int> group = Group(unknown, v);
                for (int lane = 0; lane < TLanes.Count; lane++)
                {
                    int i = group[Math.Min(lane, group.Length - 1)];
                    SplitScalar.Write(
                        (work.Halves[2 * i + 1] + work.Halves[2 * i + 1]).ToWords(),
                        digits[(2 * SplitScalar.Digits * v * TLanes.Count + lane)..], TLanes.Count);
                    ReadOnlySpan<byte> point = work.Checks[i].Signer.Uncompressed;
                    (xs[lane], ys[lane]) = (Words256.Read(point[1..33]), Words256.Read(point[33..]));
                }
                LaneField<TVector, TLanes>.FromWords(out x[v], xs);
                LaneField<TVector, TLanes>.FromWords(out y[v], ys);
            }
            Span<LanePoint<TVector, TLanes>> sums = stackalloc LanePoint<TVector, TLanes>[generators.Length];
            LanePath<TVector, TLanes>.Sum(digits, x, y, sums);
            for (int v = 0; v < generators.Length; v++)
            {
                sums[v].Add(generators[v]);
                Compare(work, Group(unknown, v), sums[v]);
            }
        }

        private static int Vectors(ReadOnlySpan<int> checks) => (checks.Length + TLanes.Count - 1) / TLanes.Count;

        private static ReadOnlySpan<int> Group(ReadOnlySpan<int> checks, int vector) =>
            checks.Slice(vector * TLanes.Count, Math.Min(TLanes.Count, checks.Length - vector * TLanes.Count));

        // Lanes without a signature of their own repeat the last one.
        private static void WriteKnown(Work work, ReadOnlySpan<int> group, Span<uint> codes, Span<CombTable> tables)
        {
            WriteGenerators(work, group, codes);
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                int i = group[Math.Min(lane, group.Length - 1)];
                CombDigits.WriteSigner(work.Halves[2 * i + 1], codes[lane..], TLanes.Count);
                tables[lane] = work.Tables[i]!;
            }
        }

        private static void WriteGenerators(Work work, ReadOnlySpan<int> group, Span<uint> codes)
        {
            for (int lane = 0; lane < TLanes.Count; lane++)
                CombDigits.WriteGenerator(work.Halves[2 * group[Math.Min(lane, group.Length - 1)]], codes[lane..], TLanes.Count);
        }

        private static void Compare(Work work, ReadOnlySpan<int> group, in LanePoint<TVector, TLanes> sum)
        {
            for (int lane = 0; lane < group.Length; lane++)
            {
                int i = group[lane];
                FieldElement zz = LaneField<TVector, TLanes>.Extract(sum.ZZ, lane);
                if (zz.IsZero())
                    work.VerifyAlone(i);
                else
                    work.Results[i] = FinalComparison.Holds(
                        LaneField<TVector, TLanes>.Extract(sum.X, lane), zz, work.Checks[i].Signature);
            }
        }
    }
}
