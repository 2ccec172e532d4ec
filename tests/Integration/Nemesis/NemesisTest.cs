using System.Text.Json;
using System.Text.Json.Serialization;
using NUnit.Framework;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Goal: whatever a bad night does to processes, disks, networks and clocks, nothing that a client was told is lost, doubled or
/// altered. <c>./soak nemesis</c> sets, in the environment: NODES, LENGTH in seconds, KILLS, PARTITIONS, SEED and REPORT, a file for
/// the JSON report, beside which the picture is drawn.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class NemesisTest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly string _files = Directory.CreateTempSubdirectory("govchain-test-").FullName;

    [TearDown]
    public void RemoveFiles() => Directory.Delete(_files, recursive: true);

    [Test]
    [Explicit("minutes to hours: ./soak nemesis")]
    public async Task Network_UnderANemesis_LosesDoublesAndAltersNothing()
    {
        int kills = EnvironmentNumber.Read("KILLS", least: 0) ?? 0, partitions = EnvironmentNumber.Read("PARTITIONS", least: 0) ?? 0;
        var options = new NemesisOptions(
            EnvironmentNumber.Read("NODES", least: 4) ?? 4, EnvironmentNumber.Read("SEED") ?? Environment.TickCount & 0xFFFF,
            TimeSpan.FromSeconds(EnvironmentNumber.Read("LENGTH", least: 1) ?? (kills + partitions > 0 ? 0 : 60)), kills, partitions);
        var report = new NemesisReport { Again = options.Again, Seed = options.Seed, Nodes = options.Nodes };
        TestContext.Progress.WriteLine(options.Again);
        using var late = new CancellationTokenSource(
            TimeSpan.FromMinutes(10) + 3 * options.Length + TimeSpan.FromSeconds(30) * (kills + partitions));
        try
        {
            await using NemesisRun run = await NemesisRun.StartAsync(options, report, _files, late.Token);
            await run.RunAsync(late.Token);
            report.Ok = true;
        }
        catch (Exception e)
        {
            report.Failure = e.Message;
            TestContext.Progress.WriteLine($"failed; the same schedule: {options.Again}");
            throw;
        }
        finally
        {
            Write(report);
        }
        Assert.That(report.NodesKilled, Is.GreaterThanOrEqualTo(kills));
        Assert.That(report.Partitions, Is.GreaterThanOrEqualTo(partitions));
    }

    private static void Write(NemesisReport report)
    {
        if (Environment.GetEnvironmentVariable("REPORT") is { Length: > 0 } path)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(report, Json) + "\n");
            File.WriteAllText(Path.ChangeExtension(path, ".svg"), ThroughputPicture.Draw(report));
        }
        TestContext.Progress.WriteLine(
            $"{(report.Ok ? "ok" : "FAILED")}: {report.Seconds} s, {report.NodesKilled} nodes killed by {report.KillFaults} faults, "
            + $"{report.Partitions} partitions, {report.Acknowledged} of {report.Asked} acknowledged, "
            + $"refused: {(report.Refused.Count == 0 ? "none" : string.Join(", ", report.Refused.Select(static r => $"{r.Value} {r.Key}")))}; {report.Reads} reads; settled in {report.SecondsToSettle} s");
    }
}
