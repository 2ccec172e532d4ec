using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// ECDSA over secp256k1 as the textbook writes it (SEC 1, sections 4.1.3 and 4.1.4), on big integers, slow and
/// plain: what the product's verification is compared with. Knows nothing of low s.
/// </summary>
internal static class EcdsaTwin
{
    public static readonly BigInteger P = Parse("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
    public static readonly BigInteger N = Parse("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    private static readonly Point G = Point.At(
        Parse("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
        Parse("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"));

    public static BigInteger Parse(string hex) => FromBytes(Convert.FromHexString(hex));

    public static BigInteger FromBytes(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    /// <summary>32 bytes, big-endian.</summary>
    public static byte[] ToBytes(BigInteger value)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }

    /// <summary>The public key of a private scalar in [1, n - 1], packed without compression.</summary>
    public static byte[] PublicPoint(BigInteger d)
    {
        (BigInteger x, BigInteger y) = G.Times(d).Affine();
        return [0x04, .. ToBytes(x), .. ToBytes(y)];
    }

    public static PublicKey PublicKeyOf(BigInteger d) => Compress(PublicPoint(d));

    /// <summary>The product's key for a point packed without compression; null if it refuses it.</summary>
    public static PublicKey Compress(ReadOnlySpan<byte> uncompressed)
    {
        byte[] compressed = [(byte)(2 + (uncompressed[64] & 1)), .. uncompressed[1..33]];
        return PublicKey.TryParse(compressed, out PublicKey? key)
            ? key
            : throw new ArgumentException($"Not a point: {Convert.ToHexString(uncompressed)}");
    }

    /// <summary>r then s for a private scalar and a nonce; s is not made low.</summary>
    public static byte[] Sign(BigInteger d, BigInteger k, ReadOnlySpan<byte> digest)
    {
        BigInteger r = G.Times(k).Affine().X % N;
        BigInteger s = Inverse(k, N) * (FromBytes(digest) + r * d) % N;
        return [.. ToBytes(r), .. ToBytes(s)];
    }

    /// <summary>The key for which (r, s) signs e when the nonce's point is the given one: (s R - e G) / r.</summary>
    public static PublicKey Recover(PublicKey nonce, BigInteger e, BigInteger r, BigInteger s)
    {
        BigInteger inverse = Inverse(r, N);
        Point point = Point.At(FromBytes(nonce.Uncompressed[1..33]), FromBytes(nonce.Uncompressed[33..]));
        (BigInteger x, BigInteger y) = point.Times(s * inverse % N).Plus(G.Times((N - e % N) * inverse % N)).Affine();
        return Compress([0x04, .. ToBytes(x), .. ToBytes(y)]);
    }

    public static bool Verify(PublicKey key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        BigInteger r = FromBytes(signature[..32]);
        BigInteger s = FromBytes(signature[32..]);
        if (r.IsZero || r >= N || s.IsZero || s >= N)
            return false;
        BigInteger inverse = Inverse(s, N);
        Point q = Point.At(FromBytes(key.Uncompressed[1..33]), FromBytes(key.Uncompressed[33..]));
        Point sum = G.Times(FromBytes(digest) * inverse % N).Plus(q.Times(r * inverse % N));
        return !sum.IsInfinity && sum.Affine().X % N == r;
    }

    public static BigInteger Inverse(BigInteger value, BigInteger modulus) =>
        BigInteger.ModPow(value, modulus - 2, modulus);

    /// <summary>A point in Jacobian coordinates, x = X / Z^2 and y = Y / Z^3; infinity has Z = 0.</summary>
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z)
    {
        public static Point At(BigInteger x, BigInteger y) => new(x, y, 1);

        public bool IsInfinity => Z.IsZero;

        public (BigInteger X, BigInteger Y) Affine()
        {
            BigInteger z = Inverse(Z, P);
            return (X * z * z % P, Y * z * z % P * z % P);
        }

        public Point Double()
        {
            if (IsInfinity)
                return this;
            BigInteger yy = Y * Y % P;
            BigInteger s = 4 * X * yy % P;
            BigInteger m = 3 * X * X % P;
            BigInteger x = Mod(m * m - 2 * s);
            return new Point(x, Mod(m * (s - x) - 8 * yy * yy), 2 * Y * Z % P);
        }

        public Point Plus(Point other)
        {
            if (IsInfinity)
                return other;
            if (other.IsInfinity)
                return this;
            BigInteger zz1 = Z * Z % P;
            BigInteger zz2 = other.Z * other.Z % P;
            BigInteger u1 = X * zz2 % P;
            BigInteger s1 = Y * other.Z % P * zz2 % P;
            BigInteger h = Mod(other.X * zz1 - u1);
            BigInteger r = Mod(other.Y * Z % P * zz1 - s1);
            if (h.IsZero)
                return r.IsZero ? Double() : new Point(1, 1, 0);
            BigInteger hh = h * h % P;
            BigInteger hhh = h * hh % P;
            BigInteger v = u1 * hh % P;
            BigInteger x = Mod(r * r - hhh - 2 * v);
            return new Point(x, Mod(r * (v - x) - s1 * hhh), h * Z % P * other.Z % P);
        }

        public Point Times(BigInteger scalar)
        {
            Point sum = new(1, 1, 0);
            for (long bit = (long)scalar.GetBitLength() - 1; bit >= 0; bit--)
            {
                sum = sum.Double();
                if (!((scalar >> (int)bit) & 1).IsZero)
                    sum = sum.Plus(this);
            }
            return sum;
        }

        private static BigInteger Mod(BigInteger value) => ((value % P) + P) % P;
    }
}
