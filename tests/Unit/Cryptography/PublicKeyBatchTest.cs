using System.Numerics;
using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: many keys read at once are read as each would be alone, on every path. Method: y from big integers; x drawn anew
/// for each path, so that no key is remembered from another; the seed is printed. The curve's constant is part of what is
/// computed, so the small groups, which have others, do not serve here.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PublicKeyBatchTest
{
    private static readonly BigInteger P = EcdsaTwin.P;

    [TestCase(EnginePath.Portable)]
    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void ParseAll_KeysAndOtherBytes_AnswersEachAsAlone(EnginePath path)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        Random random = Seeded();
        (int keys, int others) = (0, 0);
        foreach (int size in (int[])[.. Enumerable.Range(0, 20), 63, 64, 65, 150])
        {
            ReadOnlyMemory<byte>[] encodings = [.. Enumerable.Range(0, size).Select(_ => (ReadOnlyMemory<byte>)Draw(random))];
            if (size > 2) // one that stands twice
                encodings[^1] = encodings[0];
            var parsed = new PublicKey?[size];
            PublicKey.ParseAll(path, encodings, parsed);
            for (int i = 0; i < size; i++)
            {
                byte[]? point = PointOf(encodings[i].ToArray());
                Assert.That(parsed[i]?.Uncompressed.ToArray(), Is.EqualTo(point), Convert.ToHexString(encodings[i].Span));
                Assert.That(parsed[i]?.ToArray(), Is.EqualTo(point is null ? null : encodings[i].ToArray()));
                _ = point is null ? others++ : keys++;
            }
        }
        Assert.That(Math.Min(keys, others), Is.GreaterThan(100), "both were tried");
    }

    [Test]
    public void ParseAll_KeysSeenLately_GivesThoseThatAreRemembered()
    {
        ReadOnlyMemory<byte>[] encodings = [.. Enumerable.Range(3, 12).Select(i => (ReadOnlyMemory<byte>)EcdsaTwin.PublicKeyOf(i).ToArray())];
        PublicKey?[] once = new PublicKey?[12], again = new PublicKey?[12];
        PublicKey.ParseAll(encodings, once);
        PublicKey.ParseAll(encodings, again);
        for (int i = 0; i < once.Length; i++)
            Assert.That(again[i], Is.SameAs(once[i]).And.Not.Null);
        Assert.That(() => PublicKey.ParseAll(encodings, new PublicKey?[11]), Throws.ArgumentException);
    }

    [TestCase(EnginePath.Portable)]
    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Compute_EveryNumberOfKeys_GivesEachItsPowerAndLeavesFewAlone(EnginePath path)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        Random random = Seeded();
        for (int size = 0; size <= 20; size++)
        {
            BigInteger[] xs = [.. Enumerable.Range(0, size).Select(_ => Number(random) % P)];
            FieldElement[] powers = new FieldElement[size];
            int computed = KeyRoots.Compute(path, [.. xs.Select(static x => Words256.Read(EcdsaTwin.ToBytes(x)))], powers);
            Assert.That(computed, path == EnginePath.Portable ? Is.Zero : Is.InRange(size - 2, size));
            for (int i = 0; i < computed; i++)
                Assert.That(EcdsaTwin.FromBytes(Bytes(powers[i])), Is.EqualTo(Power(xs[i])), $"{i} of {size}");
        }
    }

    [Test]
    public void TryDecompress_WhateverIsSaidOfTheRoot_IsRight()
    {
        Random random = Seeded();
        byte[] own = new byte[Secp256k1.UncompressedSize];
        for (int i = 0; i < 60; i++)
        {
            byte[] x = EcdsaTwin.ToBytes(Number(random) % P);
            byte[]? expected = PointOf([3, .. x]);
            BigInteger power = Power(EcdsaTwin.FromBytes(x));
            foreach (BigInteger said in (BigInteger[])[power, P - power, power + 1, 0, 1, P - 1, Number(random)])
            {
                FieldElement claimed = FieldElement.From(Words256.Read(EcdsaTwin.ToBytes(said)));
                Assert.That(Secp256k1.TryDecompress(x, odd: true, claimed, own), Is.EqualTo(expected is not null));
                if (expected is not null)
                    Assert.That(own, Is.EqualTo(expected));
            }
        }
        Assert.That(Secp256k1.TryDecompress(EcdsaTwin.ToBytes(P + 1), odd: true, FieldElement.One, own), Is.False);
    }

    private static Random Seeded()
    {
        int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Out.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    // Half of them a number below p behind a right prefix, of which half are keys; the rest broken in one way each.
    private static byte[] Draw(Random random)
    {
        byte[] bytes = [(byte)random.Next(2, 4), .. EcdsaTwin.ToBytes(Number(random) % P)];
        return random.Next(12) switch
        {
            0 => [(byte)random.Next(4, 256), .. bytes[1..]],
            1 => [(byte)random.Next(0, 2), .. bytes[1..]],
            2 => bytes[..random.Next(PublicKey.Size)],
            3 => [.. bytes, 0],
            4 => [bytes[0], .. EcdsaTwin.ToBytes(P + random.Next(977))],
            5 => [bytes[0], .. EcdsaTwin.ToBytes(P - 1 - random.Next(977))],
            _ => bytes,
        };
    }

    private static BigInteger Number(Random random)
    {
        byte[] bytes = new byte[32];
        random.NextBytes(bytes);
        return EcdsaTwin.FromBytes(bytes);
    }

    private static byte[] Bytes(in FieldElement element)
    {
        byte[] bytes = new byte[32];
        element.ToWords().Write(bytes);
        return bytes;
    }

    private static BigInteger Power(BigInteger x) => BigInteger.ModPow(BigInteger.ModPow(x, 3, P) + 7, (P + 1) / 4, P);

    private static byte[]? PointOf(byte[] bytes)
    {
        if (bytes.Length != PublicKey.Size || bytes[0] is not (2 or 3) || EcdsaTwin.FromBytes(bytes.AsSpan(1)) >= P)
            return null;
        BigInteger square = (BigInteger.ModPow(EcdsaTwin.FromBytes(bytes.AsSpan(1)), 3, P) + 7) % P;
        BigInteger y = Power(EcdsaTwin.FromBytes(bytes.AsSpan(1)));
        if (y * y % P != square)
            return null;
        return [4, .. bytes[1..], .. EcdsaTwin.ToBytes(y.IsEven == (bytes[0] == 2) ? y : P - y)];
    }
}
