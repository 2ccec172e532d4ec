using System.Net;
using Google.Protobuf;
using Google.Rpc;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Model;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Goal: what is not public is given to those who may read it, once for each token, and every answer and every refusal is written down before
/// it is given. Method: a node's services in a real server before a gateway of the test's, asked over gRPC and JSON with every state of a
/// token by every kind of officer for every kind of type; docs/SPEC.md, "Readers" and "Read token".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class ReaderDoorTests
{
    private const ulong NowMs = TestLedger.StartMs;

    private static readonly TestKey Key = new(710), Stranger = new(711);

    private readonly FakeGateway _gateway = new();
    private readonly StandingClock _time = new(NowMs);
    private RpcHost _host = null!;
    private byte _nonce;

    public enum State
    {
        Good,
        None,
        Malformed,
        WrongChain,
        WrongNode,
        TooEarly,
        Expired,
        OtherSignature,
        Stranger,
        Revoked,
        Replayed,
    }

    [SetUp]
    public async Task StartAsync()
    {
        Enrol("alpha", OfficerRole.Clerk);
        _host = await RpcHost.StartAsync(fake: _gateway, readersTime: _time);
    }

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task EveryToken_OfEveryOfficer_ForEveryType_IsAnsweredAndWrittenDownAsTheTableSays([Values] State state)
    {
        foreach (string readers in new[] { "public", "", "beta" })
        {
            _gateway.Types["t"] = new RecordTypeState { Type = "t", Owner = "alpha", PublicRead = readers == "public", Version = 1 };
            if (readers == "beta")
                _gateway.Types["t"].Readers.Add("beta");
            foreach (string department in new[] { "alpha", "beta" })
            {
                foreach (OfficerRole role in Enum.GetValues<OfficerRole>())
                {
                    Enrol(department, role, state == State.Revoked);
                    string? token = await HeaderAsync(state);
                    _gateway.Reads.Clear();
                    bool may = role != OfficerRole.Administrator && (department == "alpha" || readers == "beta");
                    string expected = readers == "public" ? "GIVEN" : Expected(state) ?? (may ? "GIVEN" : "PERMISSION_DENIED");

                    string answered = await AskAsync(token);

                    string what = $"{state}, type for {readers}, {department} {role}";
                    Assert.That(answered, Is.EqualTo(expected), what);
                    if (readers == "public")
                    {
                        Assert.That(_gateway.Reads, Is.Empty, what);
                        continue;
                    }
                    ReadEntry entry = _gateway.Reads.Single();
                    bool known = state is not (State.None or State.Malformed or State.WrongChain or State.OtherSignature or State.Stranger);
                    Assert.That((entry.Answer, entry.Department, entry.OfficerId, entry.Type, entry.Record, entry.Method, entry.Listener, entry.TimeMs),
                        Is.EqualTo((expected, known ? department : "", known ? "4711" : "", "t", "x", "GetRecord", "clients", NowMs)), what);
                    Assert.That(entry.Token.Length > 0, Is.EqualTo(state == State.Good), $"{what}: a token is used up by what was judged for what it asks");
                }
            }
        }
    }

    [Test]
    public async Task Token_InJson_IsTheHeaderAuthorization()
    {
        using HttpResponseMessage given = await JsonAsync(await HeaderAsync(State.Good));
        Assert.That(given.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using HttpResponseMessage refused = await JsonAsync(await HeaderAsync(State.Expired));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await refused.Content.ReadAsStringAsync(), Does.Contain("TOKEN_EXPIRED"));
        string good = (await HeaderAsync(State.Good))!;
        foreach (string other in new[] { good["Bearer ".Length..], "Basic " + good["Bearer ".Length..], "Bearer  " + good["Bearer ".Length..], good + ", " + good })
        {
            using HttpResponseMessage malformed = await JsonAsync(other);
            Assert.That(await malformed.Content.ReadAsStringAsync(), Does.Contain("TOKEN_MALFORMED"), other[..20]);
        }
        using HttpResponseMessage small = await JsonAsync("bearer" + good["Bearer".Length..]);
        Assert.That(small.StatusCode, Is.EqualTo(HttpStatusCode.OK), "the scheme's name has no case");
    }

    [Test]
    public async Task Token_SentTwiceInOneRequest_IsNone()
    {
        string good = (await HeaderAsync(State.Good))!;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/records/closed-type/x");
        request.Headers.TryAddWithoutValidation("Authorization", new[] { good, (await HeaderAsync(State.Good))! });
        using HttpResponseMessage twice = await _host.Http().SendAsync(request);
        Assert.That(await twice.Content.ReadAsStringAsync(), Does.Contain("TOKEN_MALFORMED"));
    }

    [Test]
    public async Task Token_UsedBeforeTheNodeStartedAnew_IsRefused()
    {
        ReadToken token = Token(NowMs);
        await _host.DisposeAsync();
        _gateway.UsedTokens = [new UsedToken(token.Id, Key.Public.ToString(), token.EndsAtMs)];
        _host = await RpcHost.StartAsync(fake: _gateway, readersTime: _time);
        Assert.That(await AskAsync("Bearer " + token, "closed-type"), Is.EqualTo("TOKEN_REPLAYED"));
    }

    [Test]
    public async Task Token_SignedAnewOverTheSame_IsTheSameToken()
    {
        ReadToken token = Token(NowMs);
        byte[] bytes = token.ToBytes();
        // Of one token there are as many signatures as there are nonces; only what is signed counts.
        var again = ReadToken.Issue(_gateway.ChainId, token.Node, Key.Public, token.IssuedAtMs, token.LifetimeMs, bytes.AsSpan(78, 16), d => OtherSignature(d));
        Assert.That(again.Signature, Is.Not.EqualTo(token.Signature));
        Assert.That(await AskAsync("Bearer " + token, "closed-type"), Is.EqualTo("GIVEN"));
        Assert.That(await AskAsync("Bearer " + again, "closed-type"), Is.EqualTo("TOKEN_REPLAYED"));

        static Core.Cryptography.Signature OtherSignature(Core.Cryptography.Digest digest)
        {
            byte[] signed = Cryptography.EcdsaTwin.Sign(710, 12_345, digest.Span);
            return Core.Cryptography.Signature.TryParse(signed, out Core.Cryptography.Signature signature)
                ? signature.Normalise() : throw new InvalidOperationException("no signature");
        }
    }

    [Test]
    public async Task Answer_ThatCannotBeWrittenDown_IsNotGiven()
    {
        _gateway.OnLogRead = static _ => throw LedgerRequestException.NotReady("The disk is full.");
        Assert.That(await AskAsync(await HeaderAsync(State.Good), "closed-type"), Is.EqualTo("NODE_NOT_READY"));
        using HttpResponseMessage local = await _host.Http(NodeListeners.Administration).GetAsync("/v1/records/closed-type/x");
        Assert.That(local.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await AskAsync(null, "open-type"), Is.EqualTo("GIVEN"));
    }

    [Test]
    public async Task Page_IsWrittenDownWithItsFirstAndLastRecord()
    {
        await ListAsync();
        foreach (string id in new[] { "A", "B", "C" })
            _gateway.Records.Records.Add(new RecordVersion { State = new RecordState { Record = new RecordName { Type = "closed-type", Id = id } } });
        await ListAsync();
        Assert.That(_gateway.Reads.Select(static e => (e.Method, e.Record, e.Last, e.Answer)), Is.EqualTo(new[]
        {
            ("ListRecords", "", "", "GIVEN"), ("ListRecords", "A", "C", "GIVEN"),
        }));

        async Task ListAsync() => await CallAsync<ListRecordsRequest, ListRecordsResponse>(
            "ListRecords", new ListRecordsRequest { Type = "closed-type" }, await HeaderAsync(State.Good));
    }

    [Test]
    public async Task Administration_ReadsWithoutAToken_AndIsWrittenDown()
    {
        using HttpResponseMessage local = await _host.Http(NodeListeners.Administration).GetAsync("/v1/records/closed-type/x");
        Assert.That(local.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(_gateway.Reads.Single(), Is.EqualTo(new ReadEntry
        {
            TimeMs = NowMs,
            Listener = "administration",
            Method = "GetRecord",
            Type = "closed-type",
            Record = "x",
            Answer = "GIVEN",
        }));
    }

    /// <summary>Such a proof shows what stands beside: whoever may ask for any name finds one that leads beside the record that he means.</summary>
    [Test]
    public async Task Absence_IsProvenToOfficersAlone_AndWrittenDown()
    {
        _gateway.IsStateEmpty = true;
        foreach ((StateKey key, string type, string name) in new[]
        {
            (StateKey.Department("nobody"), "kind 2", "nobody"), (StateKey.OfficerKey(Stranger.Public), "kind 3", Stranger.Public.ToString()),
            (StateKey.Officer("alpha", "g1"), "kind 4", "alpha/g1"), (StateKey.RecordType("t1"), "kind 5", "t1"), (StateKey.Record("open-type", "x"), "open-type", "x"),
            (StateKey.Submission("open-type", "x"), "open-type", "x"), (StateKey.Proposal("alpha"), "kind 8", "alpha"),
            (StateKey.Delegation("alpha", "a", "b"), "kind 10", "alpha/a/b"), (StateKey.ReadRoot("alpha", 7), "kind 14", "alpha/00000000000000000007"),
            (new StateKey(StateKind.Leader, "leader\"1"u8), "kind 7", "6c65616465722231"), (new StateKey(StateKind.Parameters, "leader"u8), "kind 1", "leader"),
        })
        {
            foreach (OfficerRole role in Enum.GetValues<OfficerRole>())
            {
                Enrol("beta", role);
                _gateway.Reads.Clear();
                Assert.That(await ProveAsync(key, null), Is.EqualTo("TOKEN_REQUIRED"), $"{key}");
                Assert.That(await ProveAsync(key, await HeaderAsync(State.Expired)), Is.EqualTo("TOKEN_EXPIRED"), $"{key}");
                Assert.That(await ProveAsync(key, await HeaderAsync(State.Good)), Is.EqualTo("GIVEN"), $"{key} {role}");
                Assert.That(_gateway.Reads.Select(static e => (e.OfficerId, e.Method, e.Type, e.Record, e.Answer)), Is.EqualTo(new[]
                {
                    ("", "GetStateProof", type, name, "TOKEN_REQUIRED"), ("4711", "GetStateProof", type, name, "TOKEN_EXPIRED"), ("4711", "GetStateProof", type, name, "GIVEN"),
                }));
            }
            using HttpResponseMessage local = await _host.Http(NodeListeners.Administration).GetAsync(
                $"/v1/proofs/state/{(uint)key.Kind}?id={Uri.EscapeDataString(Convert.ToBase64String(key.Id))}");
            Assert.That(local.StatusCode, Is.EqualTo(HttpStatusCode.OK));

            _gateway.IsStateEmpty = false;
            _gateway.Reads.Clear();
            Assert.That(await ProveAsync(key, null), Is.EqualTo("GIVEN"), $"{key}, which is there");
            Assert.That(_gateway.Reads, Is.Empty);
            _gateway.IsStateEmpty = true;
        }
    }

    [Test]
    public async Task Absence_OfWhatEachLedgerHasOnce_IsProvenToAnybody()
    {
        _gateway.IsStateEmpty = true;
        foreach (StateKey key in new[] { StateKey.Parameters, StateKey.Leader, StateKey.Membership, StateKey.Protocol })
            Assert.That(await ProveAsync(key, null), Is.EqualTo("GIVEN"), $"{key}");
        Assert.That(_gateway.Reads, Is.Empty);
    }

    [Test]
    public async Task Refusals_OfNobodyKnown_AreWrittenDownAHundredAtOnceAndThenCounted()
    {
        for (int i = 0; i < 130; i++)
            Assert.That(await AskAsync(null, "closed-type"), Is.EqualTo("TOKEN_REQUIRED"));
        Assert.That(_gateway.Reads, Has.Count.EqualTo(100));
        Assert.That(await AskAsync(await HeaderAsync(State.Good), "closed-type"), Is.EqualTo("GIVEN"));
        Assert.That(_gateway.Reads, Has.Count.EqualTo(101), "who is known is always written down");
        _time.ElapsedMs += 1_000;
        await AskAsync(null, "closed-type");
        await AskAsync(null, "closed-type");
        Assert.That(_gateway.Reads, Has.Count.EqualTo(102));
        Assert.That(_gateway.Reads.Last().Unwritten, Is.EqualTo(30));
    }

    [Test]
    public async Task Refusals_OfOneTokenShownAgainAndAgain_AreWrittenDownAHundredAtOnce()
    {
        string? token = await HeaderAsync(State.Good);
        Assert.That(await AskAsync(token, "closed-type"), Is.EqualTo("GIVEN"));
        for (int i = 0; i < 130; i++)
            Assert.That(await AskAsync(token, "closed-type"), Is.EqualTo("TOKEN_REPLAYED"));
        Assert.That(_gateway.Reads, Has.Count.EqualTo(101));
        _time.ElapsedMs += 1_000;
        await AskAsync(token, "closed-type");
        Assert.That(_gateway.Reads.Last().Unwritten, Is.EqualTo(30));
    }

    [Test]
    public async Task Refusals_OfAKnownKey_AreWrittenDown_HoweverManyStrangersAreRefused()
    {
        string?[] known = [await HeaderAsync(State.Replayed), await HeaderAsync(State.Expired), await HeaderAsync(State.WrongNode), await HeaderAsync(State.TooEarly)];
        for (int i = 0; i < 130; i++)
            await AskAsync(i % 2 == 0 ? null : await HeaderAsync(State.OtherSignature), "closed-type");
        _gateway.Reads.Clear();
        foreach (string? token in known)
            await AskAsync(token, "closed-type");
        Enrol("alpha", OfficerRole.Clerk, revoked: true);
        await AskAsync(await HeaderAsync(State.Revoked), "closed-type");
        Assert.That(_gateway.Reads.Select(static e => (e.Answer, e.OfficerId, e.Key, e.Unwritten)), Is.EqualTo(
            new[] { "TOKEN_REPLAYED", "TOKEN_EXPIRED", "TOKEN_WRONG_NODE", "TOKEN_NOT_YET_VALID", "TOKEN_SIGNER_REFUSED" }
                .Select(static answer => (answer, "4711", Key.Public.ToString(), 0UL))));
    }

    private static string? Expected(State state) => state switch
    {
        State.Good => null,
        State.None => "TOKEN_REQUIRED",
        State.Malformed => "TOKEN_MALFORMED",
        State.WrongChain => "TOKEN_WRONG_CHAIN",
        State.WrongNode => "TOKEN_WRONG_NODE",
        State.TooEarly => "TOKEN_NOT_YET_VALID",
        State.Expired => "TOKEN_EXPIRED",
        State.OtherSignature => "TOKEN_SIGNATURE_INVALID",
        State.Stranger or State.Revoked => "TOKEN_SIGNER_REFUSED",
        _ => "TOKEN_REPLAYED",
    };

    private async Task<string?> HeaderAsync(State state)
    {
        ReadToken token = state switch
        {
            State.WrongChain => ReadTokenTest.Issue(Key, default, nonce: ++_nonce),
            State.WrongNode => Token(NowMs, "beta"),
            State.TooEarly => Token(NowMs + ReadToken.ClockAheadMaxMs + 1),
            State.Expired => Token(NowMs - 30_000),
            State.Stranger => ReadTokenTest.Issue(Stranger, _gateway.ChainId, nonce: ++_nonce),
            _ => Token(NowMs),
        };
        if (state == State.Replayed)
        {
            // For a type that everybody of this department may read, so that it is used up whoever asks.
            await AskAsync("Bearer " + token, "closed-type");
        }
        byte[] bytes = token.ToBytes();
        if (state == State.OtherSignature)
            bytes[78] ^= 1; // the nonce
        return state switch
        {
            State.None => null,
            State.Malformed => $"Bearer {token}=",
            _ => "Bearer " + ReadToken.TryRead(bytes),
        };
    }

    private ReadToken Token(ulong issuedAtMs, string node = "alpha") =>
        ReadTokenTest.Issue(Key, _gateway.ChainId, node, issuedAtMs, nonce: ++_nonce);

    private void Enrol(string department, OfficerRole role, bool revoked = false) => _gateway.Officers[Key.Public] = (
        new OfficerInterval { Department = department, OfficerId = "4711", Roles = { (uint)role } },
        revoked ? new Rejection(RejectionCode.SignerRevoked, "The key was revoked.") : null);

    private async Task<HttpResponseMessage> JsonAsync(string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/records/closed-type/x");
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Authorization", header);
        return await _host.Http().SendAsync(request);
    }

    private Task<string> AskAsync(string? header, string type = "t") =>
        CallAsync<GetRecordRequest, GetRecordResponse>("GetRecord", new GetRecordRequest { Type = type, Id = "x" }, header);

    private Task<string> ProveAsync(StateKey key, string? header) => CallAsync<GetStateProofRequest, GetStateProofResponse>(
        "GetStateProof", new GetStateProofRequest { Kind = (uint)key.Kind, Id = ByteString.CopyFrom(key.Id) }, header);

    /// <summary>GIVEN, or the reason why not.</summary>
    private async Task<string> CallAsync<TRequest, TResponse>(string method, TRequest request, string? header)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        CallOptions options = header is null ? Calls.Soon : Calls.Soon.WithHeaders(new Metadata { { "authorization", header } });
        try
        {
            await _host.Grpc().AsyncUnaryCall(Calls.Method<TRequest, TResponse>(MethodType.Unary, method), null, options, request);
            return "GIVEN";
        }
        catch (RpcException e)
        {
            return e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? $"{e.Status}";
        }
    }
}
