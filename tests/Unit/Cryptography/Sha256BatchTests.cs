using System.Globalization;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: on every path that this processor has, many messages at once have the digests that each has alone. Method: NIST's
/// messages; every length to 300 bytes, every number of messages and pairs about the numbers of lanes, mixed lengths; against
/// the platform's hash, which is also the path of other processors.
/// </summary>
[TestFixtureSource(nameof(Paths))]
internal sealed class Sha256BatchTests(HashPath path)
{
    private static IEnumerable<HashPath> Paths => Enum.GetValues<HashPath>().Where(Sha256Batch.IsSupported);

    [TestCase("SHA256ShortMsg.rsp")]
    [TestCase("SHA256LongMsg.rsp")]
    public void Hash_NistMessagesTogether_GivesTheirDigests(string file)
    {
        string[] lines = File.ReadAllLines(SharedFolder.Require($"vectors/sha256/{file}"));
        int[] starts = [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith("Len = ", StringComparison.Ordinal))];
        ReadOnlyMemory<byte>[] messages = [.. starts.Select(i => new ReadOnlyMemory<byte>(
            Convert.FromHexString(lines[i + 1]["Msg = ".Length..]), 0, int.Parse(lines[i][6..], CultureInfo.InvariantCulture) / 8))];
        var digests = new Digest[messages.Length];

        Sha256Batch.Hash(path, [], messages, digests);

        Assert.That(messages, Has.Length.GreaterThan(60));
        Assert.That(digests.Select(d => d.ToString()), Is.EqualTo(starts.Select(i => lines[i + 2]["MD = ".Length..])));
    }

    [Test]
    public void Hash_EveryLength_AsEqualsAndMixed_IsTheHashOfEach([Values(0, 1, 2, 63, 64, 65, 200)] int tagLength)
    {
        byte[] tag = Pattern(tagLength, 3);
        for (int length = 0; length <= 300; length++)
            AssertEach(tag, [.. Enumerable.Range(0, 16).Select(i => Pattern(length, i))]);
        AssertEach(tag, [.. Enumerable.Range(0, 301).Select(length => Pattern(length, 5))]);
        AssertEach(tag, [.. Enumerable.Range(0, 301).Select(length => Pattern(300 - length, 6))]);
    }

    [Test]
    public void Hash_AnyNumberOfMessagesOfAnyLengths_IsTheHashOfEach()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int count = 0; count <= 70; count++)
            AssertEach([0], [.. Enumerable.Range(0, count).Select(i => Pattern(random.Next(random.Next(2) == 0 ? 80 : 5_000), i))]);
    }

    [Test]
    public void Hash_OneLongAmongMany_IsTheHashOfEach() =>
        AssertEach([0], [.. Enumerable.Range(0, 40).Select(i => Pattern(i == 7 ? 100_000 : 500, i))]);

    [Test]
    public void IsSound_OnThisProcessor_IsTrue() => Assert.That(Sha256Batch.IsSound(path), "or Best would leave it out");

    [Test]
    public void Choose_PathThatIsNotSound_IsLeftOutAndNamed()
    {
        HashPath[] supported = [.. Paths];
        Assert.That(Sha256Batch.Choose(static _ => true).Best, Is.EqualTo(supported[^1]).And.EqualTo(Sha256Batch.Best));
        Assert.That(Sha256Batch.Unsound, Is.Empty);

        (HashPath best, HashPath[] unsound) = Sha256Batch.Choose(p => p == HashPath.Platform || p != path);
        HashPath[] left = path == HashPath.Platform ? supported : [.. supported.Except([path])];
        Assert.That(best, Is.EqualTo(left[^1]));
        Assert.That(unsound, Is.EqualTo(supported.Except(left)));
    }

    [Test]
    public void Hash_FewerDigestsThanMessages_Throws() => Assert.That(
        () => Sha256Batch.Hash(path, [], new ReadOnlyMemory<byte>[3], new Digest[2]), Throws.ArgumentException);

    [Test]
    public void HashNodes_EveryNumberOfChildren_ApartAndInPlace_IsTheHashOfEachPair()
    {
        for (int count = 0; count <= 140; count++)
        {
            Digest[] children = [.. Enumerable.Range(0, count).Select(i => Sha256.Hash(BitConverter.GetBytes(i)))];
            Digest[] expected = [.. Enumerable.Range(0, count / 2).Select(i => Sha256.HashNode(0x11, children[2 * i], children[2 * i + 1]))];
            var apart = new Digest[count / 2 + 1];

            Sha256Batch.HashNodes(path, 0x11, children, apart);
            Assert.That(apart, Is.EqualTo(expected.Append(Digest.Zero)), $"{count} children");

            Digest[] inPlace = [.. children];
            Sha256Batch.HashNodes(path, 0x11, inPlace, inPlace);
            Assert.That(inPlace.Take(count / 2), Is.EqualTo(expected), $"{count} children, in place");

            if (count == 0)
                continue;
            Digest[] shifted = [.. children, Digest.Zero];
            Sha256Batch.HashNodes(path, 0x11, shifted.AsSpan(0, count), shifted.AsSpan(1));
            Assert.That(shifted.Skip(1).Take(count / 2), Is.EqualTo(expected), $"{count} children, moved by one");
        }
    }

    private void AssertEach(byte[] tag, byte[][] messages)
    {
        var digests = new Digest[messages.Length];
        Sha256Batch.Hash(path, tag, [.. messages.Select(static m => new ReadOnlyMemory<byte>(m))], digests);
        for (int i = 0; i < messages.Length; i++)
        {
            if (digests[i] != Sha256.Hash(tag, messages[i]))
                Assert.Fail($"Message {i} of {messages.Length}, {messages[i].Length} bytes after a tag of {tag.Length}.");
        }
    }

    private static byte[] Pattern(int length, int salt) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + salt * 57 + 7))];
}
