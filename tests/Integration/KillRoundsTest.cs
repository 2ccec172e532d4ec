using System.Globalization;
using System.Text.Json;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: no acknowledged record is lost, doubled or altered, whatever process dies when. By default one round over some
/// two thousand records. From the environment: ROUNDS; RECORDS in each, or all; SEED of the first round, each further
/// round has the next; REPORT, a file for the JSON report. <c>./soak kill-rounds</c> sets them.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KillRoundsTest
{
    private const int DefaultRecords = 2000;

    /// <summary>Of the two long registers together; the short ones are always whole.</summary>
    private const int LongEvents = 10_364 + 19_631;

    private const int ShortEvents = 1_200;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly string _files = Directory.CreateTempSubdirectory("govchain-test-").FullName;

    [TearDown]
    public void RemoveFiles() => Directory.Delete(_files, recursive: true);

    [Test]
    [Category(TestGroup.KillRounds)]
    public async Task Import_WhileProcessesAreKilledAtRandom_LosesAndDoublesNothing()
    {
        int seed = EnvironmentNumber.Read("SEED") ?? Environment.TickCount & 0xFFFF;
        int rounds = EnvironmentNumber.Read("ROUNDS", least: 1) ?? 1;
        int? some = Environment.GetEnvironmentVariable("RECORDS") == "all" ? null : EnvironmentNumber.Read("RECORDS", least: 1) ?? DefaultRecords;
        string records = some?.ToString(CultureInfo.InvariantCulture) ?? "all";
        (string, string)[] files = Files(some is { } count ? OneIn(count) : 1);
        var reports = new List<KillRoundReport>();
        for (int i = 0; i < rounds; i++)
        {
            string again = $"./soak kill-rounds --rounds 1 --records {records} --seed {seed + i}";
            TestContext.Progress.WriteLine($"round {i + 1} of {rounds}: {again}");
            using var late = new CancellationTokenSource(TimeSpan.FromMinutes(30));
            TestNetwork network = await TestNetwork.StartAsync(late.Token);
            try
            {
                reports.Add(await new KillRound(network, files, seed + i).RunAsync(late.Token));
            }
            finally
            {
                Report(reports, rounds, records, again);
                await network.DisposeAsync();
            }
            TestContext.Out.WriteLine(JsonSerializer.Serialize(reports[^1]));
            Assert.That(reports[^1].Kills.Keys, Is.EquivalentTo(Enum.GetNames<Kill>()), "each kind of kill happened");
        }
    }

    private (string, string)[] Files(int oneIn) =>
    [
        ("division", SharedRegisters.Part(_files, SharedRegisters.Divisions, oneIn)),
        ("domain", SharedRegisters.Part(_files, SharedRegisters.Domains, oneIn)),
        ("country", SharedRegisters.Part(_files, SharedRegisters.Countries, 1)),
        ("school", SharedRegisters.Part(_files, SharedRegisters.Schools, 1)),
    ];

    private static int OneIn(int records) => Math.Clamp(LongEvents / Math.Max(1, records - ShortEvents), 1, 250);

    private static void Report(List<KillRoundReport> rounds, int wanted, string records, string again)
    {
        if (Environment.GetEnvironmentVariable("REPORT") is not { Length: > 0 } path)
            return;
        File.WriteAllText(path, JsonSerializer.Serialize(
            new
            {
                ok = rounds.Count == wanted,
                records,
                rounds,
                kills = rounds.Sum(r => r.Kills.Values.Sum()),
                acknowledged = rounds.Sum(r => r.Acknowledged),
                again = rounds.Count == wanted ? null : again,
            },
            Json));
    }
}
