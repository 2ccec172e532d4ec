namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Points (X / Z^2, Y / Z^3) of a curve y^2 = x^3 + b, one in each lane of a vector or a few: beside
/// <see cref="LanePoint{TVector, TLanes}"/> what most steps double, as Z alone goes through a doubling. All coordinates are reduced.
/// </summary>
/// <remarks>
/// <para>
/// A step of a doubling mostly waits for the one before, so the vectors take turns: of two, the processor works on one while
/// the other waits.
/// </para>
/// <para>
/// Incomplete on purpose: equal or opposite points in an addition give Z = 0 modulo p, and every later operation multiplies Z, so it
/// stays 0 to the end.
/// </para>
/// </remarks>
internal readonly ref struct LaneJacobian<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>Vectors that are worth taking turns.</summary>
    public const int Together = 2;

    private readonly Span<LaneElement<TVector>> _x, _y, _z, _s, _t, _u, _v;

    /// <summary>Points that are set next.</summary>
    /// <param name="memory"><see cref="ElementsOf"/> elements, whatever they hold.</param>
    /// <param name="vectors">How many vectors.</param>
    public LaneJacobian(Span<LaneElement<TVector>> memory, int vectors)
    {
        _x = memory[..vectors];
        _y = memory.Slice(vectors, vectors);
        _z = memory.Slice(2 * vectors, vectors);
        _s = memory.Slice(3 * vectors, vectors);
        _t = memory.Slice(4 * vectors, vectors);
        _u = memory.Slice(5 * vectors, vectors);
        _v = memory.Slice(6 * vectors, vectors);
    }

    /// <summary>Elements that so many vectors need.</summary>
    public static int ElementsOf(int vectors) => 7 * vectors;

    /// <summary>Become the affine points (x, y); y may have been negated.</summary>
    public void Set(ReadOnlySpan<LaneElement<TVector>> x, ReadOnlySpan<LaneElement<TVector>> y)
    {
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> one, new Words256(1, 0, 0, 0));
        for (int i = 0; i < _x.Length; i++)
        {
            (_x[i], _z[i]) = (x[i], one);
            LaneField<TVector, TLanes>.MultiplySigned(out _y[i], y[i], one);
        }
    }

    /// <summary>Become their doubles, negated: so the last square is added to a product, and reduced with it.</summary>
    /// <remarks>With m = 3/2 x^2, s = x y^2: x' = m^2 - 2 s, y' = m (s - x') - y^4, z' = y z.</remarks>
    public void DoubleAndNegate()
    {
        Span<LaneElement<TVector>> yy = _t, m = _u, s = _s;
        for (int i = 0; i < _x.Length; i++)
            LaneField<TVector, TLanes>.Square(out yy[i], _y[i]);
        for (int i = 0; i < _x.Length; i++)
            LaneField<TVector, TLanes>.Square(out m[i], _x[i]);
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Multiply(out s[i], _x[i], yy[i]);
            LaneField<TVector, TLanes>.HalfOfThrice(out m[i], m[i]);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Multiply(out _z[i], _z[i], _y[i]);
            LaneField<TVector, TLanes>.Add(out LaneElement<TVector> twice, s[i], s[i]);
            LaneField<TVector, TLanes>.SquareLess(out _x[i], m[i], twice);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Subtract(out s[i], _x[i], s[i]);
            LaneField<TVector, TLanes>.MultiplyAndSquare(out _y[i], m[i], s[i], yy[i]);
        }
    }

    /// <summary>Adds affine points (x, y), x reduced and y of magnitude 1.</summary>
    public void Add(ReadOnlySpan<LaneElement<TVector>> x, ReadOnlySpan<LaneElement<TVector>> y)
    {
        Span<LaneElement<TVector>> p = _s, r = _t, pp = _u, q = _v;
        for (int i = 0; i < _x.Length; i++)
            LaneField<TVector, TLanes>.Square(out p[i], _z[i]);
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Multiply(out r[i], p[i], _z[i]);
            LaneField<TVector, TLanes>.MultiplyLess(out p[i], x[i], p[i], _x[i]);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Square(out pp[i], p[i]);
            LaneField<TVector, TLanes>.MultiplyLess(out r[i], y[i], r[i], _y[i]);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Multiply(out q[i], _x[i], pp[i]);
            LaneField<TVector, TLanes>.Multiply(out pp[i], pp[i], p[i]);
            LaneField<TVector, TLanes>.Multiply(out _z[i], _z[i], p[i]);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Add(out LaneElement<TVector> sum, q[i], q[i]);
            LaneField<TVector, TLanes>.Add(out sum, sum, pp[i]);
            LaneField<TVector, TLanes>.SquareLess(out _x[i], r[i], sum);
        }
        for (int i = 0; i < _x.Length; i++)
        {
            LaneField<TVector, TLanes>.Negate(out LaneElement<TVector> negated, _y[i]);
            LaneField<TVector, TLanes>.Subtract(out q[i], q[i], _x[i]);
            LaneField<TVector, TLanes>.MultiplyAndMultiply(out _y[i], r[i], q[i], negated, pp[i]);
        }
    }

    /// <summary>A vector's points in other coordinates.</summary>
    public void Get(int vector, out LanePoint<TVector, TLanes> point)
    {
        (point.X, point.Y) = (_x[vector], _y[vector]);
        LaneField<TVector, TLanes>.Square(out point.ZZ, _z[vector]);
        LaneField<TVector, TLanes>.Multiply(out point.ZZZ, point.ZZ, _z[vector]);
    }
}
