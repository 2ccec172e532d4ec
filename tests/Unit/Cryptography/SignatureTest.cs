using System.Numerics;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>Goal: r and s are read only in [1, n - 1], and the low form is exact at its border.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SignatureTest
{
    private static readonly BigInteger N = EcdsaTwin.N;
    private static readonly BigInteger Half = (N - 1) / 2;

    private static IEnumerable<TestCaseData> Scalars()
    {
        yield return new TestCaseData(BigInteger.Zero, false).SetArgDisplayNames("0");
        yield return new TestCaseData(BigInteger.One, true).SetArgDisplayNames("1");
        yield return new TestCaseData(N - 1, true).SetArgDisplayNames("n-1");
        yield return new TestCaseData(N, false).SetArgDisplayNames("n");
        yield return new TestCaseData(N + 1, false).SetArgDisplayNames("n+1");
        yield return new TestCaseData(BigInteger.Pow(2, 256) - 1, false).SetArgDisplayNames("2^256-1");
    }

    [TestCaseSource(nameof(Scalars))]
    public void TryParse_ScalarAtTheBorder_ReadsOnlyOneToNMinusOne(BigInteger scalar, bool expected)
    {
        byte[] edge = EcdsaTwin.ToBytes(scalar), fine = EcdsaTwin.ToBytes(5);
        Assert.That(Signature.TryParse([.. edge, .. fine], out _), Is.EqualTo(expected), "as r");
        Assert.That(Signature.TryParse([.. fine, .. edge], out _), Is.EqualTo(expected), "as s");
    }

    [TestCase(0)]
    [TestCase(63)]
    [TestCase(65)]
    public void TryParse_OtherLength_Refuses(int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)1);
        Assert.That(Signature.TryParse(bytes, out Signature signature), Is.False);
        Assert.That(signature, Is.EqualTo(default(Signature)));
    }

    private static IEnumerable<TestCaseData> SValues()
    {
        yield return new TestCaseData(BigInteger.One, true).SetArgDisplayNames("1");
        yield return new TestCaseData(Half, true).SetArgDisplayNames("(n-1)/2");
        yield return new TestCaseData(Half + 1, false).SetArgDisplayNames("(n+1)/2");
        yield return new TestCaseData(N - 1, false).SetArgDisplayNames("n-1");
        yield return new TestCaseData(N - (BigInteger.One << 128), false).SetArgDisplayNames("n-2^128");
    }

    [TestCaseSource(nameof(SValues))]
    public void Normalise_SAtTheBorder_GivesTheLowerOfSAndNMinusS(BigInteger s, bool low)
    {
        byte[] r = EcdsaTwin.ToBytes(77);
        Assert.That(Signature.TryParse([.. r, .. EcdsaTwin.ToBytes(s)], out Signature signature), Is.True);
        Assert.That(signature.IsLowS, Is.EqualTo(low));
        byte[] expected = [.. r, .. EcdsaTwin.ToBytes(low ? s : N - s)];
        Assert.That(signature.Normalise().ToArray(), Is.EqualTo(expected));
        Assert.That(signature.Normalise().IsLowS, Is.True);
    }

    [Test]
    public void Hex_RoundTrip_KeepsTheBytes()
    {
        byte[] bytes = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];
        Assert.That(Signature.TryParse(bytes, out Signature signature), Is.True);
        Assert.That(signature.R.ToArray(), Is.EqualTo(bytes[..32]));
        Assert.That(signature.S.ToArray(), Is.EqualTo(bytes[32..]));
        Assert.That(Signature.TryParseHex(signature.ToString(), out Signature again), Is.True);
        Assert.That(again == signature && again.GetHashCode() == signature.GetHashCode(), Is.True);
        Assert.That(Signature.TryParseHex(signature.ToString()[..^1] + "g", out _), Is.False);
        Assert.That(Signature.TryParseHex(signature.ToString()[2..], out _), Is.False);
        Assert.That(Signature.TryParseHex(null, out _), Is.False);
    }
}
