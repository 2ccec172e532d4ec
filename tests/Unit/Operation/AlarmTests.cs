using System.Text;
using System.Text.RegularExpressions;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Node.Alarms;
using GovChain.Node.Configuration;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Specification;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: every alarm has its page and its rule, and is raised and cleared by its condition. Method: documents held against
/// the list; the watch on a node that is made of values, under a clock that the test moves.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AlarmTests : IDisposable
{
    private readonly MovedClock _clock = new();
    private readonly TestLedger _ledger = new(departments: 4);
    private readonly AlarmBoard _board;
    private readonly AlarmWatch _watch;
    private readonly HashSet<string> _abstaining = [];
    private bool _connected = true;
    private string _complaint = "";
    private ulong _height = 5, _lag;
    private ProtocolState _protocol = new() { Version = 2 };
    private int _ready;
    private (string, string)[] _suspended = [];
    private double _fill;
    private TimeSpan _sync = TimeSpan.FromMilliseconds(1), _certificate = TimeSpan.FromDays(90);
    private TimeSpan? _slowest;

    public AlarmTests()
    {
        _board = new AlarmBoard(_clock, NullLogger.Instance);
        var node = new WatchedNode
        {
            DataDirectory = Path.GetTempPath(),
            Validators = _ledger.Genesis.Validators,
            Connections = () => [.. _ledger.Genesis.Validators.Members.Skip(1).Select(
                v => new PeerConnection(v.Department, "host:1", _connected, "refused", 0))],
            Complaint = department => department == _ledger.Genesis.Validators[1].Department ? _complaint : "",
            Abstention = department => _abstaining.Contains(department) ? new Abstention(AbstainReason.Amnesia, 7) : default,
            Height = () => _height,
            Lag = () => _lag,
            Protocol = () => (_protocol, 2),
            Ready = () => _ready,
            Suspended = () => _suspended,
            PoolFill = () => _fill,
            Journal = () => new JournalPace(_sync, _slowest ?? _sync),
            CertificateEnds = () => _clock.GetUtcNow() + _certificate,
        };
        _watch = new AlarmWatch(_board, new AlarmThresholds { DiskFreeBytesMin = 0 }, node, _clock);
    }

    public void Dispose() => _ledger.Dispose();

    [Test]
    public void Operations_HasAPageForEveryAlarm_AndNoOther()
    {
        string text = File.ReadAllText(Repository.PathOf("docs/OPERATIONS.md"));
        string alarms = text[text.IndexOf("## Alarms\n", StringComparison.Ordinal)..];
        alarms = alarms[..alarms.IndexOf("\n## ", 5, StringComparison.Ordinal)];
        string[] pages = [.. Regex.Matches(alarms, @"^### (.+)$", RegexOptions.Multiline).Select(m => m.Groups[1].Value)];
        Assert.That(pages, Is.EqualTo(AlarmDefinition.All.Select(d => d.Name)));
        foreach (string page in alarms.Split("\n### ").Skip(1))
        {
            foreach (string part in new[] { "**Meaning.** ", "**Cause.** ", "**What to do.** " })
                Assert.That(page, Does.Contain(part), page.Split('\n')[0]);
        }
        var table = new StringBuilder("| code | severity | what | stays |\n|--|--|--|--|\n");
        foreach (AlarmDefinition d in AlarmDefinition.All)
        {
            string stays = d.Holds is { } holds ? $"{holds.TotalMinutes:0} minutes after it was last seen" : "as long as its cause";
            table.Append($"| [{d.Name}](#{d.Name.ToLowerInvariant()}) | {d.Severity.ToString().ToLowerInvariant()} | {d.Summary} | {stays} |\n");
        }
        Repository.HoldPart("docs/OPERATIONS.md", "generated from AlarmDefinition", table.ToString());
    }

    [Test]
    public void PrometheusRules_AreOnePerAlarm_AndOneForANodeThatIsGone() =>
        Repository.Hold("ops/prometheus/alerts.yml", AlertRules());

    [Test]
    public void Log_NamesWhomAnAlarmIsAbout_AndLeavesNoGapWhereItIsAboutNobody()
    {
        var log = new Messages();
        var board = new AlarmBoard(_clock, log);
        board.Raise(NodeAlarm.NoQuorum, "Only 1 of 4.");
        board.Raise(NodeAlarm.PeerUnreachable, "No answer.", "beta");
        board.Clear(NodeAlarm.NoQuorum);
        board.Clear(NodeAlarm.PeerUnreachable, "beta");
        Assert.That(log.Texts, Is.EqualTo(new[]
        {
            "ALARM NO_QUORUM: Only 1 of 4.", "ALARM PEER_UNREACHABLE beta: No answer.", "Alarm NO_QUORUM is over.", "Alarm PEER_UNREACHABLE beta is over.",
        }));
        Assert.That(log.Subjects, Is.EqualTo(new[] { "", "beta", "", "beta" }), "as a field of its own");
    }

    [Test]
    public void Definitions_AreInTheOrderOfTheirNumbers() =>
        Assert.That(AlarmDefinition.All.Select(d => d.Code), Is.EqualTo(Enum.GetValues<NodeAlarm>()));

    [Test]
    public void Watch_EveryCondition_RaisesItsAlarmAndClearsIt()
    {
        Look();
        Assert.That(Names(), Is.Empty);

        (_connected, _lag, _ready, _fill, _sync, _certificate, _complaint) =
            (false, 17, 3, 0.95, TimeSpan.FromSeconds(1), TimeSpan.FromDays(3), "sent rubbish");
        _suspended = [(_ledger.Genesis.Validators[2].Department, "until height 9")];
        _protocol = new ProtocolState { Version = 2, Scheduled = new ScheduledVersion { Version = 3, FromMs = 1_800_000_000_000 } };
        Look();
        Assert.That(
            Names(), Is.EquivalentTo(new[] { "PEER_MISBEHAVED", "JOURNAL_SLOW", "POOL_FULL", "CERTIFICATE_EXPIRING", "LEADER_SUSPENDED", "RELEASE_TOO_OLD" }),
            "what may pass in a moment is not raised yet");
        Look(TimeSpan.FromSeconds(6));
        Assert.That(Names(), Does.Contain("NO_QUORUM").And.Contain("LAGGING").And.Not.Contain("PEER_UNREACHABLE").And.Not.Contain("STALLED"));
        Look(TimeSpan.FromSeconds(61));
        Assert.That(Names().Distinct(), Is.EquivalentTo(new[]
        {
            "NO_QUORUM", "STALLED", "LAGGING", "PEER_UNREACHABLE", "PEER_MISBEHAVED", "JOURNAL_SLOW", "POOL_FULL", "CERTIFICATE_EXPIRING",
            "LEADER_SUSPENDED", "RELEASE_TOO_OLD",
        }));
        Assert.That(_board.Raised.Single(r => r.Definition.Code == NodeAlarm.ReleaseTooOld).Text, Is.EqualTo(
            "From 2027-01-15T08:00:00.000Z on the ledger is of protocol version 3, and this release executes versions up to 2: then this node stops. "
            + "Install a release that executes version 3 before."));
        Assert.That(_board.Raised.Single(r => r.Definition.Code == NodeAlarm.LeaderSuspended).Subject,
            Is.EqualTo(_ledger.Genesis.Validators[2].Department));
        Assert.That(_board.CountOf(NodeAlarm.PeerUnreachable), Is.EqualTo(3));
        Assert.That(_board.Raised[0].Definition.Severity, Is.EqualTo(AlarmSeverity.Critical), "the most serious first");

        (_connected, _lag, _ready, _fill, _sync, _certificate) = (true, 0, 0, 0, TimeSpan.Zero, TimeSpan.FromDays(90));
        _suspended = [];
        _protocol = new ProtocolState { Version = 1, Scheduled = new ScheduledVersion { Version = 2, FromMs = 1 } };
        Look();
        Assert.That(Names(), Is.EqualTo(new[] { "PEER_MISBEHAVED" }), "what happened stays for a while");
        Look(TimeSpan.FromMinutes(61));
        Assert.That(Names(), Is.Empty);
    }

    [Test]
    public void Watch_JournalWasSlowAndNothingSlowCameSince_ClearsTheAlarm()
    {
        _sync = TimeSpan.FromSeconds(1);
        Look();
        Assert.That(Names(), Is.EqualTo(new[] { "JOURNAL_SLOW" }));

        _slowest = TimeSpan.Zero; // the mean of the last 32 is as it was
        Look();

        Assert.That(Names(), Is.Empty);
    }

    [Test]
    public void JournalPace_AnIdleNode_ForgetsItsSlowTimesAfterFiveMinutes()
    {
        using var metrics = new NodeMetrics(_clock);
        for (int i = 0; i < 31; i++)
            metrics.JournalSynced(TimeSpan.FromSeconds(1));
        Assert.That(metrics.JournalPace, Is.EqualTo(default(JournalPace)), "too few to judge");
        metrics.JournalSynced(TimeSpan.FromSeconds(1));
        Assert.That(metrics.JournalPace, Is.EqualTo(new JournalPace(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))));

        _clock.Now += NodeMetrics.SyncsMatterFor - TimeSpan.FromSeconds(1);
        metrics.JournalSynced(TimeSpan.FromMilliseconds(2));
        Assert.That(metrics.JournalPace.Slowest, Is.EqualTo(TimeSpan.FromSeconds(1)), "not yet");
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.That(metrics.JournalPace.Slowest, Is.EqualTo(TimeSpan.FromMilliseconds(2)));
        Assert.That(metrics.JournalPace.Mean, Is.GreaterThan(TimeSpan.FromMilliseconds(900)), "the mean alone would hold for ever");
    }

    [Test]
    public void Watch_BlocksCome_IsNotStalledHoweverLongWorkWaits()
    {
        _ready = 3;
        for (int i = 0; i < 100; i++)
        {
            _height++;
            Look(TimeSpan.FromSeconds(2));
        }
        Assert.That(Names(), Is.Empty);
    }

    [Test]
    public void Watch_MoreAbstainThanTheQuorumCanSpare_RaisesLedgerHaltedAndNamesThem()
    {
        ValidatorSet validators = _ledger.Genesis.Validators;
        for (int i = 0; i < validators.Count; i++)
        {
            Look();
            bool halted = validators.Count - i < validators.QuorumSize;
            Assert.That(_board.CountOf(NodeAlarm.LedgerHalted), Is.EqualTo(halted ? 1 : 0), $"{i} of {validators.Count} abstain");
            if (halted)
                Assert.That(_board.Raised[0].Text, Does.Contain($"{i} of {validators.Count} departments abstain").And.Contain(validators[0].Department));
            _abstaining.Add(validators[i].Department);
        }
        _abstaining.Clear();
        Look();
        Assert.That(_board.CountOf(NodeAlarm.LedgerHalted), Is.Zero);
    }

    /// <summary>docs/PROTOCOL.md, "Observers": it needs one to hand on to; a quorum it is no part of.</summary>
    [Test]
    public void Watch_Observer_RaisesNoQuorumOnlyWhereNobodyWhoVotesIsConnected()
    {
        PeerConnection[] connections = [.. _ledger.Genesis.Validators.Members.Select(v => new PeerConnection(v.Department, "host:1", false, "refused", 0))];
        AlarmWatch watch = Watching(isObserver: true, () => connections);
        void LookTwice()
        {
            watch.Look();
            _clock.Now += TimeSpan.FromSeconds(6);
            watch.Look();
        }
        connections[2] = connections[2] with { IsConnected = true };
        LookTwice();
        Assert.That(_board.CountOf(NodeAlarm.NoQuorum), Is.Zero, "one is enough");
        connections[2] = connections[2] with { IsAwaited = true };
        LookTwice();
        Assert.That(_board.Raised.Single().Text, Does.Contain("None of the 4 departments that vote").And.Contain(connections[2].Department));
    }

    [Test]
    public void Watch_ValidatorConnectedUnderAKeyThatTheLedgerDoesNotName_DoesNotCountForTheQuorum()
    {
        bool awaited = false;
        AlarmWatch watch = Watching(isObserver: false, () => [.. _ledger.Genesis.Validators.Members.Skip(1).Take(2).Select(
            (v, i) => new PeerConnection(v.Department, "host:1", true, "", 0) { IsAwaited = awaited && i == 0 })]);
        foreach (bool now in new[] { false, true })
        {
            awaited = now;
            watch.Look();
            _clock.Now += TimeSpan.FromSeconds(6);
            watch.Look();
            Assert.That(_board.CountOf(NodeAlarm.NoQuorum), Is.EqualTo(now ? 1 : 0));
        }
    }

    [Test]
    public void Watch_RemovedDepartmentThatIsGone_IsNoAlarm()
    {
        bool former = false;
        AlarmWatch watch = Watching(isObserver: false, () => [.. _ledger.Genesis.Validators.Members.Skip(1).Select(
            static v => new PeerConnection(v.Department, "host:1", true, "", 0)), new PeerConnection("gone", "host:1", false, "refused", 0) { IsFormer = former }]);
        watch.Look();
        _clock.Now += TimeSpan.FromMinutes(1);
        watch.Look();
        Assert.That(Names(), Is.EqualTo(new[] { "PEER_UNREACHABLE" }));
        former = true;
        watch.Look();
        Assert.That(Names(), Is.Empty);
    }

    private AlarmWatch Watching(bool isObserver, Func<IReadOnlyList<PeerConnection>> connections) =>
        new(_board, new AlarmThresholds { DiskFreeBytesMin = 0 }, Node(isObserver, connections), _clock);

    private WatchedNode Node(bool isObserver, Func<IReadOnlyList<PeerConnection>> connections) => new()
    {
        DataDirectory = Path.GetTempPath(),
        Validators = _ledger.Genesis.Validators,
        IsObserver = isObserver,
        Connections = connections,
        Complaint = _ => "",
        Abstention = _ => default,
        Height = () => 1,
        Lag = () => 0,
        Protocol = () => (new ProtocolState { Version = 1 }, 1),
        Ready = () => 0,
        Suspended = () => [],
        PoolFill = () => 0,
        Journal = () => default,
        CertificateEnds = () => null,
    };

    [Test]
    public void Watch_DiskBelowTheThreshold_RaisesDiskLow()
    {
        var watch = new AlarmWatch(_board, new AlarmThresholds { DiskFreeBytesMin = long.MaxValue }, Node(isObserver: false, static () => []), _clock);
        watch.Look();
        Assert.That(_board.CountOf(NodeAlarm.DiskLow), Is.EqualTo(1));
    }

    private void Look(TimeSpan? later = null)
    {
        _clock.Now += later ?? TimeSpan.FromSeconds(1);
        _watch.Look();
    }

    private string[] Names() => [.. _board.Raised.Select(r => r.Definition.Name).Order(StringComparer.Ordinal).OrderBy(n => Array.FindIndex([.. AlarmDefinition.All], d => d.Name == n))];

    private static string AlertRules()
    {
        var rules = new StringBuilder(
            "# One rule for each alarm of docs/OPERATIONS.md, and one for a node that is not there to raise any. Generated from the code.\n"
            + "groups:\n  - name: govchain\n    rules:\n"
            + "      - alert: GOVCHAIN_NODE_DOWN\n        expr: up{job=\"govchain\"} == 0\n        for: 1m\n        labels:\n          severity: critical\n"
            + "        annotations:\n          summary: \"The node at {{ $labels.instance }} does not answer.\"\n          runbook: docs/OPERATIONS.md\n");
        foreach (AlarmDefinition d in AlarmDefinition.All)
        {
            rules.Append(
                $"      - alert: GOVCHAIN_{d.Name}\n        expr: govchain_alarms_active{{code=\"{d.Name}\"}} > 0\n        labels:\n"
                + $"          severity: {d.Severity.ToString().ToLowerInvariant()}\n        annotations:\n          summary: \"{d.Summary}\"\n"
                + $"          runbook: docs/OPERATIONS.md#{d.Name.ToLowerInvariant()}\n");
        }
        return rules.ToString();
    }

    private sealed class Messages : ILogger
    {
        public List<string> Texts { get; } = [];

        public List<string> Subjects { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Texts.Add(formatter(state, exception));
            Subjects.Add($"{((IEnumerable<KeyValuePair<string, object?>>)state!).Single(static f => f.Key == "Subject").Value}");
        }
    }

    private sealed class MovedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;
    }
}
