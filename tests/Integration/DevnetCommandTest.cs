using System.Text.Json;
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
    public async Task DevnetExit_OnAnEmptyDirectory_EndsGreen_AndStartedAgainGoesOnWithoutDoubling()
    {
        JsonElement first = await RunAsync();
        JsonElement second = await RunAsync();

        Assert.That(second.GetProperty("genesisDigest").GetString(), Is.EqualTo(first.GetProperty("genesisDigest").GetString()));
        JsonElement before = first.GetProperty("audits")[0], after = second.GetProperty("audits")[0];
        foreach (string member in (string[])["height", "transactions", "logRoot", "stateRoot"])
            Assert.That(after.GetProperty(member).ToString(), Is.EqualTo(before.GetProperty(member).ToString()), member);
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
