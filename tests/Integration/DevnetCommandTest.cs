using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>The command that README begins with, as a user runs it: a process that starts processes.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DevnetCommandTest
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    [CancelAfter(240_000)]
    public async Task Devnet_OnAnEmptyDirectory_EndsGreen_AndStartedAgainGoesOnWithoutDoublingUntilCtrlC(CancellationToken cancellation)
    {
        JsonElement first = await RunAsync();
        Assert.That(first.GetProperty("imports").GetArrayLength(), Is.EqualTo(4));

        using Process devnet = Start();
        string output = "";
        while (!output.Contains("until Ctrl-C"))
            output += await devnet.StandardOutput.ReadLineAsync(cancellation) + "\n";
        JsonElement before = first.GetProperty("audits")[0];
        Assert.That(output, Does.Contain(first.GetProperty("genesisDigest").GetString()));
        Assert.That(output, Does.Contain($"block {before.GetProperty("height")}, {before.GetProperty("transactions")} transactions"));
        Assert.That(output, Does.Contain(before.GetProperty("logRoot").GetString()).And.Contain(before.GetProperty("stateRoot").GetString()));
        Assert.That(output, Does.Contain("Nothing was left to import"));
        Assert.That(output, Does.Not.Contain("a second"), "no rate of nothing");

        // Started beside itself it says so, and leaves the running network's files alone.
        string[] files = Directory.GetFiles(_directory, "*.json", SearchOption.AllDirectories);
        string[] texts = [.. files.Select(File.ReadAllText)];
        ProgramRun beside = await ProgramRun.GovchainAsync("devnet", "--dir", _directory, "--exit");
        Assert.That(beside.ExitCode, Is.EqualTo(6), beside.Error);
        Assert.That(beside.Error, Does.Contain("is running already"));
        Assert.That(files.Select(File.ReadAllText), Is.EqualTo(texts));

        // A node that dies is reported; the others go on until Ctrl-C, and leave nothing running.
        int[] nodes = [.. Regex.Matches(output, @"^\s*[a-z-]+\s+(\d+)\s+localhost:", RegexOptions.Multiline).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.That(nodes, Has.Length.EqualTo(4), output);
        await ProgramRun.RunAsync("kill", "-KILL", $"{nodes[2]}");
        string? report = await devnet.StandardError.ReadLineAsync(cancellation);
        Assert.That(report, Does.Match($@"\(process {nodes[2]}\) ended with code 137"));
        await ProgramRun.RunAsync("kill", "-INT", $"{devnet.Id}");
        await devnet.WaitForExitAsync(cancellation);
        Assert.That(devnet.ExitCode, Is.EqualTo(1), "a node ended that nobody stopped");
        Assert.That(nodes.Where(n => Directory.Exists($"/proc/{n}")), Is.Empty);
    }

    private Process Start()
    {
        // A shell's background job ignores Ctrl-C and hands that on to whatever it starts, these tests included.
        var start = new ProcessStartInfo("env",
            ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "govchain.dll"), "devnet", "--dir", _directory])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private async Task<JsonElement> RunAsync()
    {
        ProgramRun run = await ProgramRun.GovchainAsync("devnet", "--dir", _directory, "--exit", "--json");
        Assert.That(run.ExitCode, Is.Zero, run.Error + run.Output);
        JsonElement json = run.Json;
        Assert.That(json.GetProperty("ok").GetBoolean(), Is.True);
        Assert.That(json.GetProperty("departments").GetArrayLength(), Is.EqualTo(4));
        foreach (JsonElement import in json.GetProperty("imports").EnumerateArray())
        {
            Assert.That(import.GetProperty("committed").GetInt32(), Is.EqualTo(import.GetProperty("events").GetInt32()));
            Assert.That(import.GetProperty("refused").GetArrayLength(), Is.Zero);
        }
        foreach (JsonElement audit in json.GetProperty("audits").EnumerateArray())
            Assert.That(audit.GetProperty("ok").GetBoolean(), Is.True, audit.ToString());
        return json;
    }
}
