using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// A point as (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y / ZZZ and ZZ^3 = ZZZ^2; the default value is infinity.
/// </summary>
/// <remarks>
/// Addition and doubling are complete: equal points, opposite points and infinity are handled. The formulas are those
/// of the Explicit-Formulas Database for these coordinates (madd-2008-s, add-2008-s, dbl-2008-s-1 with a = 0). X has
/// magnitude at most 5, Y at most 3, ZZ and ZZZ 1.
/// </remarks>
internal readonly struct CurvePoint
{
    private const uint XMagnitude = 5, YMagnitude = 3;

    public readonly FieldElement X, Y, ZZ, ZZZ;
    private readonly bool _finite;

    private CurvePoint(in FieldElement x, in FieldElement y, in FieldElement zz, in FieldElement zzz)
    {
        (X, Y, ZZ, ZZZ) = (x, y, zz, zzz);
        _finite = true;
    }

    public CurvePoint(in AffinePoint p) : this(p.X, p.Y, FieldElement.One, FieldElement.One)
    {
    }

    public bool IsInfinity => !_finite;

    public CurvePoint Double()
    {
        // No point of odd order has y = 0, so a finite point's double is finite.
        if (!_finite)
            return this;
        FieldElement u = Y.Times(2);
        FieldElement v = u.Square();
        FieldElement w = u * v;
        FieldElement s = X * v;
        FieldElement m = X.Square().Times(3);
        FieldElement x = m.Square() + s.Times(2).Negate(2);
        FieldElement y = m * (s + x.Negate(4)) + (w * Y).Negate(1);
        return new(x, y, v * ZZ, w * ZZZ);
    }

    /// <summary>This plus a point whose y has magnitude at most 2: 8 products and 2 squares.</summary>
    public CurvePoint Add(in AffinePoint other)
    {
        if (!_finite)
            return new(other);
        FieldElement p = other.X * ZZ + X.Negate(XMagnitude);
        FieldElement r = other.Y * ZZZ + Y.Negate(YMagnitude);
        if (p.IsZero())
            return r.IsZero() ? Double() : default;
        FieldElement pp = p.Square();
        FieldElement ppp = p * pp;
        return Added(r, X * pp, pp, ppp, Y * ppp, ZZ, ZZZ);
    }

    /// <summary>This plus another point: 12 products and 2 squares.</summary>
    public CurvePoint Add(in CurvePoint other)
    {
        if (!_finite)
            return other;
        if (!other._finite)
            return this;
        FieldElement u = X * other.ZZ;
        FieldElement s = Y * other.ZZZ;
        FieldElement p = other.X * ZZ + u.Negate(1);
        FieldElement r = other.Y * ZZZ + s.Negate(1);
        if (p.IsZero())
            return r.IsZero() ? Double() : default;
        FieldElement pp = p.Square();
        FieldElement ppp = p * pp;
        return Added(r, u * pp, pp, ppp, s * ppp, ZZ * other.ZZ, ZZZ * other.ZZZ);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static CurvePoint Added(
        in FieldElement r, in FieldElement q, in FieldElement pp, in FieldElement ppp, in FieldElement yppp,
        in FieldElement zz, in FieldElement zzz)
    {
        FieldElement x = r.Square() + (ppp + q.Times(2)).Negate(3);
        FieldElement y = r * (q + x.Negate(XMagnitude)) + yppp.Negate(1);
        return new(x, y, zz * pp, zzz * ppp);
    }

    /// <summary>
    /// Writes the affine forms of finite points with one inversion for all, by Montgomery's trick: product of all,
    /// inverse, then each one's share, backwards.
    /// </summary>
    /// <param name="points">Finite points.</param>
    /// <param name="affine">As many places.</param>
    public static void Normalise(ReadOnlySpan<CurvePoint> points, Span<AffinePoint> affine)
    {
        // 1/ZZ = (ZZ/ZZZ)^2 as ZZ^3 = ZZZ^2, so inverting ZZZ is enough. Until its turn a place keeps, as x, the product
        // of all ZZZ before it.
        FieldElement product = FieldElement.One;
        for (int i = 0; i < points.Length; i++)
        {
            affine[i] = new AffinePoint(product, product);
            product *= points[i].ZZZ;
        }
        FieldElement inverse = product.Inverse();
        for (int i = points.Length - 1; i >= 0; i--)
        {
            ref readonly CurvePoint p = ref points[i];
            FieldElement own = inverse * affine[i].X;
            inverse *= p.ZZZ;
            affine[i] = new AffinePoint(p.X * (p.ZZ * own).Square(), p.Y * own);
        }
    }
}
