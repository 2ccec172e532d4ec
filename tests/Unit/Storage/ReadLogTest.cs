using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Reads;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>
/// Goal: of a read log nothing can be altered, removed, moved or added unnoticed, and what a crash leaves is not taken for that; docs/SPEC.md,
/// "Read log". Method: every byte of a small log changed, every line removed, doubled and moved, every length cut; an append broken off at
/// every byte.
/// </summary>
public sealed class ReadLogTest : StorageFixture
{
    private const int Entries = 4;

    private string Reads => Path.Combine(DirectoryPath, "reads");

    private string First => Path.Combine(Reads, "00000000000000000001");

    [Test]
    public void Log_WrittenAndOpenedAgain_GoesOnWithItsEntries()
    {
        Assert.That(Verify(), Is.EqualTo(new ReadLogState(ReadChain.Empty(Chain), 0, null)), "no log yet");
        ReadChain end = Write(Entries);
        var read = new List<ReadEntry>();
        Assert.That(Verify(read.Add), Is.EqualTo(new ReadLogState(end, 0, null)));
        Assert.That(read, Is.EqualTo(Enumerable.Range(1, Entries).Select(i => Entry(i) with { Number = (ulong)i })));
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using var log = ReadLog.Open(directory);
        Assert.That(log.End, Is.EqualTo(end));
        Assert.That(log.Recent, Is.EqualTo(read));
        log.Append(Entry(5));
        Assert.That(Verify().End, Is.EqualTo(log.End));
        Assert.That(log.End.Count, Is.EqualTo(5));
    }

    /// <summary>Of every character that a record's id may hold: an escape is six times as long as what it stands for.</summary>
    [Test]
    public void Entry_OfTheLongestNames_FitsItsLine([Values("+", "~", "@", ":", "a")] string character)
    {
        string record = string.Concat(Enumerable.Repeat(character, Limits.RecordIdMax));
        var entry = new ReadEntry
        {
            Number = ulong.MaxValue,
            TimeMs = ulong.MaxValue,
            Listener = "administration",
            Department = new string('d', Limits.DepartmentIdMax),
            OfficerId = new string('o', Limits.OfficerIdMax),
            Key = new string('f', 66),
            Token = new string('f', 64),
            TokenEndsMs = ulong.MaxValue,
            Method = "GetRecordHistory",
            Type = new string('t', Limits.TypeMax),
            Record = record,
            Last = record,
            Answer = "TOKEN_SIGNATURE_INVALID",
            Unwritten = ulong.MaxValue,
        };
        Assert.That(new ReadChain(ulong.MaxValue - 1, default).Add(entry).Line, Has.Length.LessThan(1_100));
        Assert.That(ReadEntry.TryRead(entry.ToJson()), Is.EqualTo(entry));
        ReadEntry shown = entry with { Token = "", TokenEndsMs = 0, Certificate = entry.Token }; // never both
        Assert.That(ReadEntry.TryRead(shown.ToJson()), Is.EqualTo(shown));
        Assert.That(shown.ToJson(), Has.Length.LessThan(entry.ToJson().Length));
    }

    [Test]
    public void Log_WithAnyByteChanged_IsDamaged()
    {
        Write(Entries);
        long bytes = new FileInfo(First).Length;
        for (long at = 0; at < bytes; at++)
        {
            foreach (byte mask in (byte[])[1, 0x80, 0x20])
            {
                Flip(First, at, mask);
                string? damage = Verify().Damage;
                Assert.That(damage, Does.StartWith("reads/00000000000000000001, byte "), $"byte {at}");
                Flip(First, at, mask);
            }
        }
        Assert.That(Verify().Damage, Is.Null);
    }

