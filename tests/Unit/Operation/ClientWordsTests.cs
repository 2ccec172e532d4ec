using System.CommandLine;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>What a clerk reads where a command does not end as expected says what happened and what can be done with commands.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientWordsTests
{
    private static readonly Uri Node = new("https://node.example:1");

    [Test]
    public void Value_ThatBeginsWithAnAt_IsThatValue_AndNoFileOfArguments()
    {
        ParseResult parsed = CommandRunner.Parse(
            RecordCommand.Create(), ["register", "licence", "@id", "--content", "@content", "--reason", "@reason", "--media-type", "text/plain"]);
        Assert.That(parsed.Errors.Select(static e => e.Message), Is.Empty);
        Assert.That(
            new[] { "--content", "--reason", "ID" }.Select(parsed.GetValue<string>), Is.EqualTo(new[] { "@content", "@reason", "@id" }));
        Assert.That(
            Assert.Throws<CommandException>(() => RecordCommand.CheckJson("@content"u8.ToArray(), "application/json"))!.Message, Does.Contain("--file FILE"));
    }

    /// <summary>With a validator on the option and without.</summary>
    [TestCase("bench crypto --seconds x", "--seconds x: a whole number is expected.")]
    [TestCase("bench load --records 9999999999", "--records 9999999999: a whole number is expected.")]
    [TestCase("record register licence L-1 --content {} --wait x", "--wait x: a whole number is expected.")]
    [TestCase("record register licence L-1 --content {} --expected-version x", "--expected-version x: a whole number is expected.")]
    [NonParallelizable]
    public async Task RunAsync_AValueOfAnotherKind_IsAWrongUsage(string line, string said)
    {
        TextWriter before = Console.Error;
        using var errors = new StringWriter();
        Console.SetError(errors);
        try
        {
            Assert.That(
                await CommandRunner.RunAsync(new RootCommand { BenchCommand.Create(), RecordCommand.Create() }, line.Split(' ')), Is.EqualTo(ExitCode.Usage));
        }
        finally
        {
            Console.SetError(before);
        }
        Assert.That(errors.ToString(), Does.StartWith(said));
    }

    [TestCase("", true)]
    [TestCase("get", false)]
    [TestCase("gett", false)]
    [TestCase("--json", false)]
    [TestCase("get licence L-1", false)]
    public void LacksCommand_OnlyWhereAGroupStandsAlone(string line, bool lacks) => Assert.That(
        CommandRunner.LacksCommand(CommandRunner.Parse(RecordCommand.Create(), line.Split(' ', StringSplitOptions.RemoveEmptyEntries))), Is.EqualTo(lacks));

    [Test]
    public void WrongUsage_NamesWhatIsMissing_AndWhereHelpIs()
    {
        string[] lines = CommandRunner.WrongUsage(CommandRunner.Parse(RecordCommand.Create(), ["get", "licence"])).Split(Environment.NewLine);
        Assert.That(lines, Is.EqualTo(new[] { "ID is missing: The record's id.", "See: govchain get --help" }));
        Assert.That(
            CommandRunner.WrongUsage(CommandRunner.Parse(RecordCommand.Create(), ["get", "licence", "L-1", "--version"])),
            Does.Contain("--version"), "an option without a value");
    }

    [Test]
    public void Status_WithoutAWord_IsASentenceThatSaysWhatToDo()
    {
        foreach (StatusCode status in Enum.GetValues<StatusCode>().Where(static s => s != StatusCode.OK))
        {
            foreach (string nothing in new[] { "", " " })
            {
                var error = LedgerClientException.From(new RpcException(new Status(status, nothing)), Node);
                CommandRunner.Problem problem = CommandRunner.Explain(error);
                Assert.That(problem.Message, Does.StartWith($"{error.Reason}: ").And.Contain("node.example").And.Match(@"[.?]$").And.Not.Contain(": ."), $"{status}");
                Assert.That(problem.Message, Has.Length.GreaterThan(error.Reason.Length + 60), $"{status}");
            }
        }
        var told = LedgerClientException.From(new RpcException(new Status(StatusCode.Internal, "The disk is full.")), Node);
        Assert.That(told.Message, Is.EqualTo("The disk is full."), "what was said is passed on");
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Submit_StillPending_NamesTheCommandsThatShowHowItEnded(CancellationToken cancellation)
    {
        await using RpcHost host = await RpcHost.StartAsync();
        host.Gateway.OnSubmit = static (_, _, _, _) => Task.FromResult(Outcomes.Pending(FakeGateway.Id));
        using var channel = GrpcChannel.ForAddress(host.GrpcAddress);
        using var client = new LedgerClient(host.GrpcAddress, channel);
        using PlatformSigner signer = PlatformSigner.Create();
        var factory = new TransactionFactory(Sha256.Hash("chain"u8), signer);

        LedgerClientException pending = (await Assert.ThrowsAsync<LedgerClientException>(() => RecordCommand.SubmitAsync(
            client, factory, static body => body.Register = new RecordChange(), cancellation, TimeSpan.FromSeconds(1))))!;

        CommandRunner.Problem problem = CommandRunner.Explain(pending);
        Assert.That((problem.ExitCode, problem.Reason), Is.EqualTo((ExitCode.Unavailable, "TRANSACTION_PENDING")));
        Assert.That(problem.Message, Does.Match("govchain receipt get [0-9a-f]{64} -o receipt.json").And.Contain("govchain record history TYPE ID"));
        Assert.That(pending.Facts["transactionId"], Is.EqualTo(FakeGateway.Id), "the facts stay");
    }

    [TestCase("events.ndjson", "")]
    [TestCase("events.ndjson", "\n\n")]
    [TestCase("events.csv", "id,name\n")]
    [TestCase("events.rsf", "")]
    public void Import_OfAFileWithoutEvents_SaysThatThereIsNothing(string name, string text)
    {
        string folder = Directory.CreateTempSubdirectory("govchain-import-").FullName;
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        ImportFile file = ImportFileReader.Read(path, ImportFileReader.FormatOf(path)!.Value, new CsvOptions("id", null));
        Directory.Delete(folder, recursive: true);
        var summary = new ImportSummary(0, 0, 0, 0, [], 0);
        Assert.That(ImportCommand.Sentence(file, summary), Is.EqualTo($"{name}: nothing to import: there is no event in it"));
        Assert.That(ImportCommand.ToJson(file, summary)["events"]!.GetValue<int>(), Is.Zero);
    }
}
