namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Points (X / Z^2, Y / Z^3) of a curve y^2 = x^3 + b, one in each lane: beside <see cref="LanePoint{TVector, TLanes}"/> what
/// most steps double, as Z alone goes through a doubling. All coordinates are reduced.
/// </summary>
/// <remarks>
/// Incomplete on purpose: equal or opposite points in an addition give Z = 0 modulo p, and every later operation multiplies Z, so it
/// stays 0 to the end.
/// </remarks>
internal struct LaneJacobian<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    public LaneElement<TVector> X, Y, Z;

    /// <summary>Becomes the affine point (x, y); y may have been negated.</summary>
    public void Set(in LaneElement<TVector> x, in LaneElement<TVector> y)
    {
        LaneField<TVector, TLanes>.Broadcast(out Z, new Words256(1, 0, 0, 0));
        X = x;
        LaneField<TVector, TLanes>.MultiplySigned(out Y, y, Z);
    }

    /// <summary>Becomes its double, negated: so the last square is added to a product, and reduced with it.</summary>
    /// <remarks>With m = 3/2 x^2, s = x y^2: x' = m^2 - 2 s, y' = m (s - x') - y^4, z' = y z.</remarks>
    public void DoubleAndNegate()
    {
        // Neighbours do not wait for each other, so that the processor works on two at once.
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> yy, Y);
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> m, X);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> s, X, yy);
        LaneField<TVector, TLanes>.HalfOfThrice(out m, m);
        LaneField<TVector, TLanes>.Multiply(out Z, Z, Y);
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> twice, s, s);
        LaneField<TVector, TLanes>.SquareLess(out X, m, twice);
        LaneField<TVector, TLanes>.Subtract(out s, X, s);
        LaneField<TVector, TLanes>.MultiplyAndSquare(out Y, m, s, yy);
    }

    /// <summary>Adds the affine point (x, y), x reduced and y of magnitude 1.</summary>
    public void Add(in LaneElement<TVector> x, in LaneElement<TVector> y)
    {
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> zz, Z);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> zzz, zz, Z);
        LaneField<TVector, TLanes>.MultiplyLess(out LaneElement<TVector> p, x, zz, X);
        LaneField<TVector, TLanes>.MultiplyLess(out LaneElement<TVector> r, y, zzz, Y);
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> pp, p);
        LaneField<TVector, TLanes>.Multiply(out Z, Z, p);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> q, X, pp);
        LaneField<TVector, TLanes>.Multiply(out pp, pp, p);
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> sum, q, q);
        LaneField<TVector, TLanes>.Add(out sum, sum, pp);
        LaneField<TVector, TLanes>.SquareLess(out X, r, sum);
        LaneField<TVector, TLanes>.Negate(out LaneElement<TVector> negated, Y);
        LaneField<TVector, TLanes>.Subtract(out q, q, X);
        LaneField<TVector, TLanes>.MultiplyAndMultiply(out Y, r, q, negated, pp);
    }

    /// <summary>The same points in other coordinates.</summary>
    public readonly void Get(out LanePoint<TVector, TLanes> point)
    {
        (point.X, point.Y) = (X, Y);
        LaneField<TVector, TLanes>.Square(out point.ZZ, Z);
        LaneField<TVector, TLanes>.Multiply(out point.ZZZ, point.ZZ, Z);
    }
}
