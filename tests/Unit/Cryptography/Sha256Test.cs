using System.Globalization;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: the hash helpers are SHA-256 over exactly the stated bytes. Method: NIST's published messages, and every
/// shape against the plain hash of the joined bytes, on both sides of the stack buffer's limit.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class Sha256Test
{
    [TestCase("SHA256ShortMsg.rsp", 65)]
    [TestCase("SHA256LongMsg.rsp", 64)]
    public void Hash_NistMessages_GivesTheirDigests(string file, int count)
    {
        string[] lines = File.ReadAllLines(SharedFolder.Require($"vectors/sha256/{file}"));
        int seen = 0;
        for (int i = 0; i + 2 < lines.Length; i++)
        {
            if (!lines[i].StartsWith("Len = ", StringComparison.Ordinal))
                continue;
            int bytes = int.Parse(lines[i][6..], CultureInfo.InvariantCulture) / 8;
            byte[] message = Convert.FromHexString(lines[i + 1]["Msg = ".Length..])[..bytes];
            string expected = lines[i + 2]["MD = ".Length..];
            Assert.That(Sha256.Hash(message).ToString(), Is.EqualTo(expected), $"{bytes} bytes");
            Assert.That(
                Sha256.Hash(message.AsSpan(0, bytes / 3), message.AsSpan(bytes / 3)).ToString(),
                Is.EqualTo(expected), $"{bytes} bytes in two parts");
            seen++;
        }
        Assert.That(seen, Is.EqualTo(count));
    }

    [TestCase(0, 0)]
    [TestCase(20, 0)]
    [TestCase(20, 1003)]
    [TestCase(20, 1004)]
    [TestCase(20, 1005)]
    [TestCase(20, 65535)]
    public void Hash_TagAndData_IsTheHashOfThemJoined(int tagLength, int dataLength)
    {
        byte[] joined = Pattern(tagLength + dataLength);
        Assert.That(
            Sha256.Hash(joined.AsSpan(0, tagLength), joined.AsSpan(tagLength)),
            Is.EqualTo(Sha256.Hash(joined)));
    }

    [Test]
    public void Hash_PrefixAndData_IsTheHashOfThemJoined()
    {
        byte[] data = Pattern(700);
        Assert.That(Sha256.Hash(0x00, data), Is.EqualTo(Sha256.Hash([0x00, .. data])));
    }

    [Test]
    public void HashNode_PrefixLeftRight_IsTheHashOfThe65Bytes()
    {
        Digest left = Sha256.Hash([1]);
        Digest right = Sha256.Hash([2]);
        byte[] joined = [0x01, .. left.ToArray(), .. right.ToArray()];
        Assert.That(Sha256.HashNode(0x01, left, right), Is.EqualTo(Sha256.Hash(joined)));
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + 7))];
}
