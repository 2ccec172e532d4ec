using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using GovChain.Storage.Reads;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Goal: a real node gives what is not public by its ledger's state, remembers across a restart which tokens it took, and gives nothing
/// while its read log is damaged. Asked by the client library over real connections.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class OneNodeReadingTests
{
    private const string Closed = "case-file";

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-reading-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private readonly StandingClock _time = new(DateTimeOffset.UtcNow); // a token counts for seconds, a restart may take longer
    private readonly ShiftedClock _wall = new();
    private TestNode _node = null!;
    private RpcHost _host = null!;

    private string Data => Path.Combine(_root, "data");

    [SetUp]
    public async Task StartAsync()
    {
        _node = new TestNode(_ledger, 0, Data, new LoopbackNetwork(), _wall);
        await _node.StartAsync();
        await _node.CommitAsync(_ledger.EnrolClerk());
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, body =>
        {
            body.DefineType = new DefineType { Type = Closed };
            body.DefineType.Titles.Add(new LocalizedText { Language = "en", Text = "Case" });
        }));
        await _node.CommitAsync(_ledger.Sign(_ledger.Clerk, static body => body.Register = new RecordChange
        {
            Record = new RecordName { Type = Closed, Id = "C-1" },
            Payload = new Payload { Inline = new InlinePayload { MediaType = "text/plain", Content = ByteString.CopyFromUtf8("secret") } },
        }));
        _host = await RpcHost.StartAsync(node: _node.Gateway, readersTime: _time);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _host.DisposeAsync();
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task EveryRead_ByTheOwnersClerk_IsGivenAndLogged()
    {
        using LedgerClient client = Connect(_ledger.Clerk);
        Assert.That((await client.FindRecordAsync(Closed, "C-1", proof: true))!.Record.Payload.ToStringUtf8(), Is.EqualTo("secret"));
        Assert.That(await client.FindRecordAsync(Closed, "C-2"), Is.Null);
        Assert.That(await client.GetHistoryAsync(Closed, "C-1").CountAsync(), Is.EqualTo(1));
        Assert.That(await client.ListRecordsAsync(Closed).CountAsync(), Is.EqualTo(1));
        Assert.That(await client.ListSubmissionsAsync(Closed).CountAsync(), Is.Zero);
        Assert.That((await client.GetStateProofAsync(StateKey.Record(Closed, "C-1"))).Proof.Value.IsEmpty, Is.False);
        Assert.That(Logged().Select(static e => (e.OfficerId, e.Method, e.Record, e.Answer)), Is.EqualTo(new[]
        {
            ("clerk-1", "GetRecord", "C-1", "GIVEN"), ("clerk-1", "GetRecord", "C-2", "NOT_FOUND"), ("clerk-1", "GetRecordHistory", "C-1", "GIVEN"),
            ("clerk-1", "ListRecords", "C-1", "GIVEN"), ("clerk-1", "ListSubmissions", "", "GIVEN"), ("clerk-1", "GetStateProof", "C-1", "GIVEN"),
        }));
        Assert.That(Logged().Select(static e => e.Token), Is.Unique, "a token for each");
    }

    [Test]
    public async Task Token_OfAKeyThatWasReplaced_IsRefusedFromItsBlockOn()
    {
        using var second = PlatformSigner.Create();
        using LedgerClient before = Connect(_ledger.Clerk), after = Connect(second);
        Assert.That(await before.FindRecordAsync(Closed, "C-1"), Is.Not.Null);
        Assert.That(await RefusalAsync(after), Is.EqualTo(("TOKEN_SIGNER_REFUSED", "UNKNOWN_SIGNER")));
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, body => body.RotateOfficerKey = new RotateOfficerKey
        {
            OfficerId = "clerk-1",
            PublicKey = ByteString.CopyFrom(second.PublicKey.Span),
        }));
        Assert.That(await RefusalAsync(before), Is.EqualTo(("TOKEN_SIGNER_REFUSED", "SIGNER_REVOKED")));
        Assert.That(await after.FindRecordAsync(Closed, "C-1"), Is.Not.Null);
        Assert.That(Logged().Select(static e => (e.OfficerId, e.Answer)), Is.EqualTo(new[]
        {
            ("clerk-1", "GIVEN"), ("", "TOKEN_SIGNER_REFUSED"), ("clerk-1", "TOKEN_SIGNER_REFUSED"), ("clerk-1", "GIVEN"),
        }));
    }

    /// <summary>Of the names of what is not there some lead to the record's place, and the proof for those shows its leaf.</summary>
    [Test]
    public async Task LeafOfARecord_BesideANameThatIsFree_IsShownToNoStranger()
    {
        ByteString leaf = ByteString.CopyFrom(StateKey.Record(Closed, "C-1").TreeKey.Span);
        StateKey beside = Enumerable.Range(0, 100_000).Select(static i => StateKey.Officer("finance", $"g{i}"))
            .First(key => _node.Gateway.GetStateProof((uint)key.Kind, key.Id.ToArray()).Proof.OtherLeafKey == leaf);
        using LedgerClient stranger = new(_host.GrpcAddress, GrpcChannel.ForAddress(_host.GrpcAddress)), clerk = Connect(_ledger.Clerk);
        LedgerClientException? refused = await Assert.ThrowsAsync<LedgerClientException>(() => stranger.GetStateProofAsync(beside));
        Assert.That(refused!.Reason, Is.EqualTo("TOKEN_REQUIRED"));
        Assert.That((await stranger.GetStateProofAsync(StateKey.Department(TestLedger.DepartmentId(0)))).Proof.Value.IsEmpty, Is.False);
        Assert.That((await clerk.GetStateProofAsync(beside)).Proof.OtherLeafKey, Is.EqualTo(leaf));
        Assert.That(Logged().Select(static e => (e.OfficerId, e.Type, e.Answer)), Is.EqualTo(new[] { ("", "kind 4", "TOKEN_REQUIRED"), ("clerk-1", "kind 4", "GIVEN") }));
    }

    /// <summary>So commands about a change of the departments ask, which newcomers use, too.</summary>
    [Test]
    public async Task WhatIsNotThere_IsTakenOnTheNodesWord_WhereThatIsAskedFor()
    {
        using LedgerClient stranger = new(_host.GrpcAddress, GrpcChannel.ForAddress(_host.GrpcAddress));
        using var signatures = new PlatformSignatureVerifier();
        ProvenState state = await ProvenState.OpenAsync(stranger, _ledger.Genesis.ChainId, signatures, default);
        StateKey nobody = StateKey.Department("nobody"), somebody = StateKey.Department(TestLedger.DepartmentId(0));
        await Assert.ThrowsAsync<LedgerClientException>(() => state.FetchAsync(stranger, [nobody], default));
        await state.FetchAsync(stranger, [nobody, somebody], default, orTold: true);
        Assert.That((state.GetState(nobody).HasValue, state.GetState(somebody).HasValue), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task Token_UsedBeforeARestart_IsRefusedAfterIt()
    {
        string header = new ReadTokenFactory(_ledger.Genesis.ChainId, TestLedger.DepartmentId(0), _ledger.Clerk, _time).CreateHeader();
        Assert.That(await AskAsync(header), Is.EqualTo(StatusCode.OK));
        Assert.That(await AskAsync(header), Is.EqualTo(StatusCode.Unauthenticated));
        await RestartAsync();
        Assert.That(await AskAsync(header), Is.EqualTo(StatusCode.Unauthenticated));
        Assert.That(Logged().Select(static e => e.Answer), Is.EqualTo(new[] { "GIVEN", "TOKEN_REPLAYED", "TOKEN_REPLAYED" }));
    }

    [Test]
    public async Task Log_ThatIsDamaged_KeepsWhatIsNotPublicFromBeingGiven_AndNothingElse()
    {
        using LedgerClient client = Connect(_ledger.Clerk);
        await client.FindRecordAsync(Closed, "C-1");
        string file = Path.Combine(Data, "reads", "00000000000000000001");
        await RestartAsync(() => File.WriteAllText(file, File.ReadAllText(file).Replace("GIVEN", "GAVEN")));
        using LedgerClient again = Connect(_ledger.Clerk);
        LedgerClientException? refused = await Assert.ThrowsAsync<LedgerClientException>(() => again.FindRecordAsync(Closed, "C-1"));
        Assert.That(refused!.Reason, Is.EqualTo("NODE_NOT_READY"));
        Assert.That(_node.Gateway.GetStatus().Alarms.Select(static a => a.Code), Has.Member("READ_LOG_FAILED"));
        await _node.CommitAsync(_ledger.DefineType());
        Assert.That(await again.ListRecordsAsync(TestLedger.Type).CountAsync(), Is.Zero);
    }

    /// <summary>The first entry brings the first root; what comes within the day waits for it, whatever is restarted, also where the process
    /// ended between entry and root; and a log that is not the one of the root is told to the operator, and to all by the next root.</summary>
    [Test]
    public async Task Root_IsPostedOnce_AcrossRestarts_AndOfALogBegunAnewAsSuch()
    {
        using (LedgerClient client = Connect(_ledger.Clerk))
            await client.FindRecordAsync(Closed, "C-1");
        await RestartAsync(); // perhaps before the node had looked
        ReadRootState first = await RootAsync(1);
        Assert.That((first.Log, first.FirstEntry, first.LastEntry), Is.EqualTo((1UL, 1UL, 1UL)));
        Assert.That(first.Head.Span.SequenceEqual(Head().Span));

        using (LedgerClient client = Connect(_ledger.Clerk))
            await client.FindRecordAsync(Closed, "C-2");
        await RestartAsync();
        await _node.CommitAsync(_ledger.DefineType());
        Assert.That(Newest()!.Number, Is.EqualTo(1), "the day is not over");

        // A day later: the wall clock alone is moved, as the rules go by the blocks' time.
        _wall.Ahead = TimeSpan.FromDays(1);
        await RestartAsync();
        ReadRootState second = await RootAsync(2);
        Assert.That((second.Log, second.FirstEntry, second.LastEntry), Is.EqualTo((1UL, 2UL, 2UL)));
        Assert.That(_node.Gateway.GetStatus().Alarms.Select(static a => a.Code), Has.None.StartsWith("READ_"));

        await RestartAsync(() => Directory.Delete(Path.Combine(Data, "reads"), recursive: true));
        await _node.UntilAsync(static s => s.Alarms.Any(static a => a.Code == "READ_LOG_REPLACED"), "the log is another one");
        Assert.That(Newest()!.Number, Is.EqualTo(2), "it has no entry");
        using (LedgerClient client = Connect(_ledger.Clerk))
            await client.FindRecordAsync(Closed, "C-1");
        _wall.Ahead += TimeSpan.FromHours(1);
        await RestartAsync();
        ReadRootState third = await RootAsync(3);
        Assert.That((third.Log, third.FirstEntry, third.LastEntry), Is.EqualTo((2UL, 1UL, 1UL)));
        await _node.UntilAsync(static s => s.Alarms.All(static a => a.Code != "READ_LOG_REPLACED"), "the ledger knows it");
    }

    private async Task<ReadRootState> RootAsync(ulong number)
    {
        await _node.UntilAsync(_ => Newest()?.Number >= number, $"root {number}");
        return Newest()!;
    }

    private ReadRootState? Newest()
    {
        GetStateProofResponse department = _node.Gateway.GetStateProof((uint)StateKind.Department, StateKey.Department(TestLedger.DepartmentId(0)).Id.ToArray());
        ulong roots = DepartmentState.Parser.ParseFrom(department.Proof.Value).ReadRoots;
        return roots == 0 ? null : ReadRootState.Parser.ParseFrom(
            _node.Gateway.GetStateProof((uint)StateKind.ReadRoot, StateKey.ReadRoot(TestLedger.DepartmentId(0), roots).Id.ToArray()).Proof.Value);
    }

    private Digest Head()
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(Data);
        return ReadLogFiles.Read(directory, static (_, _) => { }).End.Head;
    }

    private LedgerClient Connect(ISigner signer) => new(_host.GrpcAddress, GrpcChannel.ForAddress(_host.GrpcAddress))
    {
        Reader = new ReadTokenFactory(_ledger.Genesis.ChainId, TestLedger.DepartmentId(0), signer, _time),
    };

    private static async Task<(string, string)> RefusalAsync(LedgerClient client)
    {
        LedgerClientException? refused = await Assert.ThrowsAsync<LedgerClientException>(() => client.FindRecordAsync(Closed, "C-1"));
        return (refused!.Reason, refused.Facts.GetValueOrDefault("ledger", ""));
    }

    private async Task<StatusCode> AskAsync(string header)
    {
        try
        {
            await _host.Grpc().AsyncUnaryCall(
                Calls.Method<GetRecordRequest, GetRecordResponse>(MethodType.Unary, "GetRecord"), null,
                Calls.Soon.WithHeaders(new Metadata { { "authorization", header } }), new GetRecordRequest { Type = Closed, Id = "C-1" });
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    private async Task RestartAsync(Action? meanwhile = null)
    {
        await _host.DisposeAsync();
        await _node.StopAsync();
        meanwhile?.Invoke();
        await _node.StartAsync();
        _host = await RpcHost.StartAsync(node: _node.Gateway, readersTime: _time);
    }

    private List<ReadEntry> Logged()
    {
        var entries = new List<ReadEntry>();
        using DataDirectory directory = DataDirectory.OpenReadOnly(Data);
        ReadLogState state = ReadLogFiles.Read(directory, (entry, _) => entries.Add(entry));
        Assert.That(state.Damage, Is.Null);
        return entries;
    }

    private sealed class StandingClock(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }
}