    [Test]
    public void Log_WithALineRemovedDoubledOrMoved_IsDamaged()
    {
        Write(Entries);
        string[] lines = File.ReadAllLines(First);
        for (int i = 0; i < lines.Length; i++)
        {
            Hold([.. lines[..i], .. lines[(i + 1)..]], $"without line {i + 1}");
            Hold([.. lines[..(i + 1)], .. lines[i..]], $"line {i + 1} twice");
            for (int j = 0; j < i; j++)
            {
                string[] moved = [.. lines];
                (moved[i], moved[j]) = (moved[j], moved[i]);
                Hold(moved, $"lines {j + 1} and {i + 1} exchanged");
            }
        }
        Hold([], "without any line");

        void Hold(string[] content, string what)
        {
            File.WriteAllText(First, string.Concat(content.Select(static l => l + "\n")));
            // A doubled last line is beyond the tip and the last of all, as a crash may leave one.
            if (what == $"line {Entries} twice")
                Assert.That(Verify(), Has.Property(nameof(ReadLogState.Damage)).Null.And.Property(nameof(ReadLogState.Torn)).GreaterThan(0));
            else
                Assert.That(Verify().Damage, Is.Not.Null, what);
        }
    }

    [Test]
    public void Log_CutAtAnyByte_IsDamaged()
    {
        Write(Entries);
        byte[] whole = File.ReadAllBytes(First);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(First, whole[..length]);
            Assert.That(Verify().Damage, Is.Not.Null, $"{length} bytes");
        }
        File.Delete(First);
        Assert.That(Verify().Damage, Does.Contain($"had written {Entries}"));
        Directory.Delete(Reads, recursive: true); // as somebody who removes everything would; only an earlier hash tells
        Assert.That(Verify().Damage, Is.Null);
    }

    [Test]
    public void Tip_WithBothSlotsChanged_IsDamaged()
    {
        Write(Entries);
        string tip = Path.Combine(Reads, "tip");
        foreach (long slot in (long[])[0, 4_096])
            Flip(tip, slot + 60);
        Assert.That(Verify().Damage, Does.StartWith("reads/tip"));
        File.Delete(tip);
        Assert.That(Verify().Damage, Does.StartWith("reads/tip"));
        RefusesToOpen();
    }

    [Test]
    public void Log_WrittenAnewWithOtherEntries_IsDamaged()
    {
        Write(Entries);
        byte[] tip = File.ReadAllBytes(Path.Combine(Reads, "tip"));
        Directory.Delete(Reads, recursive: true);
        Write(Entries, 1_000);
        File.WriteAllBytes(Path.Combine(Reads, "tip"), tip);
        Assert.That(Verify().Damage, Does.Contain("written anew"));
    }

    [Test]
    public void Log_OfAnotherLedger_IsDamaged()
    {
        Write(Entries);
        string other = Path.Combine(Root, "other");
        DataDirectory.Open(other, OtherChain).Dispose();
        Copy(Reads, Path.Combine(other, "reads"));
        using DataDirectory directory = DataDirectory.OpenReadOnly(other);
        Assert.That(ReadLogFiles.Read(directory, static (_, _) => { }).Damage, Is.Not.Null);
    }

    [Test]
    public void Append_BrokenOffAtAnyByte_IsATornTailThatIsCutOff([Values] bool zeros)
    {
        ReadChain end = Write(Entries);
        byte[] whole = File.ReadAllBytes(First);
        (byte[] line, _) = end.Add(Entry(5));
        for (int written = 1; written < line.Length; written++)
        {
            // The system may have made the file longer and not have written the bytes, or not the first of them.
            byte[] tail = zeros ? [.. new byte[written], .. line[written..]] : line[..written];
            File.WriteAllBytes(First, [.. whole, .. tail]);
            Assert.That(Verify(), Is.EqualTo(new ReadLogState(end, tail.Length, null)), $"{written} bytes");
            using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
            using var log = ReadLog.Open(directory);
            Assert.That((log.Torn, log.End), Is.EqualTo((tail.Length, end)));
            Assert.That(File.ReadAllBytes(First), Is.EqualTo(whole));
        }
    }

    [Test]
    public void Append_WholeWithoutItsTip_IsTakenAndTheTipFollows()
    {
        ReadChain end = Write(Entries);
        (byte[] line, ReadChain next) = end.Add(Entry(5));
        File.AppendAllText(First, System.Text.Encoding.ASCII.GetString(line));
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        using (var log = ReadLog.Open(directory))
            Assert.That(log.End, Is.EqualTo(next));
        byte[] whole = File.ReadAllBytes(First);
        File.WriteAllBytes(First, whole[..^1]); // now it was durable, and its loss is damage
        Assert.That(Verify().Damage, Is.Not.Null);
    }

    [Test]
    public void Log_InFilesOfTwoEntries_IsVerifiedAcrossThem()
    {
        int two = 2 * (ReadChain.Empty(Chain).Add(Entry(1)).Line.Length + 4);
        ReadChain end = Write(9, fileBytesMax: two);
        string[] files = [.. Directory.EnumerateFiles(Reads, "0*").Order()];
        Assert.That(files, Has.Length.EqualTo(5));
        Assert.That(Verify().End, Is.EqualTo(end));
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        using (var log = ReadLog.Open(directory, two))
        {
            Assert.That(log.End, Is.EqualTo(end));
            Assert.That(log.Recent.Select(static e => e.Number), Is.EqualTo(new ulong[] { 7, 8, 9 }), "the newest two files");
        }
        foreach (string file in files)
        {
            string aside = Path.Combine(Root, "aside");
            File.Move(file, aside);
            Assert.That(Verify().Damage, Is.Not.Null, $"without {file}");
            File.Move(aside, file);
        }
        Flip(files[0], 100);
        Assert.That(Verify().Damage, Does.StartWith("reads/00000000000000000001, byte 0"));
    }

    [Test]
    public void Damage_OfTheNewestFiles_KeepsTheLogFromBeingOpened()
    {
        Write(Entries);
        Flip(First, 100);
        RefusesToOpen();
    }

    [Test]
    public void Page_ConcernsWhatIsOnIt()
    {
        ReadEntry page = Entry(1) with { Record = "B", Last = "D" };
        Assert.That(new[] { "A", "B", "C", "Czz", "D", "E" }.Where(id => page.Concerns("permit", id)), Is.EqualTo(new[] { "B", "C", "Czz", "D" }));
        Assert.That(page.Concerns("licence", "C"), Is.False);
        Assert.That((page with { Record = "", Last = "" }).Concerns("permit", ""), Is.False);
    }

    [Test]
    public void Find_GivesEveryEntryOfEveryFile_AndNoOther()
    {
        var chain = new List<(ReadEntry, Digest)>();
        Write(9, fileBytesMax: 1_200);
        using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
        ReadLogFiles.Read(directory, (entry, at) => chain.Add((entry, at.Head)));
        Assert.That(Directory.EnumerateFiles(Reads, "0*").Count(), Is.GreaterThan(2));
        Assert.That(Enumerable.Range(1, 9).Select(n => ReadLogFiles.Find(directory, (ulong)n)!.Value), Is.EqualTo(chain));
        Assert.That(ReadLogFiles.Find(directory, 0), Is.Null);
        Assert.That(ReadLogFiles.Find(directory, 10), Is.Null);
        File.WriteAllText(Path.Combine(Reads, "99999999999999999999"), "x"); // no number that fits
        Assert.That(ReadLogFiles.Find(directory, ulong.MaxValue), Is.Null);
        Directory.Delete(Reads, recursive: true);
        Assert.That(ReadLogFiles.Find(directory, 1), Is.Null);
    }

    private void RefusesToOpen()
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        StorageException refusal = Refused(StorageError.Damaged, () => ReadLog.Open(directory));
        Assert.That(refusal.Message, Does.Contain("move it aside"));
    }

    private ReadChain Write(int entries, int from = 1, int fileBytesMax = 1 << 20)
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using var log = ReadLog.Open(directory, fileBytesMax);
        for (int i = 0; i < entries; i++)
            log.Append(Entry(from + i));
        return log.End;
    }

    private ReadLogState Verify(Action<ReadEntry>? each = null)
    {
        if (!Directory.Exists(DirectoryPath))
            DataDirectory.Open(DirectoryPath, Chain).Dispose();
        using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
        return ReadLogFiles.Read(directory, (entry, _) => each?.Invoke(entry));
    }

    private static ReadEntry Entry(int i) => new()
    {
        TimeMs = 1_800_000_000_000 + (ulong)i,
        Listener = "clients",
        Department = "alpha",
        OfficerId = $"o-{i % 7}",
        Key = new string('2', 66),
        Token = new string('f', 64),
        TokenEndsMs = 1_800_000_030_000,
        Method = "GetRecord",
        Type = "permit",
        Record = $"P-{i % 10}",
        Answer = "GIVEN",
    };
}
