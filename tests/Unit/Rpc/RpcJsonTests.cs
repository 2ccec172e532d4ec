using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Google.Api;
using Google.Protobuf.Reflection;
using GovChain.Protos.V1;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Hostile JSON ends at the door with a typed 400, and the server lives. Vectors: JSONTestSuite (n_ must be refused,
/// y_ must be accepted by a parser, i_ is free).
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RpcJsonTests
{
    private RpcHost _host = null!;
    private int _reached;

    [SetUp]
    public async Task StartAsync()
    {
        _host = await RpcHost.StartAsync();
        _host.Gateway.OnSubmit = (_, _, _, _) =>
        {
            _reached++;
            return Task.FromResult(Outcomes.Committed(FakeGateway.Id, 1, 1));
        };
    }

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    /// <summary>docs/ERRORS.md, "Before any code": the HTTP server ends these itself, and goes on.</summary>
    [Test]
    public async Task Request_ThatIsNoHttpOrTooLong_IsAnsweredWithABareStatus_AndTheNextOneIsServed()
    {
        HttpClient client = _host.Http();
        (string Path, int Headers, int Status)[] requests = [("/v1/records/t/a%00b", 0, 400), ("/v1/status", 200, 431), ($"/v1/records/t/{new string('a', 20_000)}", 0, 414)];
        foreach ((string path, int headers, int status) in requests)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            for (int i = 0; i < headers; i++)
                request.Headers.Add($"X-{i}", "1");
            using HttpResponseMessage response = await client.SendAsync(request);
            Assert.That(((int)response.StatusCode, response.Content.Headers.ContentLength), Is.EqualTo((status, (long?)0)), path[..10]);
        }
        using HttpResponseMessage next = await client.GetAsync("/v1/status");
        Assert.That((int)next.StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task Body_EachJsonTestSuiteVector_IsJudgedAsTheSuiteSays()
    {
        string folder = SharedFolder.Require("vectors/jsontestsuite/test_parsing");
        HttpClient client = _host.Http();
        int refused = 0, accepted = 0;
        foreach (string file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(file);
            using var content = new ByteArrayContent(await File.ReadAllBytesAsync(file));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await client.PostAsync("/v1/transactions", content);
            // No vector is a submission, so none may pass; why it does not pass tells JSON from rubbish.
            if (content.Headers.ContentLength > new RpcOptions().JsonBodyBytesMax)
            {
                Assert.That((int)response.StatusCode, Is.EqualTo(413), name);
                continue;
            }
            Assert.That((int)response.StatusCode, Is.EqualTo(400), name);
            (string reason, _) = await RpcErrorTests.ReasonAsync(response);
            if (name[0] == 'n')
            {
                refused++;
                Assert.That(reason, Is.EqualTo("MALFORMED_JSON"), name);
            }
            else if (name[0] == 'y')
            {
                accepted++;
                Assert.That(reason, Is.Not.EqualTo("MALFORMED_JSON"), name);
            }
        }
        Assert.That((refused > 180, accepted > 90, _reached), Is.EqualTo((true, true, 0)));
    }

    [TestCase("""{"envelope":"AQID","envelope":"AQIE"}""", "DUPLICATE_FIELD")]
    [TestCase("""{"waitFor":"ACCEPTED","wait_for":"COMMITTED","envelope":"AQID"}""", "DUPLICATE_FIELD")]
    [TestCase("""{"envelope":"AQID","env\u0065lope":"AQIE"}""", "DUPLICATE_FIELD")]
    [TestCase("""{"envelope":"AQID","Envelope":"AQIE"}""", "UNKNOWN_FIELD")]
    [TestCase("""{"envelope":"AQID","waitfor":"ACCEPTED"}""", "UNKNOWN_FIELD")]
    [TestCase("""{"envelope":"A*"}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":"AQID","waitFor":"FOREVER"}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":"AQID","timeoutMs":-1}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":"AQID","timeoutMs":120001}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":["AQID"]}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":"AQID","timeoutMs":1e400}""", "INVALID_ARGUMENT")]
    [TestCase("""{"envelope":"\ud800"}""", "INVALID_ARGUMENT")]
    [TestCase("""["AQID"]""", "NOT_AN_OBJECT")]
    [TestCase("""{"\ud800":1}""", "MALFORMED_JSON")]
    [TestCase("", "MALFORMED_JSON")]
    public async Task Body_ThatTwoProgramsCouldReadDifferently_IsRefused(string body, string expected)
    {
        using HttpResponseMessage response = await _host.Http().PostAsync("/v1/transactions", Calls.Json(body));
        Assert.That((int)response.StatusCode, Is.EqualTo(400));
        Assert.That((await RpcErrorTests.ReasonAsync(response)).Reason, Is.EqualTo(expected));
        Assert.That(_reached, Is.Zero);
    }

    [TestCase("""{"envelope":"AQID","timeoutMs":1e999}""", "timeoutMs")]
    [TestCase("""{"timeout_ms":"\ud800","envelope":"AQID"}""", "timeout_ms")]
    [TestCase("""{"timeoutMs":7,"envelope":"\ud800"}""", "envelope")]
    [TestCase("""{"envelope":"AQID","waitFor":"FOREVER"}""", "waitFor")]
    [TestCase("""{"env\u0065lope":["AQID"]}""", "envelope")]
    public async Task Value_ThatDoesNotFit_IsRefusedNamingItsField(string body, string field)
    {
        using HttpResponseMessage response = await _host.Http().PostAsync("/v1/transactions", Calls.Json(body));
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        JsonElement[] details = [.. answer.RootElement.GetProperty("details").EnumerateArray()];
        Assert.That(details.Select(static d => d.TryGetProperty("metadata", out JsonElement facts) ? facts.GetProperty("field").GetString() : null), Does.Contain(field));
        Assert.That(details.Select(static d => d.TryGetProperty("fieldViolations", out JsonElement fields) ? fields[0].GetProperty("field").GetString() : null), Does.Contain(field));
        Assert.That(answer.RootElement.GetProperty("message").GetString(), Does.StartWith("The value does not fit the field: "));
    }

    [TestCase("""{"envelope":"AQID"}""")]
    [TestCase("""{"envelope":"AQID","waitFor":"ACCEPTED","timeoutMs":5000}""")]
    [TestCase("""{"envelope":"AQID","wait_for":"COMMITTED","timeout_ms":5000}""")]
    [TestCase("""{"envelope":"AQID","waitFor":1,"timeoutMs":5e3}""")]
    [TestCase("""{"envelope":"AQID","timeoutMs":"5000"}""")]
    public async Task Body_InEitherSpelling_IsTaken(string body)
    {
        using HttpResponseMessage response = await _host.Http().PostAsync("/v1/transactions", Calls.Json(body));
        Assert.That(_reached, Is.EqualTo(1));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo(
            $$"""{"transactionId":"{{FakeGateway.Id}}","status":"COMMITTED_DURABLY","height":"1","position":"1"}"""));
    }

    [Test]
    public async Task Body_LargestEnvelope_IsTakenAndOneByteMoreThanTheLimitIsNot()
    {
        string largest = Convert.ToBase64String(new byte[65_535]);
        using HttpResponseMessage taken =
            await _host.Http().PostAsync("/v1/transactions", Calls.Json($$"""{"envelope":"{{largest}}"}"""));
        Assert.That((int)taken.StatusCode, Is.EqualTo(200));

        string padded = $$"""{"envelope":"AQID"}""".PadRight(new RpcOptions().JsonBodyBytesMax + 1);
        using HttpResponseMessage refused = await _host.Http().PostAsync("/v1/transactions", Calls.Json(padded));
        Assert.That((int)refused.StatusCode, Is.EqualTo(413));
        Assert.That((await RpcErrorTests.ReasonAsync(refused)).Reason, Is.EqualTo("BODY_TOO_LARGE"));
        Assert.That(_reached, Is.EqualTo(1));
    }

    [Test]
    public async Task Body_FarAboveEveryLimit_IsRefusedAndTheServerLives()
    {
        // The server answers and closes without reading on; a client still sending may see the answer or the broken pipe.
        try
        {
            using HttpResponseMessage refused = await _host.Http().PostAsync(
                "/v1/transactions", Calls.Json(new string(' ', 2_000_000)));
            Assert.That((int)refused.StatusCode, Is.EqualTo(413));
        }
        catch (HttpRequestException e)
        {
            Assert.That(e.InnerException, Is.InstanceOf<IOException>());
        }
        using HttpResponseMessage alive = await _host.Http().GetAsync("/v1/status");
        Assert.That(alive.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("text/plain")]
    [TestCase("application/json; charset=utf-16")]
    [TestCase("application/x-protobuf")]
    [TestCase(null)]
    public async Task Body_OfAnotherType_Is415(string? type)
    {
        using var content = new ByteArrayContent("""{"envelope":"AQID"}"""u8.ToArray());
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        using HttpResponseMessage response = await _host.Http().PostAsync("/v1/transactions", content);
        Assert.That((int)response.StatusCode, Is.EqualTo(415));
        Assert.That((await RpcErrorTests.ReasonAsync(response)).Reason, Is.EqualTo("UNSUPPORTED_MEDIA_TYPE"));
    }

    [TestCase("/v1/records/open-type/x?verison=1", "UNKNOWN_FIELD")]
    [TestCase("/v1/records/open-type/x?version=1&version=2", "DUPLICATE_FIELD")]
    [TestCase("/v1/records/open-type?pageSize=1&page_size=2", "DUPLICATE_FIELD")]
    [TestCase("/v1/records/open-type/x?type=closed-type", "UNKNOWN_FIELD")]
    public async Task Query_ThatIsNotUnderstood_IsRefused(string path, string expected)
    {
        using HttpResponseMessage response = await _host.Http().GetAsync(path);
        Assert.That((int)response.StatusCode, Is.EqualTo(400));
        Assert.That((await RpcErrorTests.ReasonAsync(response)).Reason, Is.EqualTo(expected));
    }

    [TestCase("/v1/records/open-type?pageSize=many", "page_size")]
    [TestCase("/v1/records/open-type?pageSize=4294967296", "page_size")]
    [TestCase("/v1/records/open-type?pageSize=%2B5", "page_size")]
    [TestCase("/v1/records/open-type?pageSize=", "page_size")]
    [TestCase("/v1/records/open-type?payloads=yes", "payloads")]
    [TestCase("/v1/records/open-type?payloads=True", "payloads")]
    [TestCase("/v1/records/open-type/x?version=-1", "version")]
    [TestCase("/v1/blocks/minus-one", "height")]
    [TestCase("/v1/blocks/%201", "height")]
    [TestCase("/v1/headers/18446744073709551616", "height")]
    [TestCase("/v1/headers/1e3", "height")]
    [TestCase("/v1/headers/0x10", "height")]
    [TestCase("/v1/proofs/inclusion/first", "position")]
    [TestCase("/v1/proofs/inclusion/0?logSize=all", "log_size")]
    [TestCase("/v1/proofs/consistency/one", "first_height")]
    [TestCase("/v1/proofs/state/6?id=***", "id")]
    [TestCase("/v1/proofs/state/6?id=A", "id")]
    [TestCase("/v1/proofs/state/record?id=AAAA", "kind")]
    [TestCase("/v1/subscribe?fromPosition=1.5", "from_position")]
    public async Task Url_WithAValueOfTheWrongKind_NamesTheFieldAndItsRule(string path, string field)
    {
        using HttpResponseMessage response = await _host.Http(NodeListeners.Administration).GetAsync(path);
        Assert.That((int)response.StatusCode, Is.EqualTo(400));
        Google.Rpc.Status status = await BadInput.LiveNode.StatusOfAsync(response);
        Google.Rpc.ErrorInfo info = status.GetDetail<Google.Rpc.ErrorInfo>();
        Assert.That((info.Reason, info.Metadata["field"]), Is.EqualTo(("INVALID_ARGUMENT", field)));
        Assert.That(status.Message, Does.StartWith($"{field}: must be {info.Metadata["rule"]}"));
        Assert.That(status.GetDetail<Google.Rpc.BadRequest>().FieldViolations[0].Field, Is.EqualTo(field));
    }

    [TestCase("GET", "/")]
    [TestCase("GET", "/v2/status")]
    [TestCase("GET", "/v1/records/open-type/a/b/c")]
    [TestCase("GET", "/etc/passwd")]
    [TestCase("POST", "/v1/status")]
    [TestCase("DELETE", "/v1/transactions")]
    [TestCase("NONSENSE", "/v1/types")]
    public async Task Path_OfNothingOrForAnotherMethod_IsATypedAnswer(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage response = await _host.Http().SendAsync(request);
        Assert.That((int)response.StatusCode, Is.EqualTo(404));
        Assert.That((await RpcErrorTests.ReasonAsync(response)).Reason, Is.EqualTo("NO_SUCH_PATH"));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Contain(method));
    }

    [Test]
    public async Task Path_Unknown_Is404WithAReason()
    {
        using HttpResponseMessage response = await _host.Http().GetAsync("/v1/nothing/here");
        Assert.That((int)response.StatusCode, Is.EqualTo(404));
        Assert.That((await RpcErrorTests.ReasonAsync(response)).Reason, Is.EqualTo("NO_SUCH_PATH"));
    }

    [Test]
    public async Task Receipt_OverJson_IsTheExactBytes()
    {
        using HttpResponseMessage response = await _host.Http().GetAsync($"/v1/transactions/{FakeGateway.Id}/receipt");
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/json"));
        Assert.That(await response.Content.ReadAsByteArrayAsync(), Is.EqualTo(_host.Gateway.Receipt));
    }

    [Test]
    public async Task Numbers_Of64Bits_AreStrings()
    {
        string body = await _host.Http().GetStringAsync("/v1/records/open-type/x");
        Assert.That(body, Does.Contain("\"18446744073709551615\""));
    }

    [Test]
    public void Requests_WithABody_AreFlat()
    {
        // By reflection: SDK and services each have generated code of this service.
        var service = (ServiceDescriptor)typeof(LedgerService).BaseType!.DeclaringType!
            .GetProperty("Descriptor")!.GetValue(null)!;
        MessageDescriptor[] bodies = [.. service.Methods
            .Where(m => m.GetOptions()?.GetExtension(AnnotationsExtensions.Http)?.Body.Length > 0)
            .Select(m => m.InputType)];
        Assert.That(bodies, Is.Not.Empty);
        foreach (FieldDescriptor field in bodies.SelectMany(m => m.Fields.InDeclarationOrder()))
            Assert.That(field.FieldType, Is.Not.EqualTo(FieldType.Message), field.FullName);
    }

    [Test]
    public async Task Body_Compressed_IsRefused()
    {
        using StringContent content = Calls.Json("""{"envelope":"AQID"}""");
        content.Headers.ContentEncoding.Add("gzip");
        using HttpResponseMessage response = await _host.Http().PostAsync("/v1/transactions", content);
        Assert.That((int)response.StatusCode, Is.EqualTo(415));
    }
}
