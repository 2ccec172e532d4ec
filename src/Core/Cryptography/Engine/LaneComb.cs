namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// The combs' sums for many vectors of signatures at once, in affine points: what an addition divides by is inverted together with
/// that of all others.
/// </summary>
/// <remarks>
/// <para>
/// First each column is summed up, one more entry for all columns of all signatures at a time: 5 products and a square. Then
/// the columns are joined, from the last one on the sum is doubled and the next column added: 12 products and 2 squares.
/// </para>
/// <para>
/// Incomplete on purpose, as <see cref="LanePoint{TVector, TLanes}"/>: where two points have the same x, or seem to, the lane
/// goes on with a wrong one and is reported as failed.
/// </para>
/// </remarks>
internal readonly ref struct LaneComb<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    private const int Columns = CombTable.Spacing, Last = Columns - 1;

    // Neighbours in these loops do not wait for each other, so that the processor works on two at once.
    private const int Together = 8;

    // Column c of vector v is at Columns v + c: its sum, then what the addition under way needs.
    private readonly Span<LaneElement<TVector>> _x, _y, _a, _b;
    private readonly SharedInverses<TVector, TLanes> _inverses;
    private readonly Span<TVector> _failed;

    /// <summary>Sums of nothing yet.</summary>
    /// <param name="memory"><see cref="ElementsOf"/> elements, whatever they hold.</param>
    /// <param name="failed">A place for each vector.</param>
    public LaneComb(Span<LaneElement<TVector>> memory, Span<TVector> failed)
    {
        int count = Columns * failed.Length;
        _x = memory[..count];
        _y = memory.Slice(count, count);
        _a = memory.Slice(2 * count, count);
        _b = memory.Slice(3 * count, count);
        _inverses = new(memory.Slice(4 * count, count), memory.Slice(5 * count, SharedInverses<TVector, TLanes>.Chains));
        _failed = failed;
    }

    /// <summary>Elements that so many vectors need.</summary>
    public static int ElementsOf(int vectors) => 5 * Columns * vectors + SharedInverses<TVector, TLanes>.Chains;

    /// <summary>Sums up.</summary>
    /// <param name="codes">For each vector the codes of <see cref="CombDigits"/>.</param>
    /// <param name="signers">For each lane of each vector the table of Q; not read if that is left out.</param>
    /// <param name="firstBlock">The block to begin with: 0, or that of the generator.</param>
    public void Sum(ReadOnlySpan<uint> codes, ReadOnlySpan<CombTable> signers, int firstBlock)
    {
        _failed.Clear();
        for (int v = 0; v < _failed.Length; v++)
        {
            for (int c = 0; c < Columns; c++)
                Load(codes, signers, v, c, firstBlock, out _x[Columns * v + c], out _y[Columns * v + c]);
        }
        for (int block = firstBlock + 1; block < CombDigits.PerColumn; block++)
        {
            Announce(codes, signers, block);
            _inverses.Invert();
            Add();
        }
        for (int c = Last - 1; c >= 0; c--)
        {
            AnnounceDoubleAndAdd(c);
            _inverses.Invert();
            DoubleAndAdd(c);
        }
    }

    /// <summary>A vector's sums; in lanes with ZZ = 0 nothing is known.</summary>
    public void Get(int v, out LanePoint<TVector, TLanes> sum)
    {
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> one, new Words256(1, 0, 0, 0));
        LaneField<TVector, TLanes>.Select(out sum.ZZ, _failed[v], default, one);
        (sum.X, sum.Y, sum.ZZZ) = (_x[Columns * v + Last], _y[Columns * v + Last], sum.ZZ);
    }

    private static void Load(
        ReadOnlySpan<uint> codes, ReadOnlySpan<CombTable> signers, int v, int column, int block,
        out LaneElement<TVector> x, out LaneElement<TVector> y)
    {
        LanePath<TVector, TLanes>.Load(
            block < CombTable.SignerBlocks ? signers.Slice(v * TLanes.Count, TLanes.Count) : LanePath<TVector, TLanes>.Generators,
            codes[(v * CombDigits.Count * TLanes.Count)..], column * CombDigits.PerColumn + block, out x, out y);
    }

    private void Announce(ReadOnlySpan<uint> codes, ReadOnlySpan<CombTable> signers, int block)
    {
        _inverses.Clear();
        for (int v = 0; v < _failed.Length; v++)
        {
            for (int i = Columns * v; i < Columns * (v + 1); i++)
            {
                Load(codes, signers, v, i - Columns * v, block, out LaneElement<TVector> x, out LaneElement<TVector> y);
                LaneField<TVector, TLanes>.Subtract(out _a[i], x, _x[i]);
                LaneField<TVector, TLanes>.Subtract(out _b[i], y, _y[i]);
                _failed[v] = TLanes.Or(_failed[v], _inverses.Include(i, ref _a[i]));
            }
        }
    }

    private void Add()
    {
        Span<LaneElement<TVector>> t = stackalloc LaneElement<TVector>[Columns];
        for (int start = Columns * (_failed.Length - 1); start >= 0; start -= Columns)
        {
            Span<LaneElement<TVector>> x = _x.Slice(start, Columns), y = _y.Slice(start, Columns);
            Span<LaneElement<TVector>> dx = _a.Slice(start, Columns), dy = _b.Slice(start, Columns);
            for (int i = Columns - 1; i >= 0; i--)
                _inverses.Take(start + i, dx[i], out t[i]);
            for (int i = 0; i < Columns; i++)
                LaneField<TVector, TLanes>.MultiplySigned(out dy[i], dy[i], t[i]);
            for (int i = 0; i < Columns; i++)
            {
                // The other x is x + dx.
                LaneField<TVector, TLanes>.Add(out LaneElement<TVector> sum, x[i], x[i]);
                LaneField<TVector, TLanes>.Add(out sum, sum, dx[i]);
                t[i] = x[i];
                LaneField<TVector, TLanes>.SquareLess(out x[i], dy[i], sum);
            }
            for (int i = 0; i < Columns; i++)
            {
                LaneField<TVector, TLanes>.Subtract(out t[i], t[i], x[i]);
                LaneField<TVector, TLanes>.MultiplyLess(out y[i], dy[i], t[i], y[i]);
            }
        }
    }

    // With R the sum and C the column, d = xC - xR, e = yC - yR: the slope of R + C is e / d, and its x less xR is
    // D / d^2, D = e^2 - d^3 - 3 xR d^2. Two slopes are needed, e / d = e D / (d D) and 2 yR / (D / d^2) = 2 yR d^3 / (d D): one
    // inverse serves both.
    private void AnnounceDoubleAndAdd(int column)
    {
        _inverses.Clear();
        Span<LaneElement<TVector>> d = stackalloc LaneElement<TVector>[Together], square = stackalloc LaneElement<TVector>[Together];
        for (int start = 0; start < _failed.Length; start += Together)
        {
            int count = Math.Min(Together, _failed.Length - start);
            for (int i = 0; i < count; i++)
            {
                int own = Columns * (start + i);
                LaneField<TVector, TLanes>.Subtract(out d[i], _x[own + column], _x[own + Last]);
                LaneField<TVector, TLanes>.Square(out square[i], d[i]);
            }
            for (int i = 0; i < count; i++)
            {
                int own = Columns * (start + i);
                LaneField<TVector, TLanes>.MultiplySigned(out _b[own], square[i], d[i]);
                LaneField<TVector, TLanes>.Multiply(out square[i], square[i], _x[own + Last]);
            }
            for (int i = 0; i < count; i++)
            {
                int own = Columns * (start + i);
                LaneField<TVector, TLanes>.Subtract(out LaneElement<TVector> e, _y[own + column], _y[own + Last]);
                LaneField<TVector, TLanes>.ShiftLeft(out LaneElement<TVector> less, square[i], 1);
                LaneField<TVector, TLanes>.Add(out less, less, square[i]);
                LaneField<TVector, TLanes>.Add(out less, less, _b[own]);
                LaneField<TVector, TLanes>.SquareLess(out square[i], e, less);
                LaneField<TVector, TLanes>.ShiftLeft(out LaneElement<TVector> twice, _y[own + Last], 1);
                LaneField<TVector, TLanes>.Multiply(out _b[own], _b[own], twice);
                LaneField<TVector, TLanes>.MultiplySigned(out _a[own], e, square[i]);
            }
            for (int i = 0; i < count; i++)
            {
                int own = Columns * (start + i);
                LaneField<TVector, TLanes>.MultiplySigned(out _a[own + 1], d[i], square[i]);
                _failed[start + i] = TLanes.Or(_failed[start + i], _inverses.Include(start + i, ref _a[own + 1]));
            }
        }
    }

    private void DoubleAndAdd(int column)
    {
        Span<LaneElement<TVector>> inverse = stackalloc LaneElement<TVector>[Together];
        for (int end = _failed.Length; end > 0; end -= Together)
        {
            int start = Math.Max(end - Together, 0);
            for (int v = end - 1; v >= start; v--)
                _inverses.Take(v, _a[Columns * v + 1], out inverse[v - start]);
            for (int v = start; v < end; v++)
            {
                int own = Columns * v;
                LaneField<TVector, TLanes>.Multiply(out _a[own], _a[own], inverse[v - start]);
                LaneField<TVector, TLanes>.Multiply(out _b[own], _b[own], inverse[v - start]);
            }
            for (int v = start; v < end; v++)
            {
                int own = Columns * v;
                // x of R + C drops out of (second slope)^2 - xR - x(R + C).
                LaneField<TVector, TLanes>.Add(out LaneElement<TVector> slope, _a[own], _b[own]);
                LaneField<TVector, TLanes>.Add(out LaneElement<TVector> both, slope, _a[own]);
                LaneField<TVector, TLanes>.MultiplyAdd(out LaneElement<TVector> x, both, _b[own], _x[own + column]);
                LaneField<TVector, TLanes>.Subtract(out LaneElement<TVector> back, x, _x[own + Last]);
                _x[own + Last] = x;
                LaneField<TVector, TLanes>.MultiplyLess(out _y[own + Last], slope, back, _y[own + Last]);
            }
        }
    }
}
