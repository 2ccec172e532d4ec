using System.Numerics;
using System.Text.Json;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: exactly the compressed encodings of points of the curve are keys, and a key knows its point. Method:
/// published points, valid and invalid, and the twin's arithmetic.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PublicKeyTest
{
    private const string Generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    [Test]
    public void TryParse_PublishedPoints_AcceptsExactlyTheCompressedPointsOfTheCurve()
    {
        int accepted = 0, refused = 0;
        foreach (JsonElement test in Points("valid", "isPoint"))
        {
            byte[] bytes = Convert.FromHexString(test.GetProperty("P").GetString()!);
            bool expected = test.GetProperty("expected").GetBoolean() && bytes.Length == PublicKey.Size;
            bool read = PublicKey.TryParse(bytes, out PublicKey? key);
            Assert.That(read, Is.EqualTo(expected), Convert.ToHexString(bytes));
            Assert.That(key is not null, Is.EqualTo(expected));
            _ = expected ? accepted++ : refused++;
        }
        foreach (JsonElement test in Points("invalid", "pointCompress"))
        {
            byte[] bytes = Convert.FromHexString(test.GetProperty("P").GetString()!);
            Assert.That(PublicKey.TryParse(bytes, out _), Is.False, Convert.ToHexString(bytes));
        }
        Assert.That((accepted, refused), Is.EqualTo((1005, 1024)));
    }

    [Test]
    public void Uncompressed_PublishedPoints_HasBothCoordinates()
    {
        int seen = 0;
        foreach (JsonElement test in Points("valid", "pointCompress"))
        {
            byte[] point = Convert.FromHexString(test.GetProperty("P").GetString()!);
            byte[] expected = Convert.FromHexString(test.GetProperty("expected").GetString()!);
            PublicKey key = point.Length == PublicKey.Size ? Parse(point) : EcdsaTwin.Compress(point);
            bool compress = test.GetProperty("compress").GetBoolean();
            Assert.That((compress ? key.Span : key.Uncompressed).ToArray(), Is.EqualTo(expected));
            seen++;
        }
        Assert.That(seen, Is.EqualTo(240));
    }

    [Test]
    public void TryParse_PointsOfPublishedScalars_AgreesWithTheTwin()
    {
        foreach (JsonElement test in Points("valid", "pointFromScalar"))
        {
            byte[] expected = Convert.FromHexString(test.GetProperty("expected").GetString()!);
            byte[] twin = EcdsaTwin.PublicPoint(EcdsaTwin.Parse(test.GetProperty("d").GetString()!));
            Assert.That(Parse(expected).Uncompressed.ToArray(), Is.EqualTo(twin));
        }
    }

    [TestCase("", TestName = "TryParse_Empty_Refuses")]
    [TestCase("00", TestName = "TryParse_InfinityOfSec1_Refuses")]
    [TestCase("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f817", TestName = "TryParse_Short_Refuses")]
    [TestCase(Generator + "00", TestName = "TryParse_Long_Refuses")]
    [TestCase("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
        TestName = "TryParse_XOfOnePlusP_Refuses")]
    [TestCase("02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        TestName = "TryParse_LargestX_Refuses")]
    [TestCase("020000000000000000000000000000000000000000000000000000000000000005",
        TestName = "TryParse_XOfTheTwist_Refuses")]
    public void TryParse_Malformed_Refuses(string hex)
    {
        Assert.That(PublicKey.TryParse(Convert.FromHexString(hex), out _), Is.False);
        Assert.That(PublicKey.TryParseHex(hex, out _), Is.False);
    }

    [Test]
    public void TryParse_XEqualToOneAndOnePlusP_OnlyTheReducedOneIsAKey()
    {
        // x = 1 lies on the curve, so p + 1 would be the same point written another way.
        byte[] one = new byte[PublicKey.Size];
        (one[0], one[^1]) = (0x02, 1);
        Assert.That(PublicKey.TryParse(one, out _), Is.True);
        byte[] again = [0x02, .. EcdsaTwin.ToBytes(EcdsaTwin.P + 1)];
        Assert.That(PublicKey.TryParse(again, out _), Is.False);
    }

    [Test]
    public void Equality_SameBytesOrOtherParity_FollowsTheBytes()
    {
        PublicKey key = ParseHex(Generator);
        PublicKey other = ParseHex("03" + Generator[2..]);
        PublicKey again = ParseHex(Generator.ToUpperInvariant());
        Assert.That(again, Is.EqualTo(key));
        Assert.That(again.GetHashCode(), Is.EqualTo(key.GetHashCode()));
        Assert.That(again == key && !(again != key), Is.True);
        Assert.That(other, Is.Not.EqualTo(key));
        Assert.That(other.GetHashCode(), Is.Not.EqualTo(key.GetHashCode()));
        Assert.That(key.CompareTo(other), Is.Negative);
        Assert.That(other.CompareTo(key), Is.Positive);
        Assert.That(key.CompareTo(again), Is.Zero);
        Assert.That(key.ToString(), Is.EqualTo(Generator));
        Assert.That(other.Uncompressed[1..33].SequenceEqual(key.Uncompressed[1..33]), Is.True);
        Assert.That(other.Uncompressed[64], Is.Not.EqualTo(key.Uncompressed[64]));
    }

    [Test]
    public void TryParse_MoreKeysThanSharePlacesInTheMemory_GivesEachItsOwnPoint()
    {
        // Small x share all bits that choose the set, so a dozen of them push each other out.
        List<PublicKey> keys = [];
        for (byte x = 1; keys.Count < 12; x++)
        {
            byte[] bytes = new byte[PublicKey.Size];
            (bytes[0], bytes[^1]) = (0x02, x);
            if (PublicKey.TryParse(bytes, out PublicKey? key))
                keys.Add(key);
        }
        Assert.That(keys.Select(k => k.GetHashCode() & 4095).Distinct().Count(), Is.EqualTo(1));
        foreach (PublicKey key in keys)
        {
            PublicKey again = Parse(key.Span);
            Assert.That(again, Is.Not.SameAs(key), "pushed out");
            Assert.That(again, Is.EqualTo(key));
            Assert.That(again.GetHashCode(), Is.EqualTo(key.GetHashCode()));
            Assert.That(again.Uncompressed.ToArray(), Is.EqualTo(key.Uncompressed.ToArray()));
            Assert.That(Parse(key.Span), Is.SameAs(again), "remembered");
            BigInteger x = EcdsaTwin.FromBytes(again.Uncompressed[1..33]);
            BigInteger y = EcdsaTwin.FromBytes(again.Uncompressed[33..]);
            Assert.That(again.Span[1..].SequenceEqual(again.Uncompressed[1..33]), Is.True);
            Assert.That(y * y % EcdsaTwin.P, Is.EqualTo((x * x * x + 7) % EcdsaTwin.P));
            Assert.That(y.IsEven, Is.True);
        }
    }

    [TestCase(null)]
    [TestCase("zz79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")]
    public void TryParseHex_NotHexadecimal_Refuses(string? hex) =>
        Assert.That(PublicKey.TryParseHex(hex, out _), Is.False);

    private static PublicKey Parse(ReadOnlySpan<byte> bytes) => ParseHex(Convert.ToHexString(bytes));

    private static PublicKey ParseHex(string hex) =>
        PublicKey.TryParseHex(hex, out PublicKey? key) ? key : throw new AssertionException($"{hex} is no key");

    private static IEnumerable<JsonElement> Points(string validity, string operation)
    {
        string path = SharedFolder.Require("vectors/secp256k1/points.json");
        JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty(validity).GetProperty(operation).EnumerateArray();
    }
}
