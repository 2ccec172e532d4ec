using System.Text.Json.Nodes;
using GovChain.Node.Configuration;
using GovChain.Node.Peers;
using GovChain.Tests.Unit.Peers;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Configuration;

/// <summary>
/// Goal: the bounds towards peers are the operator's. Method: each is moved alone, beyond its limits, and against the one it
/// depends on; networks run at both ends of what is allowed. <see cref="PeerNetworkOptions"/>.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerSettingsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-config-").FullName;

    public PeerSettingsTests()
    {
        foreach (string file in new[] { "genesis.json", "key.pem" })
            File.WriteAllText(Path.Combine(_directory, file), "");
    }

    private static IEnumerable<NumberSetting> Numbers => Settings.All.OfType<NumberSetting>();

    private static IEnumerable<NumberSetting> Bounds => PeerSettings.All.Cast<NumberSetting>();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Read_NoBound_GivesTheDefaultsOfTheNetwork() => Assert.That(Read([]), Is.EqualTo(new PeerNetworkOptions()));

    [Test]
    public void Read_EachBoundAlone_MovesWhatItNamesAndNothingElse()
    {
        var moved = new List<string>();
        foreach (NumberSetting bound in Bounds)
        {
            PeerNetworkOptions options = Read([(bound, bound.DefaultValue + bound.Least)]);
            string[] changed = [.. typeof(PeerNetworkOptions).GetProperties()
                .Where(p => !Equals(p.GetValue(options), p.GetValue(new PeerNetworkOptions()))).Select(p => p.Name)];
            // What may come at once is twice what may come in a second.
            Assert.That(changed, Has.Length.EqualTo(bound == PeerSettings.FramesPerSecond ? 2 : 1), bound.Path);
            moved.AddRange(changed);
        }
        Assert.That(moved, Is.Unique);
        Assert.That(moved, Has.Count.GreaterThan(16));
    }

    [Test]
    public void Read_EveryNumberBeyondItsLimits_IsNamedAllAtOnce_WithTheLimits()
    {
        foreach (Func<NumberSetting, long> beyond in new Func<NumberSetting, long>[] { s => s.Least - 1, s => s.Most + 1 })
        {
            IReadOnlyList<ConfigurationProblem> problems = Refused([.. Numbers.Select(s => (s, beyond(s)))]);
            Assert.That(problems.Select(p => p.Path), Is.EquivalentTo(Numbers.Select(s => s.Path)));
            foreach (ConfigurationProblem problem in problems)
            {
                NumberSetting setting = Numbers.Single(s => s.Path == problem.Path);
                Assert.That(problem.Problem, Does.Contain($"from {setting.Least} to {setting.Most}"));
            }
        }
    }

    [Test]
    public void Read_QueueThatHoldsNoFrame_IsNamedWithTheFrame()
    {
        long frame = PeerSettings.ReplyQueueBytesMax.DefaultValue + 1;

        IReadOnlyList<ConfigurationProblem> problems = Refused([(PeerSettings.FrameBytesMax, frame)]);

        Assert.That(problems.Select(p => p.Path),
            Is.EqualTo(new[] { "peers.consensusQueueBytesMax", "peers.replyQueueBytesMax" }));
        Assert.That(problems[0].Problem, Does.Contain($"peers.frameBytesMax ({frame})"));
        Assert.That(Read(
            [(PeerSettings.FrameBytesMax, frame), (PeerSettings.ReplyQueueBytesMax, frame), (PeerSettings.ConsensusQueueBytesMax, frame)])
            .FrameBytesMax, Is.EqualTo(frame));
    }

    [Test]
    public void Read_FirstPauseLongerThanTheLongest_IsNamed()
    {
        IReadOnlyList<ConfigurationProblem> problems = Refused([(PeerSettings.RedialMsMin, PeerSettings.RedialMsMax.DefaultValue + 1)]);

        Assert.That(problems.Single().Path, Is.EqualTo("peers.redialMsMin"));
        Assert.That(problems.Single().Problem, Does.Contain("peers.redialMsMax (3000)"));
    }

    [Test]
    public async Task Networks_AtTheLeastAndAtTheMost_Connect()
    {
        await using var bed = new PeerBed("a", "b");
        var handler = new Recorder();
        // But for what would make a busy machine give up too soon, or come again too late.
        PeerNetwork b = await bed.StartAsync("b", handler, Read(
            [.. Bounds.Where(s => s != PeerSettings.HandshakeTimeoutMs && s != PeerSettings.KeepAliveMs).Select(s => (s, s.Least))]));
        PeerNetwork a = await bed.StartAsync("a", options: Read(
            [.. Bounds.Where(s => s != PeerSettings.RedialMsMin && s != PeerSettings.RedialMsMax).Select(s => (s, s.Most))]));
        await PeerBed.ConnectedAsync(a, "a", b, "b");
        a.SendConsensus("b", "a vote"u8.ToArray());
        await PeerBed.UntilAsync(() => handler.Consensus.Count == 1, "the vote");
    }

    private PeerNetworkOptions Read((NumberSetting Setting, long Value)[] values) => ConfigurationReader.Read(Write(values)).Peers;

    private IReadOnlyList<ConfigurationProblem> Refused((NumberSetting Setting, long Value)[] values) =>
        Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(Write(values)))!.Problems;

    private string Write((NumberSetting Setting, long Value)[] values)
    {
        var file = new JsonObject
        {
            ["department"] = "land",
            ["dataDirectory"] = "data",
            ["genesisFile"] = "genesis.json",
            ["keyFile"] = "key.pem",
            ["peers"] = new JsonObject { ["listen"] = "127.0.0.1:0" },
            ["clients"] = new JsonObject { ["listen"] = "127.0.0.1:0", ["authorityDirectory"] = "ca" },
            ["administration"] = new JsonObject { ["listen"] = "127.0.0.1:0" },
        };
        foreach ((NumberSetting setting, long value) in values)
        {
            JsonObject section = setting.Section.Length == 0 ? file
                : (JsonObject)(file[setting.Section] ??= new JsonObject());
            section[setting.Name] = value;
        }
        string path = Path.Combine(_directory, "node.json");
        File.WriteAllText(path, file.ToJsonString());
        return path;
    }
}
