using System.Numerics;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;
using static GovChain.Tests.Unit.Cryptography.Engine.EngineNumbers;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>A small group of points of y^2 = x^3 + b over secp256k1's field, listed by textbook arithmetic.</summary>
internal sealed class SmallGroup
{
    private static readonly BigInteger P = EcdsaTwin.P;
    private readonly (BigInteger X, BigInteger Y)[] _points;

    private SmallGroup(int order, BigInteger x, BigInteger y)
    {
        // _points[i] is i + 1 times the generator.
        List<(BigInteger X, BigInteger Y)> points = [(x, y)];
        while (points.Count < order - 1)
            points.Add(Sum(points[^1], points[0]));
        _points = [.. points];
        // The order is what it is said to be: the last point is the first one's opposite.
        Assert.That(_points[^1], Is.EqualTo((x, P - y)));
    }

    public int Order => _points.Length + 1;

    public static SmallGroup Of(int order) => order switch
    {
        13 => new(13, // b = 2
            EcdsaTwin.Parse("3ad3e1ec92dc070a346a975330b12e1d929c645be56584aa88e489aa3d68746b"),
            EcdsaTwin.Parse("ab34e4942373ed8cf787bb15bc0b9fc1f15065bc091001aa6c607f91c8520383")),
        199 => new(199, // b = 4
            EcdsaTwin.Parse("fa7cc9a70737f2dba749dd392b4fb0693b017a7da808c2f1fb12940c9ea66c18"),
            EcdsaTwin.Parse("78ac123a5ed8aef38732bc911f3a286848df246c808dae72cfe525727f0501ed")),
        _ => throw new ArgumentOutOfRangeException(nameof(order)),
    };

    /// <summary>A multiple that is not infinity.</summary>
    public AffinePoint Affine(int multiple)
    {
        (BigInteger x, BigInteger y) = _points[Reduce(multiple) - 1];
        return new AffinePoint(Field(x), Field(y));
    }

    public CurvePoint Point(int multiple) => Reduce(multiple) == 0 ? default : new CurvePoint(Affine(multiple));

    public int Reduce(int multiple) => (multiple % Order + Order) % Order;

    public void AssertIs(in CurvePoint point, int multiple)
    {
        Assert.That(point.IsInfinity, Is.EqualTo(Reduce(multiple) == 0), $"{multiple} in the group of {Order}");
        if (!point.IsInfinity)
            AssertIs(point.X * FieldElement.One, point.Y * FieldElement.One, point.ZZ, point.ZZZ, multiple);
    }

    public void AssertIs(in FieldElement x, in FieldElement y, in FieldElement zz, in FieldElement zzz, int multiple)
    {
        (BigInteger ex, BigInteger ey) = _points[Reduce(multiple) - 1];
        Assert.That((Field(ex) * zz + x.Negate(1)).IsZero(), Is.True, $"x of {multiple} in the group of {Order}");
        Assert.That((Field(ey) * zzz + y.Negate(1)).IsZero(), Is.True, $"y of {multiple} in the group of {Order}");
        Assert.That((zz * zz.Square() + zzz.Square().Negate(1)).IsZero(), Is.True, "ZZ^3 = ZZZ^2");
    }

    private static (BigInteger X, BigInteger Y) Sum((BigInteger X, BigInteger Y) a, (BigInteger X, BigInteger Y) b)
    {
        BigInteger slope = a == b
            ? 3 * a.X * a.X * EcdsaTwin.Inverse(2 * a.Y, P)
            : (b.Y - a.Y) * EcdsaTwin.Inverse(Mod(b.X - a.X, P), P);
        BigInteger x = Mod(slope * slope - a.X - b.X, P);
        return (x, Mod(slope * (a.X - x) - a.Y, P));
    }
}
