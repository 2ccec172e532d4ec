using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json.Nodes;
using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: <c>govchain type check</c> and <c>type define</c> judge a file's schema and content by the ledger's rules before a node is
/// asked, with the exit codes of docs/ERRORS.md.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class TypeCheckTests : IDisposable
{
    private const string Schema = """{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-type-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [TestCase("""{"name":"x"}""", ExitCode.Ok, "FITS: ")]
    [TestCase("""{"name":1}""", ExitCode.ProblemsFound, "at /name: must be a string, and is 1 (type)")]
    [TestCase("""{"name":"x",}""", ExitCode.ProblemsFound, "byte 13: a name in quotation marks is expected")]
    public async Task Check_OfContent_SaysWhetherItFits(string content, int exitCode, string says)
    {
        (int code, string output) = await RunAsync("check", Write("content.json", content), "--schema", Write("schema.json", Schema));
        Assert.That((code, output), Is.EqualTo((exitCode, output)));
        Assert.That(output, Does.Contain(says));
    }

    [Test]
    public async Task Check_WithJson_PrintsTheFacts()
    {
        string[] arguments = ["check", Write("content.json", "{}"), "--schema", Write("schema.json", Schema), "--json"];
        JsonNode report = JsonNode.Parse((await RunAsync(arguments)).Output)!;
        Assert.That((bool)report["fits"]!, Is.False);
        Assert.That(((string?)report["keyword"], (string?)report["pointer"], (string?)report["problem"]),
            Is.EqualTo(("required", "", "the member \"name\" is missing")));
        Write("content.json", """{"name":"x"}""");
        report = JsonNode.Parse((await RunAsync(arguments)).Output)!;
        Assert.That(((bool)report["fits"]!, (string?)report["schema"], report["keyword"]), Is.EqualTo((true, Path.Combine(_directory, "schema.json"), (JsonNode?)null)));
    }

    [Test]
    public async Task Schema_ThatTheLedgerWouldRefuse_IsRefusedBeforeANodeIsNamed()
    {
        string schema = Write("schema.json", """{"properties":{"a":{"pattern":"x"}}}""");
        foreach (string[] arguments in new[]
        {
            ["check", Write("content.json", "{}"), "--schema", schema],
            new[] { "define", "licence", "--title", "en=Licence", "--schema", schema },
        })
        {
            CommandException refused = await RefusedAsync(arguments);
            Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Usage));
            Assert.That(refused.Message, Does.Contain("at /properties/a/pattern: the ledger does not know this keyword (pattern)"));
        }
    }

    [Test]
    public async Task Files_ThatAreMissingOrTooLong_AreRefusedByName()
    {
        string content = Write("content.json", "{}");
        Assert.That((await RefusedAsync("check", content, "--schema", Path.Combine(_directory, "none.json"))).Message, Does.Contain("There is no file"));
        string tooLong = Write("long.json", "{}" + new string(' ', 16_384));
        Assert.That((await RefusedAsync("check", content, "--schema", tooLong)).Message, Does.Contain("at most 16384 are read"));
    }

    [TestCase("check", "x.json")]
    [TestCase("check", "x.json", "--type", "licence", "--schema", "y.json")]
    [TestCase("define", "licence", "--title", "en=L", "--schema", "y.json", "--no-schema")]
    public void Options_ThatSayTooLittleOrTooMuch_AreRefused(params string[] arguments) =>
        Assert.That(TypeCommand.Create().Parse(arguments).Errors, Has.Count.EqualTo(1));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<CommandException> RefusedAsync(params string[] arguments) =>
        (await Assert.ThrowsAsync<CommandException>(() => RunAsync(arguments)))!;

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        TextWriter before = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            int code = await TypeCommand.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return (code, output.ToString());
        }
        finally
        {
            Console.SetOut(before);
        }
    }
}
