using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Records;

/// <summary>
/// Goal: what is recorded is recorded once, whatever fails on the way, and nothing a node says is believed that is not proven. Method: a
/// real node behind real connections, whose answers the test loses, holds back or makes up.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordLedgerTests
{
    private const string Type = TestLedger.Type;
    private static readonly RecordKey Shop = new(Type, "SHOP-1"), Heir = new(Type, "SHOP-2");
    private static readonly RecordContent Bakery = RecordContent.Json("""{"name":"Bakery"}"""), Cafe = RecordContent.Json(new { Name = "Cafe" });

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-records-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private readonly List<IDisposable> _opened = [];
    private TestNode _node = null!;
    private MeddledGateway _meddled = null!;
    private RpcHost _host = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
        await _node.FoundAsync();
        (ILedgerGateway gateway, _meddled) = MeddledGateway.Before(_node.Gateway);
        _host = await RpcHost.StartAsync(node: gateway);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _opened.ForEach(static o => o.Dispose());
        await _host.DisposeAsync();
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_ALife_EachChangeHasAVerifiedReceipt_AndIsReadProven(CancellationToken cancellation)
    {
        RecordLedger ledger = Open(nodes: [Reading()]);
        Assert.That(await ledger.FindAsync(Shop, cancellation), Is.Null, "proven to be absent");
        await ledger.RecordAsync(RecordDraft.Register(Heir, Cafe), cancellation);
        RecordDraft[] life =
        [
            RecordDraft.Register(Shop, Bakery) with { LegalBasis = "Act 7", EffectiveDate = "2026-01", Links = [new LinkedRecord(Heir, 1)] },
            RecordDraft.Amend(Shop, Cafe, "new owner"),
            RecordDraft.Annul(Shop, "closed"),
            RecordDraft.Reinstate(Shop, "by mistake"),
            RecordDraft.Supersede(Shop, [Heir, Heir], "moved"),
        ];
        RecordContent?[] says = [Bakery, Cafe, null, Cafe, null];
        for (int i = 0; i < life.Length; i++)
        {
            CommittedChange change = await ledger.RecordAsync(life[i], cancellation);
            ProvenRecord found = (await ledger.FindAsync(Shop, cancellation))!;

            Assert.That((change.Record, change.Version, change.Department, change.OfficerId), Is.EqualTo((Shop, (ulong)i + 1, "dept-0", "clerk-1")));
            Assert.That(change.ApproveUntil, Is.Null);
            using var verifier = new PlatformSignatureVerifier();
            ProvenTransaction proven = ReceiptVerifier.Verify(change.Receipt.Span, _ledger.Genesis.ChainId, verifier, out _)!;
            Assert.That((proven.Transaction.Id, proven.Position, proven.Header.Height), Is.EqualTo((change.TransactionId, change.Position, change.Height)));
            Assert.That((found.Record, found.Version, found.Position, found.Height), Is.EqualTo((Shop, change.Version, change.Position, change.Height)));
            Assert.That((found.RecordedAt, found.Reason), Is.EqualTo((change.RecordedAt, life[i].Reason)));
            Assert.That((found.Content?.ToString(), found.Content?.MediaType), Is.EqualTo((says[i]?.ToString(), says[i]?.MediaType)));
            Assert.That(found.AsOfHeight, Is.EqualTo(change.Height));
            Assert.That((found.LegalBasis, found.EffectiveDate), Is.EqualTo(i == 0 ? ("Act 7", "2026-01") : ("", "")));
            Assert.That(found.Links, Is.EqualTo(i == 0 ? new[] { new LinkedRecord(Heir, 1) } : []));
            Assert.That(found.Successors, Is.EqualTo(i == 4 ? new[] { Heir } : []));
            Assert.That(found.Status, Is.EqualTo(i switch { 2 => RecordStatus.Annulled, 4 => RecordStatus.Superseded, _ => RecordStatus.InForce }));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_ManyAtOnceOnOneInstance_AreAllRecorded(CancellationToken cancellation)
    {
        RecordLedger ledger = Open();
        RecordKey[] records = [.. Enumerable.Range(0, 24).Select(static i => new RecordKey(Type, $"MANY-{i}"))];

        CommittedChange[] changes = await Task.WhenAll(records.Select(r => ledger.RecordAsync(RecordDraft.Register(r, Bakery), cancellation)));
        ProvenRecord?[] found = await Task.WhenAll(records.Select(r => ledger.FindAsync(r, cancellation)));

        Assert.That(changes.Select(static c => c.Position), Is.Unique);
        Assert.That(found.Select(static f => f!.Position), Is.EqualTo(changes.Select(static c => c.Position)));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_SubmittedForApproval_IsNotSaidToHold(CancellationToken cancellation)
    {
        DateTimeOffset until = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3_600);
        RecordLedger ledger = Open(nodes: [Reading()]);
        CommittedChange submitted = await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery) with { ApproveUntil = until }, cancellation);
        Assert.That((submitted.Version, submitted.ApproveUntil), Is.EqualTo((1UL, (DateTimeOffset?)until)));
        Assert.That(await ledger.FindAsync(Shop, cancellation), Is.Null);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Transfer_ToWhomItCannotGo_IsRefused(CancellationToken cancellation)
    {
        RecordLedger ledger = Open();
        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        DateTimeOffset until = DateTimeOffset.UtcNow.AddHours(1);
        LedgerClientException own = await FailAsync(() => ledger.RecordAsync(RecordDraft.Transfer(Shop, "dept-0", until, "merged"), cancellation));
        Assert.That(own.Reason, Is.EqualTo("ALREADY_CUSTODIAN"));
        LedgerClientException unknown = await FailAsync(() => ledger.RecordAsync(RecordDraft.Transfer(Shop, "dept-9", until, "merged"), cancellation));
        Assert.That(unknown.Reason, Is.EqualTo("UNKNOWN_RECEIVER"));
        Assert.That((await ledger.FindAsync(Shop, cancellation))!.Custodian, Is.Empty);
    }

    /// <summary>The node takes the change and the answer is lost, or it cannot give the receipt.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Record_TheNodeFailsBetweenTakingAndAnswering_IsRecordedOnce(
        [Values("SubmitAsync", "GetReceipt")] string member, CancellationToken cancellation)
    {
        var sent = new List<byte[]>();
        int failures = 0;
        _meddled.Answer = (name, arguments, node) =>
        {
            if (name == "SubmitAsync")
                sent.Add(((ReadOnlyMemory<byte>)arguments[0]!).ToArray());
            if (name != member || failures == 3)
                return node();
            failures++;
            return name == "SubmitAsync" ? LoseAsync((Task<TransactionOutcome>)node()!) : throw Gone();
        };

        CommittedChange change = await Open().RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);

        Assert.That((failures, change.Version), Is.EqualTo((3, 1UL)));
        Assert.That(sent, Has.Count.EqualTo(4).And.All.EqualTo(sent[0]), "the same envelope each time");
        Assert.That(HistoryOf(Shop), Has.Count.EqualTo(1));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Submit_AnEnvelopeThatWasKept_AfterItIsRecorded_GivesTheSamePosition(CancellationToken cancellation)
    {
        RecordLedger ledger = Open();
        SignedEnvelope kept = await ledger.SignAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        CommittedChange first = await ledger.SubmitAsync(kept, cancellation);
        CommittedChange again = await Open().SubmitAsync(kept, cancellation);
        Assert.That((again.Position, again.TransactionId), Is.EqualTo((first.Position, kept.Id)));
        Assert.That(HistoryOf(Shop), Has.Count.EqualTo(1));
    }

    /// <summary>Several nodes are all asked before anybody waits, and then as long as the one that wants most.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Record_TheNodesSayWhenToComeAgain_AreLeftAloneAsLong([Values(1, 2)] int nodes, CancellationToken cancellation)
    {
        TimeSpan[] hints = [TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(3)];
        int refusals = 0;
        _meddled.Answer = (name, _, node) => name == "SubmitAsync" && refusals < hints.Length
            ? throw LedgerRequestException.ResourceExhausted("Too much to do.", hints[refusals++]) : node();
        var time = new HeldTime(LedgerNodes.AnswerTimeout);

        RecordLedger ledger = Open(time: time, nodes: [.. Enumerable.Range(0, nodes).Select(_ => Connect(_host.GrpcAddress))]);
        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);

        Assert.That(time.Waits, Is.EqualTo(nodes == 1 ? hints : hints[..1]));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_NoNodeTakesItForAsLongAsThePatienceLasts_FailsWithWhatTheLastOneSaid(CancellationToken cancellation)
    {
        int asked = 0;
        _meddled.Answer = (name, _, node) => name == "SubmitAsync" && ++asked > 0
            ? throw LedgerRequestException.NotReady("It is catching up.", TimeSpan.FromMilliseconds(20)) : node();
        LedgerClientException failure = await FailAsync(
            () => Open(patience: TimeSpan.FromMilliseconds(100)).RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation));
        Assert.That((failure.Reason, failure.IsTransient), Is.EqualTo(("NODE_NOT_READY", true)));
        Assert.That(asked, Is.GreaterThan(1));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_TheFirstNodeCannotBeReached_GoesOnWithTheNext_AndStaysThere(CancellationToken cancellation)
    {
        using var nobody = new Socket(SocketType.Stream, ProtocolType.Tcp); // bound, and never listening
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var dead = new Uri($"http://127.0.0.1:{((IPEndPoint)nobody.LocalEndPoint!).Port}");
        var time = new HeldTime(LedgerNodes.AnswerTimeout);
        RecordLedger ledger = Open(time: time, nodes: [Connect(dead), Connect(_host.GrpcAddress)]);

        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        Assert.That((await ledger.FindAsync(Shop, cancellation))!.Version, Is.EqualTo(1UL));
        Assert.That(time.Waits, Is.Empty, "the next node is asked at once");
    }

    /// <summary>So it is with a stopped process, for which the system accepts.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Record_TheFirstNodeNeverAnswers_GoesOnWithTheNext(CancellationToken cancellation)
    {
        var asked = new TaskCompletionSource();
        var (silent, hanging) = MeddledGateway.Before(_node.Gateway);
        hanging.Answer = (name, _, node) => name != "SubmitAsync" ? node() : NeverAsync(asked);
        await using RpcHost other = await RpcHost.StartAsync(node: silent);
        var time = new HeldTime(LedgerNodes.AnswerTimeout);
        RecordLedger ledger = Open(time: time, nodes: [Connect(other.GrpcAddress), Connect(_host.GrpcAddress)]);

        Task<CommittedChange> recording = ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        await asked.Task.WaitAsync(cancellation);
        time.EndHeld();

        Assert.That((await recording).Version, Is.EqualTo(1UL));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_Cancelled_WhileTheNodeWorksOrIsLeftAlone_IsCancelledAtOnce([Values] bool waiting, CancellationToken cancellation)
    {
        var asked = new TaskCompletionSource();
        _meddled.Answer = (name, _, node) =>
        {
            if (name != "SubmitAsync")
                return node();
            if (!waiting)
                return NeverAsync(asked);
            asked.TrySetResult();
            throw LedgerRequestException.NotReady("It is catching up.", TimeSpan.FromHours(1));
        };
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task recording = Open(patience: TimeSpan.FromDays(1)).RecordAsync(RecordDraft.Register(Shop, Bakery), cancel.Token);
        await asked.Task.WaitAsync(cancellation);
        await cancel.CancelAsync();
        await Assert.CatchAsync<OperationCanceledException>(() => recording.WaitAsync(cancellation));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_WhatTheRulesForbid_IsRefusedWithItsCodeAndFacts(CancellationToken cancellation)
    {
        RecordLedger ledger = Open();
        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        await ledger.RecordAsync(RecordDraft.Amend(Shop, Cafe, "new owner"), cancellation);

        LedgerClientException conflict = await FailAsync(
            () => ledger.RecordAsync(RecordDraft.Amend(Shop, Bakery, "too late") with { ExpectedVersion = 1 }, cancellation));
        LedgerClientException missing = await FailAsync(() => ledger.RecordAsync(RecordDraft.Annul(Heir, "never there"), cancellation));
        LedgerClientException noType = await FailAsync(() => ledger.FindAsync(new RecordKey("no-type", "X"), cancellation));
        LedgerClientException stranger = await FailAsync(() => Open(_ledger.Administrator).RecordAsync(RecordDraft.Annul(Shop, "I say so"), cancellation));

        Assert.That((conflict.Reason, conflict.Facts["currentVersion"]), Is.EqualTo(("VERSION_CONFLICT", "2")));
        Assert.That((missing.Reason, missing.Status), Is.EqualTo(("NOT_FOUND", StatusCode.NotFound)));
        Assert.That((noType.Reason, stranger.Reason), Is.EqualTo(("NOT_FOUND", "NOT_PERMITTED")));
        Assert.That(HistoryOf(Shop), Has.Count.EqualTo(2));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Submit_WhatEveryNodeWouldRefuse_IsNotSent(CancellationToken cancellation)
    {
        _meddled.Answer = static (name, _, node) => name == "SubmitAsync" ? throw new AssertionException("sent") : node();
        RecordLedger ledger = Open();
        LedgerClientException id = await FailAsync(() => ledger.RecordAsync(
            RecordDraft.Register(new RecordKey(Type, "no spaces"), Bakery) with { ExpectedVersion = 0 }, cancellation));
        LedgerClientException chain = await FailAsync(() => ledger.SubmitAsync(
            new TransactionFactory(Sha256.Hash("another"u8), _ledger.Clerk).Create(static b => b.Register = new RecordChange(), 1), cancellation));
        Assert.That((id.Reason, chain.Reason), Is.EqualTo(("INVALID_FIELD", "WRONG_CHAIN")));
        Assert.That(id.Facts, Is.Not.Empty);
        await Assert.ThrowsAsync<ArgumentException>(() => ledger.SubmitAsync(EnvelopeOf(_ledger.DefineType()), cancellation));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_OfATypeThatIsNotPublic_IsTakenForTheFirst_OrNeedsItsVersionSaid(CancellationToken cancellation)
    {
        var define = new DefineType { Type = "sealed" };
        define.Titles.Add(new LocalizedText { Language = "en", Text = "Sealed" });
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.DefineType = define));
        RecordLedger ledger = Open();
        var record = new RecordKey("sealed", "S-1");

        CommittedChange first = await ledger.RecordAsync(RecordDraft.Register(record, Bakery), cancellation);
        LedgerClientException unknown = await FailAsync(() => ledger.RecordAsync(RecordDraft.Annul(record, "over"), cancellation));
        CommittedChange last = await ledger.RecordAsync(RecordDraft.Annul(record, "over") with { ExpectedVersion = 1 }, cancellation);

        Assert.That((first.Version, last.Version), Is.EqualTo((1UL, 2UL)));
        Assert.That(unknown.Reason, Is.EqualTo("TOKEN_REQUIRED"));
        Assert.That(unknown.Message, Does.EndWith("Say which version the change follows."));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Record_AReceiptThatIsForgedOrAnothers_IsNotBelieved(CancellationToken cancellation)
    {
        byte[] others = _ledger.Change("OTHER", 0);
        await _node.CommitAsync(others);
        ReadOnlyMemory<byte> another = _node.Gateway.GetReceipt(TestLedger.IdOf(others).ToString());
        foreach (Func<byte[], byte[]> forge in new Func<byte[], byte[]>[]
        {
            _ => another.ToArray(),
            static _ => [],
            static r => [.. r, (byte)' '],
            static r => Altered(r, "\"position\": ", 1),
            static r => Altered(r, "\"certificate\": \"", 20),
        })
        {
            _meddled.Answer = (name, _, node) => name == "GetReceipt"
                ? (ReadOnlyMemory<byte>)forge(((ReadOnlyMemory<byte>)node()!).ToArray()) : node();
            LedgerClientException refusal = await FailAsync(
                () => Open().RecordAsync(RecordDraft.Register(new RecordKey(Type, Guid.NewGuid().ToString()), Bakery), cancellation));
            Assert.That((refusal.Reason, refusal.IsTransient), Is.EqualTo((LedgerClientException.UnprovenReason, false)));
            Assert.That(refusal.Message, Does.Contain("may be recorded all the same"));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Find_WhatIsNotProven_IsNotBelieved(CancellationToken cancellation)
    {
        await Open().RecordAsync(RecordDraft.Register(Heir, Cafe), cancellation);
        await Open().RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        GetRecordResponse other = _node.Gateway.GetRecord(new GetRecordRequest { Type = Type, Id = Heir.Id, Proof = true });
        GetStateProofResponse absent = _node.Gateway.GetStateProof((uint)StateKind.Record, StateKey.Record(Type, "NOBODY").Id.ToArray());
        foreach ((string what, Func<string, GetRecordResponse, object?> lie) in new (string, Func<string, GetRecordResponse, object?>)[]
        {
            ("other content", (_, r) => With(r, r => r.Record.Payload = ByteString.CopyFromUtf8("""{"name":"Bank"}"""))),
            ("no content", (_, r) => With(r, r => r.Record.Payload = ByteString.Empty)),
            ("no record at all", (_, r) => With(r, r => r.Record = null)),
            ("another record", (_, _) => other),
            ("no proof", (_, r) => With(r, r => r.Proof = null)),
            ("no header", (_, r) => With(r, r => r.Header = null)),
            ("another's absence", (name, _) => name == "GetRecord" ? throw LedgerRequestException.NotFound("There is none.") : absent),
        })
        {
            _meddled.Answer = (name, arguments, node) =>
            {
                bool isAsked = name == "GetRecord"
                    || (name == "GetStateProof" && ((ReadOnlyMemory<byte>)arguments[1]!).Span.SequenceEqual(StateKey.Record(Type, Shop.Id).Id));
                return !isAsked ? node() : lie(name, _node.Gateway.GetRecord(new GetRecordRequest { Type = Type, Id = Shop.Id, Proof = true }));
            };
            LedgerClientException refusal = await FailAsync(() => Open(nodes: [Reading()]).FindAsync(Shop, cancellation), what);
            Assert.That(refusal.Reason, Is.EqualTo(LedgerClientException.UnprovenReason), what);
        }
        LedgerClientException chain = await FailAsync(() => Open(nodes: [Reading()], chainId: Sha256.Hash("another"u8)).FindAsync(Shop, cancellation));
        Assert.That(chain.Reason, Is.EqualTo(LedgerClientException.UnprovenReason), "another ledger");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Find_WhatIsNotThere_IsProvenToOfficersAlone(CancellationToken cancellation)
    {
        await Open().RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        Assert.That((await FailAsync(() => Open().FindAsync(Heir, cancellation))).Reason, Is.EqualTo("TOKEN_REQUIRED"));
        Assert.That(await Open(nodes: [Reading()]).FindAsync(Heir, cancellation), Is.Null);
    }

    /// <summary>An honest answer of yesterday is proven, too.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Find_AnOlderBlockThanWasSeen_IsNotTaken_FromWhateverNode(CancellationToken cancellation)
    {
        RecordLedger ledger = Open(patience: TimeSpan.Zero);
        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        GetRecordResponse yesterday = _node.Gateway.GetRecord(new GetRecordRequest { Type = Type, Id = Shop.Id, Proof = true });
        _meddled.Answer = (name, _, node) => name == "GetRecord" ? yesterday : node();
        Assert.That((await ledger.FindAsync(Shop, cancellation))!.Version, Is.EqualTo(1UL), "no block was made since");

        await ledger.RecordAsync(RecordDraft.Amend(Shop, Cafe, "new owner") with { ExpectedVersion = 1 }, cancellation);

        LedgerClientException stale = await FailAsync(() => ledger.FindAsync(Shop, cancellation));
        Assert.That(stale.IsTransient, Is.True);
        Assert.That(stale.Message, Does.Contain("is known already"));
        _meddled.Answer = static (_, _, node) => node();
        Assert.That((await ledger.FindAsync(Shop, cancellation))!.Version, Is.EqualTo(2UL));
    }

    /// <summary>"There is none", with a proof that there is one: it may have come between the two answers, and may not have.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Find_ARecordThatComesBetweenTheAnswers_IsAskedForAgain(CancellationToken cancellation)
    {
        RecordLedger ledger = Open();
        await ledger.RecordAsync(RecordDraft.Register(Shop, Bakery), cancellation);
        int asked = 0;
        _meddled.Answer = (name, _, node) => name == "GetRecord" && ++asked == 1 ? throw LedgerRequestException.NotFound("There is none.") : node();
        Assert.That((await ledger.FindAsync(Shop, cancellation))!.Version, Is.EqualTo(1UL));
        Assert.That(asked, Is.EqualTo(2));
    }

    [Test]
    public async Task Open_WithWhatIsNone_IsRefused()
    {
        var options = new RecordLedgerOptions { Nodes = [new Uri("https://localhost:1")], ChainId = _ledger.Genesis.ChainId.ToString() };
        foreach ((RecordLedgerOptions wrong, string reason) in new[]
        {
            (options with { ChainId = "abc" }, "INVALID_CHAIN_ID"),
            (options with { Nodes = [] }, "INVALID_ADDRESS"),
            (options with { Nodes = [new Uri("http://localhost:1")] }, "INVALID_ADDRESS"),
            (options with { AuthorityFile = Path.Combine(_root, "none") }, "INVALID_CA_FILE"),
        })
            Assert.That(Assert.Throws<LedgerClientException>(() => _ = new RecordLedger(wrong))!.Reason, Is.EqualTo(reason));
        using var reader = new RecordLedger(options);
        await Assert.ThrowsAsync<InvalidOperationException>(() => reader.SignAsync(RecordDraft.Register(Shop, Bakery)));
    }

    private RecordLedger Open(
        ISigner? signer = null, TimeSpan? patience = null, TimeProvider? time = null, IReadOnlyList<LedgerClient>? nodes = null, Digest? chainId = null)
    {
        var options = new RecordLedgerOptions
        {
            Nodes = [],
            ChainId = (chainId ?? _ledger.Genesis.ChainId).ToString(),
            Signer = signer ?? _ledger.Clerk,
            Patience = patience ?? TimeSpan.FromMinutes(1),
        };
        var ledger = new RecordLedger(options, nodes ?? [Connect(_host.GrpcAddress)], time ?? TimeProvider.System);
        _opened.Add(ledger);
        return ledger;
    }

    /// <summary>A connection that signs for what it reads: that a record is not there is proven to officers alone.</summary>
    private LedgerClient Reading()
    {
        LedgerClient client = Connect(_host.GrpcAddress);
        client.Reader = new ReadTokenFactory(_ledger.Genesis.ChainId, "dept-0", _ledger.Clerk);
        return client;
    }

    private static LedgerClient Connect(Uri node) => new(node, GrpcChannel.ForAddress(node));

    private IReadOnlyList<RecordVersion> HistoryOf(RecordKey record) => _node.Gateway.GetRecordHistory(
        new GetRecordHistoryRequest { Type = record.Type, Id = record.Id, PageSize = 100 }).Versions;

    private static SignedEnvelope EnvelopeOf(byte[] bytes) => new(TestLedger.IdOf(bytes), bytes, 0);

    private static LedgerRequestException Gone() => LedgerRequestException.NotReady("The node is going.", TimeSpan.FromMilliseconds(20));

    private static async Task<TransactionOutcome> LoseAsync(Task<TransactionOutcome> taken)
    {
        await taken;
        throw Gone();
    }

    private static async Task<TransactionOutcome> NeverAsync(TaskCompletionSource asked)
    {
        asked.TrySetResult();
        await Task.Delay(Timeout.Infinite);
        throw new InvalidOperationException();
    }

    private static GetRecordResponse With(GetRecordResponse answer, Action<GetRecordResponse> change)
    {
        change(answer);
        return answer;
    }

    /// <summary>The file with another character some places behind a text.</summary>
    private static byte[] Altered(byte[] file, string after, int places)
    {
        int at = file.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(after)) + after.Length + places - 1;
        file[at] = file[at] == (byte)'7' ? (byte)'8' : (byte)'7';
        return file;
    }

    private static async Task<LedgerClientException> FailAsync(Func<Task> call, string what = "") =>
        (await Assert.ThrowsAsync<LedgerClientException>(() => call(), what))!;
}
