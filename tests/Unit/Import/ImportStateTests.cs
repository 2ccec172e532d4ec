using GovChain.Client.Import;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Import;

/// <summary>The import's memory: what is in it survives, what is torn or damaged is never taken for something else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImportStateTests : IDisposable
{
    private static readonly Digest Chain = Sha256.Hash("chain"u8);
    private static readonly Digest File = Sha256.Hash("file"u8);
    private static readonly PublicKey Signer = TestLedger.AlphaClerk.Public;
    private static readonly ImportBase[] Records = [new("L-1", 3, true), new("L-2", 1, false)];
    private static readonly ImportResult Committed = new(0, new string('a', 64), 17, null, null);
    private static readonly ImportResult Refused = new(1, null, 0, "VERSION_CONFLICT", "Somebody was \"faster\": 名称.");

    private readonly TempDirectory _directory = new();

    private string Path => _directory["state/import.jsonl"];

    public void Dispose() => _directory.Dispose();

    [Test]
    public void Open_New_IsEmpty()
    {
        using ImportState state = Open();
        Assert.That(state.HasBase, Is.False);
        Assert.That(state.Base, Is.Empty);
        Assert.That(state.Results, Is.Empty);
        Assert.That(state.AttemptsOf(0), Is.Empty);
    }

    [Test]
    public void Reopen_EverythingAdded_IsThereAndMoreCanBeAdded()
    {
        Fill();
        using (ImportState state = Open())
        {
            AssertFilled(state);
            state.Add(new ImportAttempt(2, 2, 3_000));
        }
        using (ImportState state = Open())
        {
            Assert.That(state.AttemptsOf(2).Select(a => a.Attempt), Is.EqualTo(new[] { 0, 1, 2 }));
            Assert.That(state.Results, Has.Count.EqualTo(2));
        }
    }

    [Test]
    public void Reopen_BaseTornBeforeItsEnd_IsNoBase()
    {
        Fill();
        string[] lines = System.IO.File.ReadAllLines(Path);
        int end = Array.FindIndex(lines, l => l.Contains("baseComplete"));
        System.IO.File.WriteAllLines(Path, lines[..end]);
        using ImportState state = Open();
        Assert.That(state.HasBase, Is.False, "records may be missing: the ledger must be asked again");
        state.SetBase([Records[0] with { Version = 4 }]);
        Assert.That(state.Base["L-1"].Version, Is.EqualTo(4));
    }

    [Test]
    public void Reopen_TornAnywhere_KeepsTheWholeLinesAndGoesOn()
    {
        Fill();
        byte[] whole = System.IO.File.ReadAllBytes(Path);
        for (int length = 0; length <= whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(Path, whole[..length]);
            int lines = Math.Max(1, whole.AsSpan(0, length).Count((byte)'\n'));
            using (ImportState state = Open())
                state.Add(new ImportAttempt(9, 0, 1));
            string[] written = System.IO.File.ReadAllLines(Path);
            Assert.That(written, Has.Length.EqualTo(lines + 1), $"torn after {length} bytes");
            Assert.That(written[^1], Does.Contain("\"event\":9"));
            using ImportState again = Open();
            Assert.That(again.AttemptsOf(9), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public void Open_StateOfAnotherImport_IsRefusedAndLeftAlone()
    {
        Fill();
        byte[] before = System.IO.File.ReadAllBytes(Path);
        Func<ImportState>[] others =
        [
            () => ImportState.Open(Path, File, "licence", File, Signer),
            () => ImportState.Open(Path, Chain, "permit", File, Signer),
            () => ImportState.Open(Path, Chain, "licence", Chain, Signer),
            () => ImportState.Open(Path, Chain, "licence", File, TestLedger.Spare.Public),
        ];
        foreach (Func<ImportState> other in others)
        {
            var thrown = Assert.Catch<ImportFileException>(() => other())!;
            Assert.That(thrown.Line, Is.EqualTo(1));
            Assert.That(thrown.Message, Does.Contain("another import"));
        }
        Assert.That(System.IO.File.ReadAllBytes(Path), Is.EqualTo(before));
        using ImportState state = Open();
        AssertFilled(state);
    }

    [TestCase("not json")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{\"attemqt\":{\"event\":2,\"attempt\":0,\"expiresAtMs\":1}}", Description = "one bit of a name")]
    [TestCase("{\"attempt\":{\"event\":2,\"attemqt\":0,\"expiresAtMs\":1}}")]
    [TestCase("{\"attempt\":{\"event\":\"2\",\"attempt\":0,\"expiresAtMs\":1}}")]
    [TestCase("{\"attempt\":{\"event\":2,\"attempt\":0,\"expiresAtMs\":-1}}")]
    [TestCase("{\"base\":{\"version\":1,\"inForce\":true}}")]
    [TestCase("{\"result\":{\"event\":99999999999}}")]
    public void Open_DamagedLine_IsRefusedWithItsNumberAndLeftAlone(string damaged)
    {
        Fill();
        List<string> lines = [.. System.IO.File.ReadAllLines(Path)];
        lines[3] = damaged;
        System.IO.File.WriteAllLines(Path, lines);
        byte[] before = System.IO.File.ReadAllBytes(Path);
        var thrown = Assert.Catch<ImportFileException>(() => Open())!;
        Assert.That(thrown.Line, Is.EqualTo(4), thrown.Message);
        Assert.That(thrown.Message, Does.Contain("damaged"));
        Assert.That(System.IO.File.ReadAllBytes(Path), Is.EqualTo(before));
    }

    [Test]
    public void Open_WhileTheSameImportRuns_IsRefused()
    {
        using ImportState running = Open();
        Assert.That(
            () => Open(), Throws.TypeOf<ImportFileException>().With.Message.Contain("is the same import running?"));
    }

    [Test]
    public void Open_PathThatIsAFolder_IsRefused()
    {
        Directory.CreateDirectory(Path);
        Assert.That(() => Open(), Throws.TypeOf<ImportFileException>());
    }

    private ImportState Open() => ImportState.Open(Path, Chain, "licence", File, Signer);

    private void Fill()
    {
        using ImportState state = Open();
        state.SetBase(Records);
        state.Add(new ImportAttempt(2, 0, 1_000));
        state.Add(new ImportAttempt(2, 1, 2_000));
        state.Add(Committed);
        state.Add(Refused);
        AssertFilled(state);
    }

    private static void AssertFilled(ImportState state)
    {
        Assert.That(state.HasBase);
        Assert.That(state.Base.Values, Is.EquivalentTo(Records));
        Assert.That(
            state.AttemptsOf(2), Is.EqualTo(new[] { new ImportAttempt(2, 0, 1_000), new ImportAttempt(2, 1, 2_000) }));
        Assert.That(state.Results[0], Is.EqualTo(Committed));
        Assert.That(state.Results[1], Is.EqualTo(Refused));
    }
}
