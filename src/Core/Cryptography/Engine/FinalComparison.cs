namespace GovChain.Core.Cryptography.Engine;

/// <summary>The last step of a verification: is r the sum's x, reduced modulo n?</summary>
internal static class FinalComparison
{
    private static readonly Words256 N = Words256.Read(Secp256k1.GroupOrder);
    private static readonly Words256 P = Words256.Read(Secp256k1.FieldPrime);

    /// <summary>Whether X / ZZ modulo n is r, for a finite point.</summary>
    /// <remarks>x is below p, and n &lt; p &lt; 2n, so x is r or, where that is below p, r + n. No division: r ZZ = X.
    /// </remarks>
    public static bool Holds(in FieldElement x, in FieldElement zz, in Signature signature)
    {
        FieldElement negated = x.Negate(1);
        Words256 r = Words256.Read(signature.R);
        if ((FieldElement.From(r) * zz + negated).IsZero())
            return true;
        return TryAddOrder(r, out Words256 wrapped) && (FieldElement.From(wrapped) * zz + negated).IsZero();
    }

    // r + n, if that is below p; so for about one r in 2^127 only.
    private static bool TryAddOrder(in Words256 r, out Words256 sum)
    {
        sum = default;
        UInt128 s0 = (UInt128)r.W0 + N.W0;
        UInt128 s1 = (UInt128)r.W1 + N.W1 + (s0 >> 64);
        UInt128 s2 = (UInt128)r.W2 + N.W2 + (s1 >> 64);
        UInt128 s3 = (UInt128)r.W3 + N.W3 + (s2 >> 64);
        if (s3 >> 64 != 0)
            return false;
        sum = new((ulong)s0, (ulong)s1, (ulong)s2, (ulong)s3);
        return IsBelow(sum, P);
    }

    private static bool IsBelow(in Words256 a, in Words256 b) =>
        a.W3 != b.W3 ? a.W3 < b.W3 : a.W2 != b.W2 ? a.W2 < b.W2 : a.W1 != b.W1 ? a.W1 < b.W1 : a.W0 < b.W0;
}
