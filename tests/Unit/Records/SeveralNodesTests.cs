using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Rpc;
using Grpc.Net.Client;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Records;

/// <summary>
/// Goal: of several nodes that a program names, one that lies or is damaged neither stops it nor makes it record twice. Method: one ledger
/// behind two doors, of which the first says what the test makes up.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SeveralNodesTests
{
    private const string OneNodesWord = "That is one node's word";
    private static readonly RecordKey Shop = new(TestLedger.Type, "SHOP-1"), Other = new(TestLedger.Type, "SHOP-2");
    private static readonly RecordContent Bakery = RecordContent.Json("""{"name":"Bakery"}""");

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-several-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private readonly List<string> _askedOfTheFirst = [], _askedOfTheSecond = [];
    private TestNode _node = null!;
    private Func<string, Func<object?>, object?> _first = static (_, node) => node(), _second = static (_, node) => node();
    private RpcHost _hostOfTheFirst = null!, _hostOfTheSecond = null!;
    private RecordLedger _records = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
        await _node.FoundAsync();
        _hostOfTheFirst = await HostAsync(_askedOfTheFirst, (member, node) => _first(member, node));
        _hostOfTheSecond = await HostAsync(_askedOfTheSecond, (member, node) => _second(member, node));
        _records = Open(_hostOfTheFirst, _hostOfTheSecond);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _records.Dispose();
        await _hostOfTheFirst.DisposeAsync();
        await _hostOfTheSecond.DisposeAsync();
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task OneThatProvesNothing_OrIsDamaged_IsPassedOver_AndAskedLastFromThenOn([Values] bool isDamaged, CancellationToken cancellation)
    {
        _first = (member, node) => member is not ("GetReceipt" or "GetRecord") ? node()
            : isDamaged ? throw LedgerRequestException.DataDamaged("It is damaged.")
            : member == "GetReceipt" ? (object)new ReadOnlyMemory<byte>([1])
            : new GetRecordResponse { Record = new RecordVersion() };

        Assert.That((await _records.RecordAsync(First(Shop), cancellation)).Version, Is.EqualTo(1UL));
        Assert.That(HistoryOf(Shop), Has.Count.EqualTo(1));
        Assert.That(_askedOfTheFirst, Does.Contain("GetReceipt"));

        _askedOfTheFirst.Clear();
        await _records.RecordAsync(First(Other), cancellation);
        Assert.That((await _records.FindAsync(Other, cancellation))!.Version, Is.EqualTo(1UL));
        Assert.That(_askedOfTheFirst, Is.Empty);

        int failures = 0;
        _second = (member, node) => member == "GetRecord" && failures++ == 0 ? throw LedgerRequestException.NotReady("It is going.", TimeSpan.FromMilliseconds(20)) : node();
        Assert.That((await _records.FindAsync(Other, cancellation))!.Version, Is.EqualTo(1UL));
        Assert.That(_askedOfTheFirst, Is.EqualTo(new[] { "GetRecord" }), "only where the others fail");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task AllThatProveNothing_AreToldAtOnce(CancellationToken cancellation)
    {
        _first = _second = static (member, node) => member == "GetReceipt" ? new ReadOnlyMemory<byte>([1]) : node();
        LedgerClientException failure = await FailAsync(First(Shop), cancellation);
        Assert.That(failure.Reason, Is.EqualTo(LedgerClientException.UnprovenReason));
        Assert.That(_askedOfTheSecond.Count(static m => m == "SubmitAsync"), Is.EqualTo(1));
    }

    /// <summary>It takes the change, or keeps it back, and says that the version is taken: a program that believes it signs another.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task OneThatSaysWhatIsNotSo_IsNotBelieved_AndTheChangeIsRecordedOnce([Values] bool itIsRecorded, CancellationToken cancellation)
    {
        _first = (member, node) => member == "SubmitAsync" ? LieAsync(itIsRecorded ? (Task)node()! : Task.CompletedTask) : node();
        CommittedChange change = await _records.RecordAsync(First(Shop), cancellation);
        Assert.That((change.Version, HistoryOf(Shop).Count), Is.EqualTo((1UL, 1)));
        Assert.That(_askedOfTheFirst, Is.EqualTo(new[] { "SubmitAsync" }));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task WhatTwoRefuse_IsRefused_AndNotOneNodesWord(CancellationToken cancellation)
    {
        await _records.RecordAsync(First(Shop), cancellation);
        _askedOfTheFirst.Clear();
        LedgerClientException conflict = await FailAsync(First(Shop), cancellation);
        Assert.That((conflict.Reason, conflict.Facts["currentVersion"]), Is.EqualTo(("VERSION_CONFLICT", "1")));
        Assert.That(conflict.Message, Does.Not.Contain(OneNodesWord));
        Assert.That(_askedOfTheFirst.Concat(_askedOfTheSecond), Is.EqualTo(new[] { "SubmitAsync", "SubmitAsync" }));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task WhatOneRefuses_WhereNoOtherCanBeAsked_IsRefusedAndSaysSo(CancellationToken cancellation)
    {
        await _records.RecordAsync(First(Shop), cancellation);
        _second = static (_, _) => throw LedgerRequestException.NotReady("It is catching up.", TimeSpan.FromMilliseconds(20));
        RecordDraft again = First(Shop);
        LedgerClientException alone = await FailAsync(again, cancellation);
        Assert.That(alone.Reason, Is.EqualTo("VERSION_CONFLICT"));
        Assert.That(alone.Message, Does.Contain(OneNodesWord));

        using RecordLedger one = Open(_hostOfTheFirst);
        LedgerClientException only = (await Assert.ThrowsAsync<LedgerClientException>(() => one.RecordAsync(again, cancellation)))!;
        Assert.That((only.Reason, only.Message.Contains(OneNodesWord)), Is.EqualTo(("VERSION_CONFLICT", false)), "the program named one, and knows");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task WhatOneRefuses_AndAnotherHasTaken_IsPending(CancellationToken cancellation)
    {
        _first = static (member, node) => member == "SubmitAsync" ? LieAsync(Task.CompletedTask) : node();
        _second = static (member, node) => member == "SubmitAsync" ? Task.FromResult(Outcomes.Pending(FakeGateway.Id)) : node();
        LedgerClientException pending = await FailAsync(First(Shop), cancellation);
        Assert.That((pending.Reason, pending.IsTransient), Is.EqualTo(("TRANSACTION_PENDING", true)));
    }

    /// <summary>The record's first version; nobody is asked which it is.</summary>
    private static RecordDraft First(RecordKey record) => RecordDraft.Register(record, Bakery) with { ExpectedVersion = 0 };

    private static async Task<TransactionOutcome> LieAsync(Task before)
    {
        await before;
        return Outcomes.Rejected(FakeGateway.Id, Outcomes.ToMessage(new Rejection(RejectionCode.VersionConflict, "The version is taken.")));
    }

    private async Task<LedgerClientException> FailAsync(RecordDraft draft, CancellationToken cancellation) =>
        (await Assert.ThrowsAsync<LedgerClientException>(() => _records.RecordAsync(draft, cancellation)))!;

    private IReadOnlyList<RecordVersion> HistoryOf(RecordKey record) => _node.Gateway.GetRecordHistory(
        new GetRecordHistoryRequest { Type = record.Type, Id = record.Id, PageSize = 100 }).Versions;

    private async Task<RpcHost> HostAsync(List<string> asked, Func<string, Func<object?>, object?> answer)
    {
        (ILedgerGateway gateway, MeddledGateway meddled) = MeddledGateway.Before(_node.Gateway);
        meddled.Answer = (member, _, node) =>
        {
            if (member is "SubmitAsync" or "GetReceipt" or "GetRecord")
                asked.Add(member);
            return answer(member, node);
        };
        return await RpcHost.StartAsync(node: gateway);
    }

    private RecordLedger Open(params RpcHost[] hosts) => new(
        new RecordLedgerOptions
        {
            Nodes = [],
            ChainId = _ledger.Genesis.ChainId.ToString(),
            Signer = _ledger.Clerk,
            Patience = TimeSpan.FromMilliseconds(100),
        },
        [.. hosts.Select(static h => new LedgerClient(h.GrpcAddress, GrpcChannel.ForAddress(h.GrpcAddress)))], TimeProvider.System);
}
