using System.Net;
using Google.Rpc;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Rpc;
using NUnit.Framework;
using Status = Google.Rpc.Status;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: content that does not fit its type's schema is refused by a whole node, over gRPC, JSON and a submit stream, with the same
/// facts; and the schema can be asked for.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SchemaDoorTests
{
    private const string Schema = """{"required":["name"],"properties":{"name":{"type":"string"}}}""";

    private LiveNode _node = null!;

    private TestLedger Ledger => _node.Ledger;

    [SetUp]
    public async Task StartAsync()
    {
        _node = await LiveNode.StartAsync();
        await _node.CommitAsync(Define(Schema, expected: 1));
    }

    [TearDown]
    public async Task StopAsync() => await _node.DisposeAsync();

    [Test]
    public async Task Payload_ThatDoesNotFit_IsRefusedAtEveryDoorWithKeywordAndPlace()
    {
        await RefuseAsync(Ledger.Change("x", 0, """{"name":1}"""), "INVALID_PAYLOAD",
            ("type", TestLedger.Type), ("typeVersion", "2"), ("keyword", "type"), ("pointer", "/name"), ("problem", "must be a string, and is 1"), ("permanent", "false"));
        TransactionOutcome fits = await _node.CommitAsync(Ledger.Change("x", 0, """{"name":"y"}"""));
        Assert.That(fits.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
    }

    [Test]
    public async Task Schema_OutsideTheSubset_IsRefusedAtEveryDoorWithKeywordAndPlace() => await RefuseAsync(
        Define("""{"oneOf":[]}""", expected: 2), "INVALID_SCHEMA", ("keyword", "oneOf"), ("pointer", "/oneOf"), ("permanent", "true"));

    [Test]
    public async Task Type_ByItsName_HasItsSchema_AndTheListHasNone()
    {
        RecordTypeState type = await _node.Grpc.UnaryAsync<GetRecordTypeRequest, RecordTypeState>("GetRecordType", new() { Type = TestLedger.Type });
        Assert.That((type.Version, type.Schema), Is.EqualTo((2UL, Schema)));
        Assert.That(await _node.Http.GetStringAsync($"/v1/types/{TestLedger.Type}"), Does.Contain("\\\"required\\\"").Or.Contain("\\u0022required\\u0022"));
        Assert.That(_node.Gateway.ListTypes().Types_.Single().Schema, Is.Empty);
        foreach ((string path, HttpStatusCode status, string reason) in new[]
        {
            ("/v1/types/no-such-type", HttpStatusCode.NotFound, "NOT_FOUND"), ("/v1/types/No", HttpStatusCode.BadRequest, "INVALID_ARGUMENT"),
        })
        {
            using HttpResponseMessage response = await _node.Http.GetAsync(path);
            Assert.That(response.StatusCode, Is.EqualTo(status), path);
            Assert.That((await LiveNode.StatusOfAsync(response)).GetDetail<ErrorInfo>().Reason, Is.EqualTo(reason), path);
        }
    }

    private async Task RefuseAsync(byte[] envelope, string reason, params (string Name, string Value)[] facts)
    {
        Status grpc = await _node.RefusedByGrpcAsync(envelope);
        (Status json, HttpStatusCode http) = await _node.RefusedByJsonAsync(envelope);
        TransactionOutcome streamed = (await _node.StreamAsync([envelope])).Single();
        Assert.That((json, http), Is.EqualTo((grpc, HttpStatusCode.BadRequest)));
        ErrorInfo info = grpc.GetDetail<ErrorInfo>();
        Assert.That((info.Reason, streamed.Rejection.Code), Is.EqualTo((reason, reason)));
        foreach ((string name, string value) in facts)
            Assert.That(info.Metadata[name], Is.EqualTo(value), name);
        Assert.That(_node.Gateway.GetStatus().LogSize, Is.EqualTo(4), "nothing of it reaches the ledger");
    }

    private byte[] Define(string schema, ulong expected) => Ledger.Sign(Ledger.Administrator, body => body.DefineType = new DefineType
    {
        Type = TestLedger.Type,
        ExpectedVersion = expected,
        Titles = { new LocalizedText { Language = "en", Text = "Business licence" } },
        PublicRead = true,
        Schema = schema,
    });
}
