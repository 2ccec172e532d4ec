using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Reads;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Storage.Reads;
using GovChain.Tests.Unit.Storage;
using NUnit.Framework;
using RulesLedger = GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a log that its own node has written anew, with all its hashes, is found out by the roots on the ledger, and by the first that it does
/// not hold. Method: a log of ten entries under roots over 3, 4, 8 and 9; every entry altered, removed and doubled, the log cut off after every one, each
/// written anew with hashes that fit.
/// </summary>
public sealed class ReadRootCheckTests : StorageFixture
{
    private static readonly ulong[] Roots = [3, 4, 8, 9];

    private readonly RulesLedger _ledger = new(static body => body.ProtocolVersion = 2);

    [Test]
    public async Task Log_AsItWasWritten_HoldsEveryRoot()
    {
        Write([.. Entries()]);
        Post(0, Roots);
        ReadRootVerdict verdict = await CheckAsync();
        Assert.That((verdict.Roots, verdict.Newest!.LastEntry, verdict.Begins, verdict.Problem), Is.EqualTo((4UL, 9UL, (ReadRootState?)null, (string?)null)));
        Assert.That((await CheckAsync("beta")).Roots, Is.Zero);
    }

    [Test]
    public async Task Log_WrittenAnewWithOneEntryChanged_NamesTheFirstRootThatItDoesNotHold()
    {
        List<ReadEntry> entries = Entries();
        Write(entries);
        Post(0, Roots);
        for (int i = 0; i < entries.Count; i++)
        {
            await ExpectAsync([.. entries[..i], entries[i] with { OfficerId = "nobody" }, .. entries[(i + 1)..]], i, "altered");
            await ExpectAsync([.. entries[..i], .. entries[(i + 1)..]], i, "removed");
            await ExpectAsync([.. entries[..(i + 1)], .. entries[i..]], i + 1, "doubled"); // of two that are equal the later one is too much
            await ExpectAsync(entries[..i], i, "cut off");
        }
    }

    /// <summary>The first root over more entries than those that are left as they were.</summary>
    private async Task ExpectAsync(List<ReadEntry> rewritten, int same, string what)
    {
        Remove();
        Write(rewritten);
        int root = Array.FindIndex(Roots, r => r > (ulong)same);
        string? problem = (await CheckAsync()).Problem;
        if (root < 0)
        {
            Assert.That(problem, Is.Null, $"{what} after {same}: no root covers it");
            return;
        }
        Assert.That(problem, Does.Contain($"(root {root + 1}, posted "), $"{what} after {same}");
        Assert.That(problem, Does.Contain(rewritten.Count == 0 ? "the log has no entry"
            : (ulong)rewritten.Count < Roots[root] ? $"the log ends with entry {rewritten.Count}, and the ledger has a root over {Roots[root]}"
            : $"entry {Roots[root]} is not the one"), $"{what} after {same}");
    }

    [Test]
    public async Task Log_BegunAnew_IsComparedWithItsOwnRoots_AndSaysWhatItIs()
    {
        Write(Entries());
        Post(0, Roots);
        Remove();
        List<ReadEntry> other = [.. Entries().Select(static e => e with { Record = "OTHER" })];
        Write(other);
        Post(0, 2, 5);
        ReadRootVerdict verdict = await CheckAsync();
        Assert.That((verdict.Roots, verdict.Newest!.Log, verdict.Begins!.Number, verdict.Problem), Is.EqualTo((6UL, 2UL, 5UL, (string?)null)));
        Remove();
        Write([.. other[..3], .. other[4..]]);
        Assert.That((await CheckAsync()).Problem, Does.Contain("(root 6, posted ").And.Contain("one of entries 3 to 5"), "no root of the log before is asked");
    }

    [Test]
    public async Task EmptyLog_WithoutARoot_IsNoProblem()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        Assert.That((await CheckAsync()).Problem, Is.Null);
    }

    private static List<ReadEntry> Entries() =>
    [
        .. Enumerable.Range(1, 10).Select(static i => new ReadEntry
        {
            TimeMs = 1_800_000_000_000 + (ulong)i,
            Listener = "clients",
            Department = "alpha",
            OfficerId = $"o-{i}",
            Method = "GetRecord",
            Type = "permit",
            Record = "P-1",
            Answer = "GIVEN",
        }),
    ];

    private void Remove()
    {
        string reads = Path.Combine(DirectoryPath, "reads");
        if (Directory.Exists(reads))
            Directory.Delete(reads, recursive: true);
    }

    private void Write(IEnumerable<ReadEntry> entries)
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using var log = ReadLog.Open(directory, fileBytesMax: 700); // a few entries a file
        foreach (ReadEntry entry in entries)
            log.Append(entry);
    }

    /// <summary>Puts roots over so many entries of the log onto the ledger.</summary>
    private void Post(ulong from, params ulong[] ends)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
        _ledger.StepMs = ReadRootRules.LeastIntervalMs;
        foreach (ulong end in ends)
        {
            ulong number = (_ledger.Read<DepartmentState>(StateKey.Department("alpha"))?.ReadRoots ?? 0) + 1;
            (ReadEntry Entry, Digest Hash) newest = ReadLogFiles.Find(directory, end)!.Value;
            Assert.That(newest.Entry.Number, Is.EqualTo(end));
            _ledger.Commit((RulesLedger.AlphaValidator, new TransactionBody
            {
                PostReadRoot = new PostReadRoot { Number = number, FirstEntry = from + 1, LastEntry = end, Head = ByteString.CopyFrom(newest.Hash.Span) },
            }));
            from = end;
        }
    }

    private async Task<ReadRootVerdict> CheckAsync(string department = "alpha")
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
        ReadLogState state = ReadLogFiles.Read(directory, static (_, _) => { });
        Assert.That(state.Damage, Is.Null, "its hashes fit");
        return await ReadRootCheck.RunAsync(
            ReadRootLedger.Of(_ledger.State, ["alpha", "beta"]), department, state.End.Count, n => n <= state.End.Count ? ReadLogFiles.Find(directory, n)?.Hash : null);
    }
}
