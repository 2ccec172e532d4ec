using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>docs/SPEC.md, "Directory": evidence outlasts a restart, and every damaged byte of it shows.</summary>
public sealed class EvidenceStoreTest : StorageFixture
{
    [Test]
    public void Add_ThenOpen_HoldsEachOnce()
    {
        Evidence one = Some(1), two = Some(2);
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        {
            var store = EvidenceStore.Open(directory);
            Assert.That(store.All, Is.Empty);
            store.Add(one);
            store.Add(one);
            store.Add(two);
            Assert.That(store.All, Is.EqualTo(new[] { one, two }));
        }
        using DataDirectory again = DataDirectory.OpenReadOnly(DirectoryPath);
        var read = EvidenceStore.Open(again);
        Assert.That(read.All, Is.EquivalentTo(new[] { one, two }));
        Assert.That(read.Damaged, Is.Empty);
    }

    [Test]
    public void Check_AnyByteFlipped_NamesTheFile_AndItIsNotServed()
    {
        Evidence evidence = Some(1);
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        var store = EvidenceStore.Open(directory);
        store.Add(evidence);
        store.Keep(7, 1, "why"u8.ToArray(), 10);
        Assert.That(Findings(), Is.Empty);
        string file = Path.Combine(DirectoryPath, "evidence", evidence.Id.ToString());
        for (int i = 0; i < Evidence.Size; i += 7)
        {
            Flip(file, i);
            Assert.That(Findings(), Is.EqualTo(new[] { $"evidence/{evidence.Id}" }), $"byte {i}");
            Assert.That(EvidenceStore.Open(directory).All, Is.Empty);
            Assert.That(EvidenceStore.Open(directory).Damaged, Has.Count.EqualTo(1));
            Flip(file, i);
        }
        File.AppendAllText(file, "x");
        Assert.That(Findings(), Has.Length.EqualTo(1), "a byte too many");
        File.WriteAllBytes(file, evidence.ToBytes());
        string kept = Directory.EnumerateFiles(Path.Combine(DirectoryPath, "justifications")).Single();
        Flip(kept, 1);
        Assert.That(Findings(), Is.EqualTo(new[] { $"justifications/{Path.GetFileName(kept)}" }));
        Assert.That(EvidenceStore.ReadJustifications(directory), Is.Empty);
    }

    [Test]
    public void Check_EvidenceOfAnotherLedgerOrUnderAnotherName_IsDamage()
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        EvidenceStore.Open(directory).Add(Some(1));
        string folder = Path.Combine(DirectoryPath, "evidence");
        File.Move(Directory.EnumerateFiles(folder).Single(), Path.Combine(folder, Some(2).Id.ToString()));
        Assert.That(Findings(), Is.EqualTo(new[] { $"evidence/{Some(2).Id}" }));
        using DataDirectory foreign = DataDirectory.OpenUnverified(DirectoryPath, OtherChain);
        Assert.That(EvidenceStore.Open(foreign).Damaged, Has.Count.EqualTo(1));
    }

    [Test]
    public void Keep_BeyondTheBound_RemovesTheOldestHeights()
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        var store = EvidenceStore.Open(directory);
        for (byte i = 0; i < 9; i++)
            store.Keep(100UL - i, 1, new[] { i }, max: 4);
        Assert.That(EvidenceStore.ReadJustifications(directory).Select(static b => b[0]), Is.EqualTo(new byte[] { 3, 2, 1, 0 }));
        EvidenceStore.Open(directory).Keep(200, 1, new byte[] { 99 }, max: 2);
        Assert.That(EvidenceStore.ReadJustifications(directory).Select(static b => b[0]), Is.EqualTo(new byte[] { 0, 99 }));
    }

    private string[] Findings() => [.. DirectoryCheck.Run(DirectoryPath, Chain, null, CancellationToken.None).Findings
        .Where(static f => f.IsDamage).Select(static f => f.File)];

    private static Evidence Some(int number)
    {
        var key = new TestKey(300 + number);
        SignedVote Sign(byte block)
        {
            var vote = new Vote(VoteType.Commit, Chain, 0, 5, 0, Sha256.Hash([block]));
            return new SignedVote(vote.Type, 0, 5, 0, vote.BlockHash, -1, key.Sign(vote.SigningDigest()));
        }
        return Evidence.Of(Chain, key.Public, Sign(1), Sign(2))!;
    }
}
