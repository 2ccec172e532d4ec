using System.CommandLine;
using System.Text.Json;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: <c>govchain audit</c> of a data directory that a quorum's node made against the rules, whole in every file, row and
/// certificate, says which transaction should not have been accepted, and by which rule. Method: the command itself.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class ForgedDirectoryTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-forged-").FullName;
    private readonly CertifiedLedger _ledger = new();

    private string Data => Path.Combine(_root, "data");

    [SetUp]
    public void Make()
    {
        _ledger.Commit(
            _ledger.Sign(TestLedger.AlphaAdmin, Actions.Define()),
            _ledger.Sign(TestLedger.BetaAdmin, Actions.Enrol("clerk", TestLedger.BetaClerk, OfficerRole.Clerk)));
        var genesis = new GenesisFile(_ledger.Genesis, new[] { TestLedger.AlphaValidator, TestLedger.BetaValidator }.Zip(
            _ledger.Genesis.Validators.Members, (key, member) => new FoundingSignature(member.Department, key.Sign(_ledger.Genesis.SigningDigest))));
        File.WriteAllBytes(Path.Combine(_root, "genesis.json"), genesis.ToBytes());
        using DataDirectory directory = DataDirectory.Open(Data, _ledger.Chain);
        using LedgerStore store = LedgerStore.Open(directory);
        foreach ((ExecutedBlock block, Certificate? certificate) in _ledger.Stored())
            store.Append(block, certificate);
        directory.MarkRestored(); // as a copy, which has no votes
    }

    [TearDown]
    public void Remove() => Directory.Delete(_root, recursive: true);

    [Test]
    public async Task Audit_OfAnHonestLedger_IsWhole()
    {
        (int code, string said) = await AuditAsync();
        Assert.That(code, Is.EqualTo(ExitCode.Ok), said);
        Assert.That(said, Does.StartWith($"WHOLE: {Data}: 2 transactions in 1 blocks"));
    }

    [Test]
    public async Task Audit_OfAForgedOne_NamesBlockTransactionAndRule()
    {
        Forge();

        (int code, string said) = await AuditAsync();
        Assert.That(code, Is.EqualTo(ExitCode.ProblemsFound), said);
        Assert.That(said, Does.StartWith($"PROBLEM in {Data}: block 2, InvalidTransaction"));
        Assert.That(said, Does.Contain("found    NOT_PERMITTED in transaction 0 (position 3): Records of type licence belong to alpha"));
        Assert.That(said, Does.Contain("proven before it: 2 transactions to block 1"));

        (code, said) = await AuditAsync("--json");
        JsonElement report = JsonDocument.Parse(said).RootElement;
        JsonElement problem = report.GetProperty("firstProblem"), transaction = problem.GetProperty("transaction");
        Assert.That((code, report.GetProperty("ok").GetBoolean(), problem.GetProperty("height").GetInt32()), Is.EqualTo((ExitCode.ProblemsFound, false, 2)));
        Assert.That(
            (transaction.GetProperty("index").GetInt32(), transaction.GetProperty("position").GetInt32(), transaction.GetProperty("rule").GetString()),
            Is.EqualTo((0, 3, "NOT_PERMITTED")));
        Assert.That(report.GetProperty("findings").GetArrayLength(), Is.Zero, "nothing else tells that it is forged");
    }

    /// <summary>A clerk of beta registers a record of alpha's type, and the departments that collude store what comes of it.</summary>
    private void Forge()
    {
        byte[] envelope = _ledger.Sign(TestLedger.BetaClerk, Actions.Register("stolen"));
        using DataDirectory directory = DataDirectory.Open(Data, _ledger.Chain);
        using LedgerStore store = LedgerStore.Open(directory);
        (ExecutedBlock block, Certificate certificate) = _ledger.Collude(envelope, new RecordState
        {
            Record = new RecordName { Type = Actions.Type, Id = "stolen" },
            Version = 1,
            Status = (uint)RecordStatus.InForce,
            Department = "beta",
            OfficerId = "clerk",
            RecordedAtMs = _ledger.NextTimeMs,
            Height = 2,
            Position = 3,
            PayloadPosition = 3,
        });
        store.Append(block, certificate);
    }

    private async Task<(int Code, string Said)> AuditAsync(params string[] arguments)
    {
        TextWriter before = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            int code = await CommandRunner.RunAsync(new RootCommand { AuditCommand.Create() }, ["audit", "--data", Data, .. arguments]);
            return (code, output.ToString());
        }
        finally
        {
            Console.SetOut(before);
        }
    }
}
