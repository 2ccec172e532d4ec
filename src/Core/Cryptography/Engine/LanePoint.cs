namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Points as in <see cref="CurvePoint"/>, one in each lane, with formulas that do not look at what they are given.
/// All coordinates are reduced.
/// </summary>
/// <remarks>
/// Incomplete on purpose: equal or opposite points in an addition give ZZ = 0 modulo p, and every later operation
/// multiplies ZZ, so it stays 0 to the end. Whoever reads the result takes the lanes with ZZ = 0 to the complete
/// formulas. No point of odd order has y = 0, so doubling has no exception.
/// </remarks>
internal struct LanePoint<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    public LaneElement<TVector> X, Y, ZZ, ZZZ;

    /// <summary>Becomes the affine point (x, y); y may have been negated.</summary>
    public void Set(in LaneElement<TVector> x, in LaneElement<TVector> y)
    {
        LaneField<TVector, TLanes>.Broadcast(out ZZ, new Words256(1, 0, 0, 0));
        ZZZ = ZZ;
        X = x;
        LaneField<TVector, TLanes>.MultiplySigned(out Y, y, ZZ);
    }

    /// <summary>Becomes its double.</summary>
    public void Double()
    {
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> u, Y, Y);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> v, u, u);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> w, u, v);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> s, X, v);
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> m, X, X);
        LaneField<TVector, TLanes>.Add(out m, m, X);
        LaneField<TVector, TLanes>.Multiply(out m, m, X);
        LaneField<TVector, TLanes>.Multiply(out ZZ, ZZ, v);
        LaneField<TVector, TLanes>.Multiply(out ZZZ, ZZZ, w);
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> twice, s, s);
        LaneField<TVector, TLanes>.SquareLess(out X, m, twice);
        LaneField<TVector, TLanes>.Subtract(out s, s, X);
        LaneField<TVector, TLanes>.Negate(out w, w);
        LaneField<TVector, TLanes>.MultiplyAndMultiply(out Y, m, s, w, Y);
    }

    /// <summary>Adds the affine point (x, y), x reduced and y of magnitude 1.</summary>
    public void Add(in LaneElement<TVector> x, in LaneElement<TVector> y) => Add(x, y, out _);

    /// <summary>Adds the affine point (x, y), x reduced and y of magnitude 1.</summary>
    /// <param name="x">The point's x.</param>
    /// <param name="y">The point's y.</param>
    /// <param name="ratio">What Z, the root of ZZ, was multiplied by; magnitude 1.</param>
    public void Add(in LaneElement<TVector> x, in LaneElement<TVector> y, out LaneElement<TVector> ratio)
    {
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> p, x, ZZ);
        LaneField<TVector, TLanes>.Subtract(out ratio, p, X);
        LaneField<TVector, TLanes>.MultiplySigned(out LaneElement<TVector> r, y, ZZZ);
        LaneField<TVector, TLanes>.Subtract(out r, r, Y);
        Finish(ratio, r, X, Y);
    }

    /// <summary>Adds another point.</summary>
    public void Add(in LanePoint<TVector, TLanes> other)
    {
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> u, X, other.ZZ);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> s, Y, other.ZZZ);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> p, other.X, ZZ);
        LaneField<TVector, TLanes>.Subtract(out p, p, u);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> r, other.Y, ZZZ);
        LaneField<TVector, TLanes>.Subtract(out r, r, s);
        LaneField<TVector, TLanes>.Multiply(out ZZ, ZZ, other.ZZ);
        LaneField<TVector, TLanes>.Multiply(out ZZZ, ZZZ, other.ZZZ);
        Finish(p, r, u, s);
    }

    // What the additions share: p and r are the differences of x and of y at a common denominator, u and s this point's
    // own x and y there.
    private void Finish(
        in LaneElement<TVector> p, in LaneElement<TVector> r, in LaneElement<TVector> u, in LaneElement<TVector> s)
    {
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> pp, p);
        LaneField<TVector, TLanes>.MultiplySigned(out LaneElement<TVector> ppp, p, pp);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> q, u, pp);
        LaneField<TVector, TLanes>.Multiply(out ZZ, ZZ, pp);
        LaneField<TVector, TLanes>.Multiply(out ZZZ, ZZZ, ppp);
        LaneField<TVector, TLanes>.Add(out LaneElement<TVector> sum, q, q);
        LaneField<TVector, TLanes>.Add(out sum, sum, ppp);
        LaneField<TVector, TLanes>.Negate(out LaneElement<TVector> negated, s);
        LaneField<TVector, TLanes>.SquareLess(out X, r, sum);
        LaneField<TVector, TLanes>.Subtract(out q, q, X);
        LaneField<TVector, TLanes>.MultiplyAndMultiply(out Y, r, q, negated, ppp);
    }
}
