using System.Text;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Keys;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Import;

/// <summary>
/// Goal: every event of a file comes onto the ledger exactly once, those of one record in order, whatever happens on
/// the way. Method: the importer over a real connection to a ledger that fails as the test says.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImporterFaultTests
{
    private const string Type = "open-type";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly Digest Chain = Sha256.Hash("chain"u8);

    private readonly TempDirectory _directory = new();
    private readonly PlatformSigner _signer = PlatformSigner.Create();
    private readonly ShiftedTime _time = new();
    private readonly CancellationTokenSource _bound = new(Bound);
    private ImportTarget _target = null!;
    private LedgerClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _target = await ImportTarget.StartAsync();
        _client = new LedgerClient(_target.Address, GrpcChannel.ForAddress(_target.Address));
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _target.DisposeAsync();
        _signer.Dispose();
        _bound.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task Run_ManyEventsOfFewRecords_AllCommitInTheFilesOrder()
    {
        ImportFile file = File(300, records: 7);
        ImportSummary summary = await RunAsync(file, window: 64);
        Assert.That(summary.Refused, Is.Empty);
        Assert.That(
            (summary.Committed, summary.Registered, summary.Amended, summary.Annulled),
            Is.EqualTo((300, Count(file, ImportOperation.Register), Count(file, ImportOperation.Amend),
                Count(file, ImportOperation.Annul))));
        AssertOnLedger(file);
        Assert.That(_target.Submitted, Is.EqualTo(300), "nothing is guessed, so nothing is sent twice");
    }

    [Test]
    public async Task Run_Again_SendsNothing()
    {
        ImportFile file = File(20, records: 3);
        ImportSummary first = await RunAsync(file);
        int submitted = _target.Submitted;
        ImportSummary second = await RunAsync(file);
        Assert.That(_target.Submitted, Is.EqualTo(submitted));
        Assert.That(second with { Refused = first.Refused }, Is.EqualTo(first with { CommittedBefore = first.Committed }));
    }

    [Test]
    public async Task Run_CancelledAtEachOfManyPlacesAndResumed_DoublesNothing()
    {
        ImportFile file = File(60, records: 4);
        for (int stop = 3; stop < 60; stop += 19)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_bound.Token);
            int at = stop;
            // The commit is on the ledger, and its answer never comes.
            _target.AfterCommit = async (_, cancellation) =>
            {
                if (_target.Committed < at)
                    return;
                await cancel.CancelAsync();
                await Task.Delay(Timeout.Infinite, cancellation);
            };
            await Assert.CatchAsync<OperationCanceledException>(
                () => RunAsync(file, window: 5, cancellation: cancel.Token));
            Assert.That(_target.Committed, Is.GreaterThanOrEqualTo(stop).And.LessThan(60));
        }
        _target.AfterCommit = static (_, _) => Task.CompletedTask;
        ImportSummary summary = await RunAsync(file);
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((60, 0)));
        AssertOnLedger(file);
    }

    [Test]
    public async Task Run_RecordsThatStandOnTheLedgerBefore_AreContinued()
    {
        ImportFile before = File(10, records: 2);
        await RunAsync(before, state: "before");
        _target.Gateway.Records = new ListRecordsResponse
        {
            Records =
            {
                new RecordVersion { State = State("R-0", 5) },
                new RecordVersion { State = State("other", 9) },
            },
        };
        var amend = new ImportEvent(
            1, ImportOperation.Amend, "R-0", "{\"late\":1}"u8.ToArray(), "2026-01-31", "typing error");
        ImportSummary summary = await RunAsync(FileOf(amend));
        Assert.That((summary.Amended, summary.Refused.Count), Is.EqualTo((1, 0)));
        RecordChange version = _target.VersionsOf("R-0")[5];
        Assert.That(version.Payload.Inline.Content.ToStringUtf8(), Is.EqualTo("{\"late\":1}"));
        Assert.That((version.EffectiveDate, version.Reason), Is.EqualTo(("2026-01-31", "typing error")));
    }

    [Test]
    public async Task Run_EventsThatTheLedgerRefuses_AreReportedAndTheOthersCommit()
    {
        ImportFile file = File(40, records: 5);
        _target.Before = (body, _) => Task.FromResult(body.Register?.Record.Id == "R-3"
            ? Outcomes.Rejected("", ImportTarget.Reject(RejectionCode.NotPermitted)) : null);
        ImportSummary summary = await RunAsync(file);
        int[] lost = [.. file.Events.Where(e => e.RecordId == "R-3").Select(e => e.Line - 1)];
        Assert.That(summary.Refused.Select(r => r.Event), Is.EqualTo(lost));
        Assert.That(summary.Refused[0].Code, Is.EqualTo("NOT_PERMITTED"));
        Assert.That(summary.Refused[0].Message, Is.EqualTo("The rule is NotPermitted."));
        Assert.That(summary.Refused[1].Code, Is.EqualTo("UNKNOWN_RECORD"), "what was never registered is not amended");
        Assert.That(summary.Committed, Is.EqualTo(40 - lost.Length));
    }

    [Test]
    public async Task Run_SigningExpiresOnTheLedger_IsSignedAnewAndCommitsOnce()
    {
        // The ledger's clock is two hours ahead of this one: a fresh signing has expired there.
        _target.NowMs = () => (ulong)DateTimeOffset.UtcNow.AddHours(2).ToUnixTimeMilliseconds();
        ImportFile file = File(6, records: 2);
        ImportSummary summary = await RunAsync(file);
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((6, 0)));
        AssertOnLedger(file);
        using ImportState state = OpenState(file, "state");
        IReadOnlyList<ImportAttempt> attempts = state.AttemptsOf(0);
        Assert.That(attempts.Select(a => a.Attempt), Is.EqualTo(Enumerable.Range(0, attempts.Count)));
        Assert.That(attempts, Has.Count.InRange(2, 6), "each ends later than the one before");
    }

    [Test]
    public async Task Run_SigningExpiredByAClockOnly_IsSignedAnewAlthoughItIsPending()
    {
        ImportFile file = File(1, records: 1);
        var seen = new HashSet<ulong>();
        _target.Before = (body, _) => Task.FromResult(seen.Add(body.ExpiresAtMs) && seen.Count == 1
            ? Outcomes.Pending("", ImportTarget.Reject(RejectionCode.Expired))
            : null);
        ImportSummary summary = await RunAsync(file);
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((1, 0)));
        Assert.That(seen, Has.Count.EqualTo(2), "no header may come to make it final; the same bytes again would wait for ever");
    }

    [Test]
    public async Task Run_AnswerLostAndSigningExpiredSince_FindsTheFirstSigningOnTheLedger()
    {
        ImportFile file = File(1, records: 1);
        using (var cancel = CancellationTokenSource.CreateLinkedTokenSource(_bound.Token))
        {
            _target.AfterCommit = async (_, cancellation) =>
            {
                await cancel.CancelAsync();
                await Task.Delay(Timeout.Infinite, cancellation);
            };
            await Assert.CatchAsync<OperationCanceledException>(() => RunAsync(file, cancellation: cancel.Token));
        }
        _time.Shift = TimeSpan.FromHours(1);
        _target.NowMs = () => (ulong)_time.GetUtcNow().ToUnixTimeMilliseconds();
        ImportSummary summary = await RunAsync(file);
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((1, 0)));
        Assert.That(_target.Committed, Is.EqualTo(1));
        using ImportState state = OpenState(file, "state");
        Assert.That(state.AttemptsOf(0), Has.Count.EqualTo(2));
        Assert.That(state.Results[0].Position, Is.EqualTo(1));
    }

    [Test]
    public async Task Run_NodeUnavailableAndBack_GoesOn()
    {
        ImportFile file = File(30, records: 6);
        int refusals = 0;
        _target.Before = (_, _) =>
        {
            bool away = _target.Committed is >= 10 and < 20 && Interlocked.Increment(ref refusals) <= 2;
            return Task.FromResult(
                away ? Outcomes.Rejected("", ImportTarget.Reject(RejectionCode.NodeNotReady)) : null);
        };
        ImportSummary summary = await RunAsync(file, window: 4);
        Assert.That(refusals, Is.GreaterThanOrEqualTo(2), "the node was away");
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((30, 0)));
        AssertOnLedger(file);
    }

    [Test]
    public async Task Run_NodeAwayLongerThanThePatience_ThrowsAndTheNextRunGoesOn()
    {
        ImportFile file = File(10, records: 2);
        await RunAsync(FileOf(), state: "other"); // the connection stands
        _target.Gateway.Readiness = NodeReadiness.NotReady("The node is catching up.");
        var options = new ImportOptions(8, TimeSpan.FromMinutes(30), TimeSpan.Zero);
        LedgerClientException thrown =
            (await Assert.CatchAsync<LedgerClientException>(() => RunAsync(file, options: options)))!;
        Assert.That(thrown.IsTransient);
        Assert.That(thrown.Message, Does.Contain("catching up"));
        _target.Gateway.Readiness = NodeReadiness.Ready;
        ImportSummary summary = await RunAsync(file);
        Assert.That(summary.Committed, Is.EqualTo(10));
        AssertOnLedger(file);
    }

    /// <summary>From before the first byte until long after the first envelope: what the ledger has is asked for again, too.</summary>
    [Test]
    public async Task Run_ConnectionsResetAfterMoreAndMoreBytes_GoesOn()
    {
        ImportFile file = File(30, records: 6);
        int[] breaks = [0, 24, 100, 300, 1_000, 3_000];
        await using var relay = new BreakingRelay(_target.Address, breaks);
        using LedgerClient client = new(relay.Address, GrpcChannel.ForAddress(relay.Address));
        ImportSummary summary = await RunAsync(file, window: 4, client: client);
        Assert.That(relay.Broken, Is.EqualTo(breaks.Length));
        Assert.That((summary.Committed, summary.Refused.Count), Is.EqualTo((30, 0)));
        AssertOnLedger(file);
    }

    [Test]
    public async Task Stream_CompletedOverAConnectionThatWasReset_EndsAndSaysThatItMayBeTriedAgain()
    {
        await using var relay = new BreakingRelay(_target.Address, 400);
        using LedgerClient client = new(relay.Address, GrpcChannel.ForAddress(relay.Address));
        using SubmitStream stream = client.OpenSubmitStream(_bound.Token);
        LedgerClientException sent = (await Assert.CatchAsync<LedgerClientException>(async () =>
        {
            while (true)
                await stream.SendAsync(1, new byte[200], _bound.Token);
        }))!;
        // Ending a call that is over tells nothing, and may not throw anything else.
        await stream.CompleteAsync().ContinueWith(t => Assert.That(t.Exception?.InnerException, Is.Null.Or.TypeOf<LedgerClientException>()));
        LedgerClientException read = (await Assert.CatchAsync<LedgerClientException>(async () =>
        {
            while (await stream.ReadAsync(_bound.Token) is not null)
            {
            }
        }))!;
        Assert.That(new[] { sent.IsTransient, read.IsTransient }, Is.All.True);
        Assert.That(relay.Broken, Is.EqualTo(1));
    }

    private async Task<ImportSummary> RunAsync(
        ImportFile file, int window = 16, string state = "state", ImportOptions? options = null,
        CancellationToken? cancellation = null, LedgerClient? client = null)
    {
        using ImportState memory = OpenState(file, state);
        var importer = new Importer(
            client ?? _client, new TransactionFactory(Chain, _signer), file, Type, memory,
            options ?? new ImportOptions(window, TimeSpan.FromMinutes(30), Bound), _time);
        return await importer.RunAsync(null, cancellation ?? _bound.Token);
    }

    private ImportState OpenState(ImportFile file, string name) =>
        ImportState.Open(_directory[name], Chain, Type, file.Digest, _signer.PublicKey);

    /// <summary>Events in turn over the records: each is registered, amended, at times annulled, and registered again.
    /// </summary>
    private static ImportFile File(int events, int records)
    {
        var list = new List<ImportEvent>();
        for (int i = 0; i < events; i++)
        {
            int turn = i / records;
            ImportOperation operation = turn == 0 || turn % 5 == 4 ? ImportOperation.Register
                : turn % 5 == 3 ? ImportOperation.Annul : ImportOperation.Amend;
            byte[] payload = operation == ImportOperation.Annul ? [] : Encoding.UTF8.GetBytes($"{{\"line\":{i + 1}}}");
            list.Add(new ImportEvent(i + 1, operation, $"R-{i % records}", payload, "", ""));
        }
        return FileOf([.. list]);
    }

    private static ImportFile FileOf(params ImportEvent[] events) => new(
        "events.ndjson",
        Sha256.Hash(Encoding.UTF8.GetBytes(
            string.Join('\n', events.Select(e => $"{e.Line} {e.Operation} {e.RecordId}")))),
        "application/json", events, "", "");

    private static RecordState State(string id, ulong version) =>
        new() { Record = new RecordName { Type = Type, Id = id }, Version = version, Status = 1 };

    private static int Count(ImportFile file, ImportOperation operation) =>
        file.Events.Count(e => e.Operation == operation);

    private void AssertOnLedger(ImportFile file)
    {
        Assert.That(_target.Committed, Is.EqualTo(file.Events.Count));
        foreach (IGrouping<string, ImportEvent> record in file.Events.GroupBy(e => e.RecordId))
        {
            Assert.That(
                _target.VersionsOf(record.Key).Select(v => v.Payload?.Inline.Content.ToStringUtf8() ?? ""),
                Is.EqualTo(record.Select(e => Encoding.UTF8.GetString(e.Payload.Span))), record.Key);
        }
    }

    /// <summary>The system's clock, moved on.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
