using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>
/// The journal gives back exactly what was synced, or says that it cannot: consensus.md section 7.
/// </summary>
public sealed class VoteJournalTest : StorageFixture
{
    private readonly DataDirectory _directory;

    public VoteJournalTest() => _directory = DataDirectory.Open(DirectoryPath, Chain);

    private string JournalPath => _directory.JournalPath;

    [TearDown]
    public void LetGo() => _directory.Dispose();

    [Test]
    public void Open_NoFile_IsMissingAndMakesNone()
    {
        JournalOpening opening = VoteJournal.Open(_directory);
        Assert.That(opening.Condition, Is.EqualTo(JournalCondition.Missing));
        Assert.That(opening.Journal, Is.Null);
        Assert.That(File.Exists(JournalPath), Is.False);
    }

    [Test]
    public void Create_OverAnExistingJournal_IsRefused()
    {
        VoteJournal.Create(_directory).Dispose();
        Assert.Throws<InvalidOperationException>(() => VoteJournal.Create(_directory));
    }

    [Test]
    public void Append_SyncAndReopen_GivesTheRecordsWithAscendingIndexes()
    {
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            Assert.That(journal.Append([1]), Is.EqualTo(1ul));
            Assert.That(journal.Append([]), Is.EqualTo(2ul));
            Assert.That(journal.DurableIndex, Is.Zero);
            journal.Sync();
            Assert.That(journal.DurableIndex, Is.EqualTo(2ul));
            Assert.That(journal.Append([3, 3, 3]), Is.EqualTo(3ul));
            journal.Sync();
        }
        AssertClean([[1], [], [3, 3, 3]]);
    }

    [Test]
    public void Append_WithoutSync_IsNotThereAfterwards()
    {
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append([1]);
            journal.Sync();
            journal.Append([2]);
        }
        AssertClean([[1]]);
    }

    [Test]
    public void Append_LongestRecord_IsReadBackAndALongerOneRefused()
    {
        byte[] longest = new byte[VoteJournal.RecordBytesMax];
        longest.AsSpan().Fill(0xA5);
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append([1]);
            journal.Append(longest);
            journal.Sync();
            Assert.Throws<ArgumentException>(() => journal.Append(new byte[VoteJournal.RecordBytesMax + 1]));
        }
        AssertClean([[1], longest]);
    }

    [Test]
    public void Open_LastGroupCutAtEveryByte_KeepsTheGroupsBeforeAndGoesOn()
    {
        long start = WriteThreeGroups();
        byte[] whole = File.ReadAllBytes(JournalPath);
        for (long length = start + 1; length < whole.Length; length++)
        {
            File.WriteAllBytes(JournalPath, whole[..(int)length]);
            JournalOpening opening = VoteJournal.Open(_directory);
            Assert.That(opening.Condition, Is.EqualTo(JournalCondition.TornTailTruncated), $"cut at {length}");
            Assert.That(opening.Offset, Is.EqualTo(start));
            Assert.That(new FileInfo(JournalPath).Length, Is.EqualTo(start));
            using (VoteJournal journal = opening.Journal!)
            {
                Assert.That(journal.Append([9]), Is.EqualTo(4ul));
                journal.Sync();
            }
            AssertClean([[1, 1], [2], [3, 3, 3, 3], [9]]);
        }
    }

    [Test]
    public void Open_LastGroupZeroFilled_IsATornTail()
    {
        long start = WriteThreeGroups();
        byte[] whole = File.ReadAllBytes(JournalPath);
        whole.AsSpan((int)start).Clear();
        File.WriteAllBytes(JournalPath, whole);
        JournalOpening opening = VoteJournal.Open(_directory);
        opening.Journal?.Dispose();
        Assert.That(opening.Condition, Is.EqualTo(JournalCondition.TornTailTruncated));
        Assert.That(opening.Records, Has.Count.EqualTo(3));
    }

    [TestCase(0x01)]
    [TestCase(0x80)]
    public void Open_EveryByteFlipped_IsNeverAcceptedAndRightlyNamed(byte mask)
    {
        long lastGroup = WriteThreeGroups();
        byte[] whole = File.ReadAllBytes(JournalPath);
        for (int i = 0; i < whole.Length; i++)
        {
            File.WriteAllBytes(JournalPath, whole);
            Flip(JournalPath, i, mask);
            JournalOpening opening = VoteJournal.Open(_directory);
            opening.Journal?.Dispose();
            JournalCondition expected =
                i < lastGroup ? JournalCondition.DamagedInterior : JournalCondition.TornTailTruncated;
            Assert.That(opening.Condition, Is.EqualTo(expected), $"byte {i}");
            Assert.That(opening.Journal is null, Is.EqualTo(expected == JournalCondition.DamagedInterior));
            if (expected == JournalCondition.DamagedInterior)
                Assert.That(opening.Offset, Is.LessThanOrEqualTo(i));
        }
    }

    [Test]
    public void Open_DamagedInterior_LeavesTheFileAsItIs()
    {
        WriteThreeGroups();
        Flip(JournalPath, JournalFormat.HeaderSize + JournalFormat.GroupPrefixSize + 5);
        byte[] before = File.ReadAllBytes(JournalPath);
        Assert.That(VoteJournal.Open(_directory).Condition, Is.EqualTo(JournalCondition.DamagedInterior));
        Assert.That(File.ReadAllBytes(JournalPath), Is.EqualTo(before));
    }

    [Test]
    public void Open_TornGroupWhosePayloadHoldsAGroupOfAnotherJournal_IsStillATornTail()
    {
        byte[] foreign;
        using (DataDirectory other = DataDirectory.Open(Path.Combine(Root, "other"), Chain))
        using (VoteJournal journal = VoteJournal.Create(other))
        {
            for (int i = 0; i < 5; i++)
            {
                journal.Append([1, 2, 3]);
                journal.Sync();
            }
            using FileStream read = new(other.JournalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            foreign = new byte[read.Length];
            read.ReadExactly(foreign);
        }
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append(foreign);
            journal.Sync();
        }
        using (FileStream file = new(JournalPath, FileMode.Open))
            file.SetLength(file.Length - 1);
        JournalOpening opening = VoteJournal.Open(_directory);
        opening.Journal?.Dispose();
        Assert.That(opening.Condition, Is.EqualTo(JournalCondition.TornTailTruncated));
    }

    [Test]
    public void Open_JournalOfAnotherLedger_IsRefused()
    {
        using (DataDirectory other = DataDirectory.Open(Path.Combine(Root, "other"), OtherChain))
        {
            VoteJournal.Create(other).Dispose();
            File.Copy(other.JournalPath, JournalPath);
        }
        Refused(StorageError.ForeignChain, () => VoteJournal.Open(_directory));
    }

    [Test]
    public void PruneBelow_SmallJournal_KeepsItsRecords()
    {
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append([1]);
            journal.Sync();
            journal.PruneBelow(2);
        }
        AssertClean([[1]]);
    }

    [Test]
    public void PruneBelow_LargeJournal_DropsOldGroupsKeepsTheRestAndGoesOn()
    {
        byte[] large = new byte[VoteJournal.PruneBytesMin];
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append(large);
            journal.Sync();
            journal.Append([2]);
            journal.Append([3]);
            journal.Sync();
            journal.Append([4]);
            journal.PruneBelow(3);
            Assert.That(journal.FileBytes, Is.LessThan(1000));
            journal.Sync();
        }
        AssertClean([[2], [3], [4]], firstIndex: 2);
        Assert.That(File.Exists(JournalPath + ".new"), Is.False);
    }

    [Test]
    public void PruneBelow_Everything_KeepsCountingAfterReopen()
    {
        using (VoteJournal journal = VoteJournal.Create(_directory))
        {
            journal.Append(new byte[VoteJournal.PruneBytesMin]);
            journal.Sync();
            journal.PruneBelow(2);
        }
        JournalOpening opening = VoteJournal.Open(_directory);
        using VoteJournal again = opening.Journal!;
        Assert.That(opening.Records, Is.Empty);
        Assert.That(again.Append([2]), Is.EqualTo(2ul));
    }

    [Test]
    public void Open_CrashDuringPruning_ReadsTheOldJournal()
    {
        WriteThreeGroups();
        File.WriteAllBytes(JournalPath + ".new", [1, 2, 3]);
        AssertClean([[1, 1], [2], [3, 3, 3, 3], [4, 4]]);
    }

    /// <summary>/dev/full refuses to be written, /dev/null refuses to be synced.</summary>
    [TestCase("/dev/full")]
    [TestCase("/dev/null")]
    [Platform("Linux")]
    public void Sync_DeviceRefuses_StopsTheJournalForGood(string device)
    {
        var scan = new JournalScan(JournalCondition.Clean, [], [], 0, 1, 0);
        var file = new JournalFile(File.OpenHandle(device, access: FileAccess.ReadWrite));
        using var journal = new VoteJournal(
            new JournalDirectory(_directory), Chain, file, scan, VoteJournal.PruneBytesMin);
        journal.Append([1]);
        Refused(StorageError.Io, journal.Sync);
        Assert.That(journal.DurableIndex, Is.Zero);
        Refused(StorageError.NotWritable, journal.Sync);
        Refused(StorageError.NotWritable, () => journal.Append([2]));
        Refused(StorageError.NotWritable, () => journal.PruneBelow(1));
    }

    /// <summary>Gives the offset of the third group.</summary>
    private long WriteThreeGroups()
    {
        using VoteJournal journal = VoteJournal.Create(_directory);
        journal.Append([1, 1]);
        journal.Append([2]);
        journal.Sync();
        journal.Append([3, 3, 3, 3]);
        journal.Sync();
        long start = journal.FileBytes;
        journal.Append([4, 4]);
        journal.Sync();
        return start;
    }

    private void AssertClean(byte[][] payloads, ulong firstIndex = 1)
    {
        JournalOpening opening = VoteJournal.Open(_directory);
        opening.Journal?.Dispose();
        Assert.That(opening.Condition, Is.EqualTo(JournalCondition.Clean));
        Assert.That(opening.Records.Select(r => r.Index),
            Is.EqualTo(Enumerable.Range(0, payloads.Length).Select(i => firstIndex + (ulong)i)));
        for (int i = 0; i < payloads.Length; i++)
            Assert.That(opening.Records[i].Payload.Span.SequenceEqual(payloads[i]), $"record {i}");
    }
}
